"""The C program of the page on deployment, linked with the object that the page makes."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_object
from lowering.pipeline import lower
from lowering.targets import get_target
from runtime.compile import compile
from runtime.source import parse_module

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "for_deployment.md"
DIGITS = ROOT / "examples" / "digits" / "digits.mlir"


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_c_program_gets_the_same_logits(tmp_path: Path):
    text = DIGITS.read_text().replace("@main", "@digits")
    network = compile(text, use_cache=False)
    expected = network(np.full((1, 8, 8, 1), 7, np.uint8)).reshape(-1)

    module, target = parse_module(text), get_target("host")
    lower(module, "host")
    (tmp_path / "digits.o").write_bytes(compile_object(module_to_llvm_ir(module, target), target))
    program = re.search(r"```c\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert program is not None
    (tmp_path / "main.c").write_text(program[1])
    workspace = f"-DWORKSPACE={network.signature.workspace}"
    subprocess.run(
        ["cc", "-Wall", "-Werror", workspace, "main.c", "digits.o", "-o", "digits"],
        cwd=tmp_path,
        check=True,
    )
    done = subprocess.run([tmp_path / "digits"], capture_output=True, text=True, check=True)
    assert [np.float32(line) for line in done.stdout.split()] == expected.tolist()
