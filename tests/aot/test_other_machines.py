"""Programs for other machines, run by an emulator: the same bits as here."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lowering.targets import get_target
from runtime.aot.library import Library
from runtime.aot.link import build_program
from runtime.compiler import compile
from runtime.tools.c_tools import find_c_compiler, find_linker
from runtime.tools.emulators import find_emulator
from tests.aot.conftest import DIGITS, TENSORS, copies, library_of, tool, write_bundle
from tests.runtime.test_foreign_ops import CASES

TARGETS = ("cortex-a53", "cortex-a7")


@cache
def digits(target: str) -> Library:
    return library_of(DIGITS.read_text(), "digits", target)


@pytest.mark.parametrize("target", TARGETS)
def test_digits_static_and_shared(target: str, tmp_path: Path):
    for find in (find_linker, find_c_compiler):
        tool(find, target)
    emulator = tool(find_emulator, target)
    write_bundle(digits(target), tmp_path)
    source, machine = tmp_path / "digits_example.c", get_target(target)
    build_program([source, tmp_path / "libdigits.a"], tmp_path / "static", machine)
    build_program(
        [source],
        tmp_path / "shared",
        machine,
        static=False,
        options=(f"-L{tmp_path}", "-Wl,-rpath,$ORIGIN", "-ldigits"),
    )
    network, rng = compile(DIGITS), np.random.default_rng(2)
    for digit in (*rng.integers(0, 17, (2, 1, 8, 8, 1)), np.full((1, 8, 8, 1), 31)):
        np.save(tmp_path / "digit.npy", digit)
        for program in ("static", "shared"):
            command = [*emulator, tmp_path / program, "digit.npy", "--output", "logits.npy"]
            subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
            logits = np.load(tmp_path / "logits.npy")
            assert logits.tobytes() == network(digit).tobytes()


@pytest.mark.parametrize("target", TARGETS)
def test_every_kind_of_element(target: str, tmp_path: Path):
    tool(find_c_compiler, target)
    emulator = tool(find_emulator, target)
    text = copies(list(TENSORS))
    write_bundle(library_of(text, "kinds", target), tmp_path)
    sources = [tmp_path / "kinds_example.c", tmp_path / "libkinds.a"]
    options = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
    build_program(sources, tmp_path / "kinds", get_target(target), options=options)
    words = []
    for i, array in enumerate(TENSORS.values()):
        np.save(tmp_path / f"in{i}.npy", array)
        words += [f"in{i}.npy", "--output", f"out{i}.npy"]
    subprocess.run(
        [*emulator, tmp_path / "kinds", *words],
        cwd=tmp_path,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for i, array in enumerate(TENSORS.values()):
        assert np.array_equal(np.load(tmp_path / f"out{i}.npy"), array)


OFFSETS = """\
#include <stdio.h>
#include <string.h>
#include "digits.h"

static unsigned char workspace[DIGITS_WORKSPACE_BYTES + 8];
static unsigned char input[DIGITS_INPUT0_BYTES + 8], output[DIGITS_OUTPUT0_BYTES + 8]
    __attribute__((aligned(4)));

int main(void) {
  for (int w = 0; w < 8; w++)
    for (int i = 0; i < 8; i++)
      for (int o = 0; o < 8; o += sizeof(float)) {
        unsigned bits;
        memset(workspace, 0, sizeof workspace);
        memset(input + i, 7, DIGITS_INPUT0_ELEMENTS);
        digits(input + i, (float *)(void *)(output + o), workspace + w);
        memcpy(&bits, output + o, sizeof bits);
        printf("%d %d %d %08x\\n", w, i, o, bits);
      }
  return 0;
}
"""
"""Calls with each pointer at all offsets that the header allows; prints the first logit's bits."""


@pytest.mark.parametrize("target", ["host", *TARGETS])
def test_offsets_of_pointers(target: str, tmp_path: Path):
    tool(find_c_compiler, target)
    emulator = tool(find_emulator, target)
    write_bundle(digits(target), tmp_path)
    (tmp_path / "offsets.c").write_text(OFFSETS)
    sources = [tmp_path / "offsets.c", tmp_path / "libdigits.a"]
    options = ("-std=c99", f"-I{tmp_path}")
    build_program(sources, tmp_path / "offsets", get_target(target), options=options)
    done = subprocess.run(
        [*emulator, tmp_path / "offsets"], capture_output=True, text=True, check=True
    )
    logit = compile(DIGITS)(np.full((1, 8, 8, 1), 7, np.uint8)).reshape(-1)[0]
    bits = f"{logit.view(np.uint32):08x}"
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == 8 * 8 * 2
    assert [line for line in lines if line[3] != bits] == []


FOREIGN = [
    *((TARGETS[0], name) for name in ("allocated", "matmul")),
    *((TARGETS[1], name) for name in ("affine", "while", "conv")),
]


@pytest.mark.parametrize(("target", "name"), FOREIGN)
def test_functions_of_memrefs(target: str, name: str, tmp_path: Path):
    """Operations of other dialects, in place, at an offset."""
    tool(find_c_compiler, target)
    emulator = tool(find_emulator, target)
    text, reference, given = CASES[name]
    write_bundle(library_of(text, "net", target), tmp_path)
    sources = [tmp_path / "net_example.c", tmp_path / "libnet.a"]
    build_program(sources, tmp_path / "net", get_target(target))
    words = ["--offset", "4"]
    for i, array in enumerate(given):
        np.save(tmp_path / f"in{i}.npy", array)
        words += [f"in{i}.npy", "--output", f"out{i}.npy"]
    command = [*emulator, tmp_path / "net", *words]
    subprocess.run(command, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    for i, expected in enumerate(reference(*given)):
        np.testing.assert_array_equal(np.load(tmp_path / f"out{i}.npy"), expected)
