"""What is read from assembly and loops, on kernels whose numbers are known."""

from __future__ import annotations

import pytest

from lowering.llvm.object import compile_assembly
from lowering.strategies import get_strategy
from lowering.targets import get_target
from runtime.analysis.assembly import parse_assembly
from runtime.analysis.estimate import loop_cycles
from runtime.analysis.instructions import kinds_of, mix_of, spills_of
from runtime.analysis.levels import Levels
from runtime.analysis.mca import busiest_loop
from runtime.source import parse_module

X86 = """\
	.type	f_0_conv,@function
f_0_conv:                               # @f_0_conv
# %bb.0:                                # %b0
	subq	$64, %rsp
	vmovups	%zmm3, (%rsp)                   # 64-byte Spill
.LBB0_1:                                # %b1
                                        # =>This Loop Header: Depth=1
                                        #     Child Loop BB0_2 Depth 2
	movq	%rax, %rcx
.LBB0_2:                                # %b2
                                        #   Parent Loop BB0_1 Depth=1
                                        # =>  This Inner Loop Header: Depth=2
	vpbroadcastd	(%rdi,%rax,4), %zmm0
	vpxord	(%rsi){1to16}, %zmm0, %zmm1
	vpopcntd	%zmm1, %zmm1
	vpaddd	%zmm1, %zmm2, %zmm2
	vpaddd	(%rsp), %zmm2, %zmm2            # 64-byte Folded Reload
	vmovdqu64	%zmm2, (%rdx) {%k1}
	incq	%rax
	cmpq	$8, (%rcx)
	jne	.LBB0_2
# %bb.3:                                # %b3
                                        #   in Loop: Header=BB0_1 Depth=1
	jne	.LBB0_1
# %bb.4:
	retq
.Lfunc_end0:
	.size	f_0_conv, .Lfunc_end0-f_0_conv
"""


def test_blocks_loops_and_spills():
    (function,) = parse_assembly(X86).values()
    assert function.name == "f_0_conv"
    assert len(function.instructions) == 14
    assert [(b.loop, b.depth) for b in function.blocks] == [
        *[("", 0), ("BB0_1", 1), ("BB0_2", 2), ("BB0_1", 1), ("", 0)]
    ]
    (loop,) = function.innermost_loops
    assert loop[0].mnemonic == "vpbroadcastd"
    spills = spills_of(function.instructions, "x86_64")
    assert (spills.stores, spills.reloads) == (1, 1)
    assert str(spills_of(loop, "x86_64")) == "0/1"


def test_mix_and_cycles():
    (function,) = parse_assembly(X86).values()
    mix = mix_of(function.innermost_loops[0], "x86_64")
    assert str(mix) == "1 popcount, 1 logic, 2 add, 1 load, 1 store, 2 scalar, 1 branch"
    assert (mix.loads, mix.stores, mix.vector) == (4, 1, 4)
    cycles, limit = loop_cycles(mix, get_target("znver5"))
    assert limit == "loads"
    assert cycles == pytest.approx(4 / 1.98)


@pytest.mark.parametrize(
    ("arch", "line", "kind"),
    [
        ("x86_64", "vpshufb\t%ymm1, %ymm2, %ymm3", "shuffle"),
        ("x86_64", "vpshufb\t(%rax), %ymm2, %ymm3", "shuffle"),
        ("x86_64", "vpsadbw\t%ymm1, %ymm2, %ymm3", "add"),
        ("x86_64", "vmovdqa\t%ymm1, %ymm2", "move"),
        ("x86_64", "leaq\t(%rax,%rbx), %rcx", "scalar"),
        ("x86_64", "addq\t%rax, (%rbx)", "store"),
        ("x86_64", "movzbl\t(%rax), %ecx", "load"),
        ("aarch64", "cnt\tv0.16b, v1.16b", "popcount"),
        ("aarch64", "uadalp\tv0.8h, v1.16b", "add"),
        ("aarch64", "ld1r\t{ v0.4s }, [x0]", "load"),
        ("aarch64", "and\tx0, x1, x2", "scalar"),
        ("aarch64", "b.ne\t.LBB0_1", "branch"),
        ("armv7", "vcnt.8\tq0, q1", "popcount"),
        ("armv7", "vpadal.u8\tq0, q1", "add"),
        ("armv7", "vld1.32\t{d0, d1}, [r0]", "load"),
        ("armv7", "bic\tr0, r1, r2", "scalar"),
        ("armv7", "bne\t.LBB0_1", "branch"),
    ],
)
def test_kinds(arch: str, line: str, kind: str):
    text = X86.replace("subq\t$64, %rsp", line)
    (function,) = parse_assembly(text).values()
    assert kinds_of(arch).kind(function.instructions[0]) == kind


CONV = """\
func.func @f(%x: tensor<1x8x8x64x!lowbit.unipolar<2>>, %w: tensor<32x3x3x64x!lowbit.bipolar<1>>)
    -> tensor<1x8x8x32xi32> {
  %y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]
    : (tensor<1x8x8x64x!lowbit.unipolar<2>>, tensor<32x3x3x64x!lowbit.bipolar<1>>)
    -> tensor<1x8x8x32xi32>
  return %y : tensor<1x8x8x32xi32>
}
"""


@pytest.mark.parametrize("target", ["znver5", "cortex-a53", "cortex-a7", "x86-64-v3"])
def test_loops_and_assembly_agree_on_the_work(target: str):
    """Popcounts in the assembly cover just the bits that the loops say, where there are such."""
    levels = Levels.of(parse_module(CONV), get_target(target), strategy="bitserial")
    (signature,) = levels.signatures
    reports = levels.stages(signature)
    assert [r.name for r in reports] == [name for name, _ in signature.stages]
    (report,) = [r for r in reports if r.contraction is not None]
    macs = 8 * 8 * 32 * 9 * 64
    assert report.contraction is not None
    assert report.contraction.macs == macs
    assert report.contraction.weight_bytes >= 32 * 9 * 64 // 8
    assert report.work is not None
    assert report.work.total >= 2 * macs
    popcounts = report.loop.kinds["popcount"]
    if popcounts:
        assert popcounts * get_target(target).vector_bits == report.work.iteration
    assert report.estimate is not None
    assert 0 < report.estimate.mac_per_cycle <= 2 * get_target(target).vector_bits
    # Two planes of activations: two products of bits for each multiply-accumulate.
    rate = report.work.iteration / 2 / report.estimate.cycles
    assert report.estimate.mac_per_cycle == pytest.approx(rate)


@pytest.mark.parametrize("pair", [(2, 2), (4, 4)])
def test_products_of_two_digits_are_two(pair: tuple[int, int]):
    """The loops and the instructions of a kernel by multiplication agree on its products."""
    text = CONV.replace("unipolar<2>", f"unipolar<{pair[0]}>")
    text = text.replace("bipolar<1>", f"signed<{pair[1]}>")
    target = get_target("cortex-a53")
    levels = Levels.of(parse_module(text), target, strategy="dot")
    (report,) = [r for r in levels.stages(levels.signatures[0]) if r.contraction is not None]
    assert report.work is not None
    loop = busiest_loop(levels.assembly[report.name], target)
    assert sum(map(get_strategy("dot").products, loop)) == report.work.iteration
    assert report.contraction is not None
    assert report.contraction.macs_per_product == (2 if pair == (2, 2) else 1)


def test_functions_of_any_name():
    name = 'a b"c\\ é%$@V'
    quoted = name.replace("\\", "\\5c").replace('"', "\\22")
    target = get_target("x86-64-v3")
    text = f'target triple = "{target.triple}"\ndefine void @"{quoted}"() {{\n  ret void\n}}'
    assert list(parse_assembly(compile_assembly(text, target, comments=True))) == [name]
