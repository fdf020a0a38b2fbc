"""A program for a processor has only instructions of that processor."""

import re
from pathlib import Path

import numpy as np
import pytest
from xdsl.dialects.builtin import ModuleOp, TensorType, i8, i32

from examples.digits.module import FILE
from lowering.llvm.emit import module_to_llvm_ir
from lowering.llvm.object import compile_assembly, compile_object
from lowering.pipeline import lower
from lowering.targets import get_target
from runtime.aot.link import ToolFailedError, build_program
from runtime.remote.machine import ProgramError
from runtime.remote.program import Job, Unit
from runtime.signature import Signature
from runtime.source import parse_module
from runtime.tensor_spec import TensorSpec
from tests.differential.check import prefer
from tests.differential.graph import module_of
from tests.differential.test_elementwise import ties
from tests.differential.test_functions import packed_graph
from tests.differential.test_pool import two_layers
from tests.differential.test_product import codebook_layers
from tests.emulation.emulated import emulated, linked
from tests.emulation.test_emulated_contractions import STRATEGIES
from tests.sweep import swept
from tests.tools import needed

LATER = {
    "dotprod": r"[us]dot",
    "i8mm": r"usdot|sudot|[us]+mmla",
    "bf16": r"bf(dot|mmla|mlal\w|cvt\w*)",
    "lse": r"(ld(add|clr|eor|set|[su]max|[su]min)|swp|cas)\w*",
    "rdm": r"sqrdml[as]h",
    "complex": r"fc(mla|add)",
    "jscvt": r"fjcvtzs",
    "sve": r"(whilel\w|ptrue|ld1[bhwd]|st1[bhwd]|cnt[bhwd])",
    "fullfp16": r"f\w+\s+([vd]\d+\.[48]h|h\d+),\s*([vd]\d+\.[48]h|h\d+).*",
}
"""What cores of ARMv8.0 lack, as cortex-a53: an instruction of each feature."""
LATER_THAN_A9 = {
    "vfp4": r"vfn?m[as]\S*",
    "idiv": r"[su]div",
    "armv8": r"v(max|min)nm\S*|vrint\S*|vsel\S*|lda\w*|stl\w*",
    "dotprod": r"v[us]dot\S*",
}
"""What a cortex-a9 lacks."""


FOREIGN = {
    "cortex-a53": LATER,
    "neoverse-n1": {name: LATER[name] for name in ("i8mm", "bf16", "complex", "jscvt", "sve")},
    "cortex-a9": LATER_THAN_A9,
}


def modules() -> dict[str, tuple[ModuleOp, str]]:
    """Functions that use all there is, with a strategy."""
    digits = parse_module(FILE.read_text(), str(FILE))
    others = {
        "ties": (module_of(ties("signed", "half_away")), "auto"),
        "codebook": (module_of(codebook_layers([-7, -1, 2, 9], "threshold")), "product_lut"),
    }
    return {
        "digits": (digits, "auto"),
        **{f"layers {strategy}": (module_of(two_layers()), strategy) for strategy in STRATEGIES},
        **{f"packed {strategy}": (module_of(packed_graph()), strategy) for strategy in STRATEGIES},
        **others,
    }


def assemblies(name: str) -> dict[str, str]:
    """The assembly of each of these."""
    target, texts = get_target(name), {}
    for title, (module, strategy) in modules().items():
        lowered = module.clone()
        prefer(lowered, name, strategy)
        lower(lowered, name)
        texts[title] = compile_assembly(module_to_llvm_ir(lowered, target), target)
    return texts


def found(assembly: str, features: dict[str, str]) -> list[str]:
    """The instructions that need one of the features."""
    pattern = "|".join(f"(?:{text})" for text in features.values())
    return [m[0].strip() for m in re.finditer(rf"^\t(?:{pattern})(?:\s.*)?$", assembly, re.M)]


@pytest.mark.parametrize("target", ["cortex-a53", *swept("neoverse-n1"), "cortex-a9"])
def test_instructions(target: str) -> None:
    """Nothing that the processor lacks, and no call of a library: kernels are linked without."""
    for title, text in assemblies(target).items():
        assert len(text) > 1000
        instructions = found(text, FOREIGN[target])
        assert not instructions, f"{title}: {instructions[:5]}"
        labels = set(re.findall(r"^([\w.]+):", text, re.MULTILINE))
        called = set(re.findall(r"^\t(?:blx?|b)\s+([A-Za-z_]\w*)", text, re.MULTILINE))
        assert called <= labels, f"{title}: {sorted(called - labels)}"


def test_the_reader_of_assembly_reads() -> None:
    lines = (
        "udot\tv0.4s, v1.16b, v2.16b",
        "usmmla\tv0.4s, v1.16b, v2.16b",
        "fadd\tv0.8h, v1.8h, v2.8h",
        "fmul\th0, h1, h2",
        "ldaddal\tw0, w1, [x2]",
    )
    for line in lines:
        assert found(f"f:\n\t{line}\n\tret\n", LATER), line
    for line in ("fcvtl\tv0.4s, v1.4h", "fadd\tv0.4s, v1.4s, v2.4s", "cnt\tv0.16b, v1.16b"):
        assert not found(f"f:\n\t{line}\n", LATER), line
    assert found("\tvfma.f32\tq0, q1, q2\n", LATER_THAN_A9)
    assert not found("\tvmla.i8\tq0, q1, q2\n", LATER_THAN_A9)


def assemble(text: str, target: str, folder: Path) -> None:
    """Let the assembler of the C compiler check the instructions, which it knows by processor."""
    path = folder / "code.s"
    path.write_text(text)
    options = ["-c", f"-mcpu={target}"]
    output, machine = folder / "o", get_target(target)
    needed(lambda: build_program([path], output, machine, static=False, options=options))


def test_the_assembler_of_the_processor_agrees(tmp_path: Path) -> None:
    """It takes the network, and refuses a dot product."""
    module, target = parse_module(FILE.read_text(), str(FILE)), get_target("cortex-a53")
    lower(module, target.name)
    text = compile_assembly(module_to_llvm_ir(module, target), target)
    assemble(text, "cortex-a53", tmp_path)
    text = compile_assembly(DOT_IR, get_target("neoverse-n1"))
    assemble(text, "neoverse-n1", tmp_path)
    with pytest.raises(ToolFailedError, match=r"does not support .udot"):
        assemble(text, "cortex-a53", tmp_path)


DOT_IR = f"""
target triple = "{get_target("neoverse-n1").triple}"
declare <4 x i32> @llvm.aarch64.neon.udot.v4i32.v16i8(<4 x i32>, <16 x i8>, <16 x i8>)
define void @dot(ptr %x, ptr %y, ptr %w) {{
  %v = load <16 x i8>, ptr %x, align 1
  %s = call <4 x i32> @llvm.aarch64.neon.udot.v4i32.v16i8(
    <4 x i32> zeroinitializer, <16 x i8> %v, <16 x i8> %v)
  store <4 x i32> %s, ptr %y, align 4
  ret void
}}
"""


def test_a_processor_without_dot_products_dies_of_one() -> None:
    """So that passing under `-cpu cortex-a53` means something."""
    newer = get_target("neoverse-n1")
    specs = [TensorSpec.of(TensorType(t, [n])) for t, n in ((i8, 16), (i32, 4))]
    signature = Signature("dot", (specs[0],), (specs[1],), 1, ())
    program = linked([Unit([signature], compile_object(DOT_IR, newer))], "neoverse-n1")
    x = np.arange(16, dtype=np.int8)
    with emulated("neoverse-n1") as machine:
        program.put(machine)
        (report,) = program.run(machine, [Job("dot", [x])], 20)
        assert report.outputs[0].tolist() == (x.astype(int) ** 2).reshape(4, 4).sum(1).tolist()
    message = r"on an emulated cortex-a53 was killed by SIGILL \(illegal instruction\).*, in job 0"
    with emulated("cortex-a53") as machine:
        program.put(machine)
        with pytest.raises(ProgramError, match=message):
            program.run(machine, [Job("dot", [x])], 20)
