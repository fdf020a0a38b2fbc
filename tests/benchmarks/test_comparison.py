"""What a comparison of assembly says."""

import pytest

from benchmarks.assembly import difference
from benchmarks.kernels import load_kernels
from benchmarks.strategy_names import names_of
from lowering.strategies import strategy_choices
from lowering.targets import get_target

OLD = '\t.file\t"a"\nf:\n\tadd\tx0, x0, #1 // a comment\n\tret\n\t.long\t7\n'


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (OLD.replace('"a"', '"b"').replace("a comment", "another"), None),
        (OLD.replace("#1", "#2"), "2 instructions -> 2 (+0)"),
        (OLD.replace("\tret", "\tnop\n\tret"), "2 instructions -> 3 (+1)"),
        (OLD.replace("7", "8"), "2 instructions, all the same; the data differ"),
        (
            "# ValueError: no such thing\n",
            "the new commit does not compile it: ValueError: no such",
        ),
    ],
)
def test_differences(new: str, said: str | None) -> None:
    found = difference(OLD, new)
    assert (found is None) if said is None else (found or "").startswith(said)


def test_the_list_holds_every_strategy_and_kind_of_target() -> None:
    kernels = load_kernels()
    assert len({kernel.name for kernel in kernels}) == len(kernels) >= 60
    assert {kernel.strategy for kernel in kernels} == set(strategy_choices())
    assert {get_target(kernel.target).arch for kernel in kernels} == {"x86_64", "aarch64", "armv7"}


def test_modules_of_tensors_are_for_every_commit() -> None:
    kernel = next(kernel for kernel in load_kernels() if kernel.layer == "gemm")
    assert "lowbit.matmul" in kernel.module_text()
    assert kernel.module_text() == kernel.module_text()


def test_names_of_earlier_commits() -> None:
    assert names_of("lut") == ["lut", "table"]
    assert names_of("dot") == ["dot"]
