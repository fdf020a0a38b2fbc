"""No object calls anything: whoever links it needs no libc, libm or libgcc."""

from io import BytesIO

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from xdsl.dialects.builtin import StringAttr

from lowering.llvm.object import compile_object
from lowering.targets import TARGETS, get_target
from runtime.build import build_object
from tests.backend.harness import llvm_ir
from tests.backend.simd_programs import PROGRAMS
from tests.differential.check import prefer
from tests.differential.corpus import contractions, small_functions
from tests.differential.graph import Graph, module_of
from tests.sweep import some, swept, thinned

KINDS = ("x86-64", "znver5", "cortex-a53", "cortex-a7")
"""The poorest and the richest x86, AArch64 and ARMv7, which has the fewest instructions."""


def undefined_symbols(data: bytes) -> list[str]:
    """Names that an object leaves to others."""
    table = ELFFile(BytesIO(data)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    return sorted(
        s.name for s in table.iter_symbols() if s.entry.st_shndx == "SHN_UNDEF" and s.name
    )


def of_graphs(graphs: list[Graph], target: str, strategy: str = "auto") -> list[str]:
    """What one object of all these functions lacks."""
    for number, graph in enumerate(graphs):
        graph.function.properties["sym_name"] = StringAttr(f"f{number}")
    module = module_of(*graphs)
    prefer(module, target, strategy)
    return undefined_symbols(build_object(module, get_target(target))[1])


def test_a_call_is_found() -> None:
    """What the other tests look for."""
    target = get_target("cortex-a9")
    text = """
define i32 @f(i32 %a, i32 %b) {
  %q = udiv i32 %a, %b
  ret i32 %q
}"""
    data = compile_object(f'target triple = "{target.triple}"{text}', target)
    assert undefined_symbols(data) == ["__aeabi_uidiv"]


@pytest.mark.parametrize("target", [*KINDS, *swept(*(t for t in TARGETS if t not in KINDS))])
def test_every_vector_operation(target: str) -> None:
    for number, text in enumerate(PROGRAMS):
        ir = llvm_ir(text.replace("@f(", f"@f{number}("), target)
        assert undefined_symbols(compile_object(ir, get_target(target))) == [], text


@pytest.mark.parametrize("target", thinned(KINDS, len(KINDS), -1))
def test_every_operation_on_tensors(target: str) -> None:
    """Quantise, dequantise, add, glue, pools and all layouts."""
    assert of_graphs([graph for _, graph in small_functions()], target) == []


@pytest.mark.parametrize("target", thinned(KINDS, len(KINDS), -1))
def test_every_kernel_and_epilogue(target: str) -> None:
    by_strategy: dict[str, list[Graph]] = {}
    for graph, strategy in contractions():
        by_strategy.setdefault(strategy, []).append(graph)
    for _, (strategy, graphs) in some([*by_strategy.items()], 1, 3):
        assert of_graphs(graphs, target, strategy) == [], strategy
