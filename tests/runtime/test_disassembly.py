"""Blocks, loops and products of disassembled programs, and what llvm-mca makes of them."""

from __future__ import annotations

import pytest

from lowering.strategies import get_strategy
from lowering.targets import get_target
from runtime.analysis.assembly import Instruction
from runtime.analysis.disassembly import Code
from runtime.analysis.mca import block_cycles, singly
from runtime.analysis.program_model import model_program
from tests.measure.arm_tools import need_arm_tools

A64 = """
/tmp/program:	file format elf64-littleaarch64

Disassembly of section .text:

0000000000001000 <main>:
    1000:      	cbz	x2, 0x1030 <main+0x30>
    1004:      	mov	x8, xzr
    1008:      	add	x9, x1, #0x40
    100c:      	ldr	q0, [x0, x8]            // 16-byte Folded Reload
    1010:      	cnt	v0.16b, v0.16b
    1014:      	uadalp	v1.8h, v0.16b
    1018:      	add	x8, x8, #0x10
    101c:      	cmp	x8, x2
    1020:      	b.ne	0x100c <main+0xc>
    1024:      	cmp	x9, x1
    1028:      	b.ne	0x1004 <main+0x4>
    102c:      	adrp	x8, 0x2000 <table>
    1030:      	ret
"""
ARM = """
00001000 <main>:
    1000:      	push	{r4, lr}
    1004:      	ldr	r4, [pc, #0x10]         @ 0x1018 <main+0x18>
    1008:      	vcnt.8	q0, q1
    100c:      	subs	r4, r4, #1
    1010:      	bne	0x1008 <main+0x8>       @ imm = #-0x10
    1014:      	pop	{r4, pc}
    1018: 02 02 02 02  	.word	0x02020202
"""


def spans(code: Code) -> list[tuple[int, int]]:
    return [(b.address, len(b.placed)) for b in code.blocks]


def test_blocks_begin_at_targets_and_after_jumps():
    code = Code.of(A64, "aarch64")
    blocks = [(0x1000, 1), (0x1004, 2), (0x100C, 6), (0x1024, 2), (0x102C, 1), (0x1030, 1)]
    assert spans(code) == blocks
    assert [[b.address for b in loop] for loop in code.loops] == [[0x100C]]
    assert spans(Code.of(ARM, "armv7")) == [(0x1000, 2), (0x1008, 3), (0x1014, 1)]


def test_operands_are_what_an_assembler_reads():
    code = Code.of(A64, "aarch64")
    assert code.blocks[1].instructions[1].operands == ("x9", "x1", "#0x40")
    assert code.blocks[2].instructions[-1].operands == (".Ltarget",)
    assert code.blocks[4].instructions[0].operands == ("x8", ".Ltarget")


def test_runs_of_stretches_are_runs_of_blocks():
    code = Code.of(A64, "aarch64")
    # The first one runs on into the loop; one begins within a block, where a page did.
    counts = {(0x1000, 4): 1, (0x1004, 32): 3, (0x100C, 24): 12, (0x1024, 4): 3, (0x1028, 4): 3}
    runs = {b.address: n for b, n in code.executions(counts).items()}
    assert runs == {0x1000: 1, 0x1004: 3, 0x100C: 15, 0x1024: 3, 0x102C: 0, 0x1030: 0}


@pytest.mark.parametrize(
    ("strategy", "instruction", "products"),
    [
        ("bitserial", "cnt v0.16b v1.16b", 128),
        ("bitserial", "cnt v0.8b v1.8b", 64),
        ("bitserial", "vcnt.8 q0 q1", 128),
        ("bitserial", "vcnt.8 d0 d1", 64),
        ("bitserial", "cntd x0", 0),
        ("dot", "sdot v0.4s v1.16b v2.16b", 16),
        ("dot", "udot v0.2s v1.8b v2.8b", 8),
        ("dot", "mla v0.16b v1.16b v2.16b", 16),
        ("dot", "mul v0.8h v1.8h v2.h[0]", 8),
        ("dot", "umlal2 v0.8h v1.16b v2.16b", 8),
        ("dot", "smlal v0.4s v1.4h v2.h[3]", 4),
        ("dot", "vmlal.u8 q0 d2 d3", 8),
        ("dot", "vmlal.s16 q0 d2 d3[1]", 4),
        ("dot", "vmla.i8 q0 q1 q2", 16),
        ("dot", "mul x0 x1 x2", 0),
        ("dot", "mla r0 r1 r2 r3", 0),
        ("lut", "tbl v0.16b {v1.16b} v2.16b", 16),
        ("lut", "vtbl.8 d0 {d1,d2} d3", 8),
        ("product_lut", "tbl v0.8b {v1.16b} v2.8b", 8),
        ("lut", "cnt v0.16b v1.16b", 0),
    ],
)
def test_products_of_an_instruction(strategy, instruction, products):
    mnemonic, *operands = instruction.split()
    assert get_strategy(strategy).products(Instruction(mnemonic, tuple(operands))) == products


@pytest.mark.parametrize(
    ("mnemonic", "operands", "expected"),
    [
        ("vldmia", ("r0!", "{d16, d17}"), ["vldr d16 [r0]", "vldr d17 [r0]"]),
        ("pop", ("{r4, pc}",), ["ldr r4 [sp]", "ldr lr [sp]"]),
        ("vpush", ("{d8, d9}",), ["vstr d8 [sp]", "vstr d9 [sp]"]),
        ("nop", (), []),
        ("ldr", ("r0", "[r1]"), ["ldr r0 [r1]"]),
    ],
)
def test_many_registers_are_moved_one_by_one(mnemonic, operands, expected):
    found = singly(Instruction(mnemonic, operands))
    assert [" ".join((i.mnemonic, *i.operands)) for i in found] == expected


def test_cycles_of_blocks():
    need_arm_tools()
    nop, add = Instruction("nop", ()), Instruction("add", ("v0.16b", "v1.16b", "v2.16b"))
    cnt = Instruction("cnt", ("v3.16b", "v4.16b"))
    first, empty, second = block_cycles([[add], [nop], [add, cnt, nop]], get_target("cortex-a53"))
    # A Cortex-A53 takes two cycles for a vector of 128 bits where its halves must share a pipe.
    assert 0.4 < first.cycles <= second.cycles < 6
    assert empty.cycles == empty.unmodelled == 0
    pop = Instruction("pop", ("{r4, pc}",))
    (popped,) = block_cycles([[pop]], get_target("cortex-a9"))
    assert popped.cycles > 0
    assert popped.unmodelled == 0


def test_a_program_is_the_sum_of_its_blocks():
    need_arm_tools()
    code, target = Code.of(A64, "aarch64"), get_target("cortex-a53")
    counts = {(0x1000, 4): 1, (0x1004, 32): 1, (0x100C, 24): 9, (0x1024, 8): 1, (0x102C, 8): 1}
    model = model_program(code, counts, target, get_strategy("bitserial").products)
    assert model.counted == 10 * 128
    assert model.loop.macs == 128
    assert model.loop.instructions == 6
    assert (model.loop.address, model.loop.share) == (0x100C, 1)
    assert model.instructions == 1 + 2 + 60 + 2 + 1 + 1
    assert model.in_loop == pytest.approx(60 / 67)
    assert 10 * model.loop.cycles < model.cycles < 10 * model.loop.cycles + 30
    with pytest.raises(ValueError, match="nothing of the program multiplies"):
        model_program(code, counts, target, get_strategy("dot").products)
