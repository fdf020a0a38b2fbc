"""The C of the page on deployment, built with the library that the page makes."""

import re
import shutil
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lowering.targets import get_target
from runtime.aot.link import build_program
from runtime.cli import main
from runtime.compiler import compile
from runtime.tools.c_tools import find_c_compiler, find_linker
from runtime.tools.emulators import find_emulator
from tests.tools import needed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "for_deployment.md").read_text()
DIGITS = ROOT / "examples" / "digits" / "digits.mlir"
DIGIT = np.full((1, 8, 8, 1), 7, np.uint8)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands of the page leave."""
    made = tmp_path_factory.mktemp("page")
    for target, name in (("cortex-a53", "out"), ("host", "here")):
        assert main(["compile", str(DIGITS), f"--target={target}", "-o", f"{made / name}/"]) == 0
    np.save(made / "digit.npy", DIGIT)
    return made


def expected() -> list[float]:
    return compile(DIGITS, use_cache=False)(DIGIT).reshape(-1).tolist()


def numbers(text: str) -> list[np.float32]:
    return [np.float32(word) for word in text.split()]


@pytest.mark.parametrize(("index", "target"), [(0, "host"), (1, "cortex-a53")])
def test_commands_print_the_logits(index: int, target: str, folder: Path):
    machine = get_target(target)
    for find in (find_linker, find_c_compiler, find_emulator):
        needed(partial(find, machine))
    for command in blocks("console")[index].splitlines():
        if shutil.which(command.split()[0]) is None and not command.startswith("./"):
            pytest.skip(f"{command.split()[0]} is not there under this name")
        done = subprocess.run(
            command, shell=True, cwd=folder, capture_output=True, text=True, check=True
        )
        if not command.split()[0].endswith("cc"):
            assert numbers(done.stdout.splitlines()[1]) == expected()
    if target == "host":
        assert np.load(folder / "logits.npy").reshape(-1).tolist() == expected()


@pytest.mark.parametrize("flag", ["-fopenmp", "-Wno-unknown-pragmas"])
def test_programs_of_your_own(flag: str, folder: Path):
    target = get_target("host")
    needed(lambda: find_c_compiler(target))
    program, stages = blocks("c")
    call = "digits(image, logits, workspace);"
    assert call in program
    head, _, rest = program.partition("int main")
    parallel = f"{head}{stages}int main{rest}".replace(
        f"    {call}", f"    digits_on_all_cores{call[6:]}"
    )
    for name, text in (("single", program), ("parallel", parallel)):
        source, made = folder / f"{name}.c", folder / name
        source.write_text(text)
        options = ("-std=c99", "-Wall", "-Wextra", "-Werror", flag, f"-I{folder / 'here'}")
        build_program(
            [source, folder / "here" / "libdigits.a"], made, target, static=False, options=options
        )
        done = subprocess.run([made], capture_output=True, text=True, check=True)
        assert numbers(done.stdout) == expected()
