"""Draw the pictures of the documentation, as SVG: `python -m docs.make_pictures`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from docs.picture import INK, LINE, SOFT, Picture

DOCS = Path(__file__).parent


@dataclass(frozen=True)
class Level:
    """A level, the IR that is typical of it, and the passes that lead to the next."""

    name: str
    question: str
    code: tuple[str, ...]
    passes: tuple[str, ...]
    fill: str
    accent: str


LEVELS = (
    Level(
        "1  tensors",
        "what is computed",
        (
            "%y = lowbit.conv2d %x, %w padding [1, 1, 1, 1]",
            "%q = lowbit.fused_glue %y, %t form threshold",
        ),
        (
            "lowbit-select-kernel",
            "lowbit-propagate-layout",
            "lowbit-fold-constants",
            "lowbit-fuse-epilogue",
        ),
        "#e8f1fb",
        "#2b6cb0",
    ),
    Level(
        "2  kernels",
        "which kernel, in which layout",
        (
            "%q = lowbit.bitserial_conv %x, %w schedule #lowbit.schedule<tile = 8x1, ..>",
            "       epilogue { lowbit.fused_glue  lowbit.bitpack  lowbit.yield }",
        ),
        ("lowbit-split-stages", "lowbit-bufferize", "lowbit-plan-memory"),
        "#e6f6f0",
        "#2f855a",
    ),
    Level(
        "3  stages",
        "where everything lies",
        (
            "%q = memref.view %workspace[%offset][] : memref<575xi8> to memref<1x10x2x1x10xi32>",
            "lowbit.launch @main_1_bitserial_conv(%x, %w, %q : ..) extent 8",
        ),
        ("lowbit-lower-..", "lowbit-share-stages", "lowbit-outline-stages", "lowbit-lower-tile"),
        "#eef0fb",
        "#4c51bf",
    ),
    Level(
        "4  loops",
        "in which order",
        (
            "scf.for %row .. scf.for %block .. scf.for %col .. iter_args(%acc ..)",
            "  %s = simd.popcount_acc xor subtract %acc, %pixel, %weights : vector<16xi32>",
        ),
        ("simd-lower",),
        "#fdf6e3",
        "#b7791f",
    ),
    Level(
        "5  simd",
        "with which instructions",
        (
            "%d = arith.xori %pixel, %weights : vector<16xi32>",
            "%n = math.ctpop %d : vector<16xi32>",
        ),
        ("convert-scf-to-cf", "lowbit-to-llvm"),
        "#fdeeee",
        "#c05252",
    ),
    Level(
        "6  llvm",
        "LLVM's dialect, then LLVM IR",
        (
            "%p = llvm.getelementptr inbounds %x[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i32",
            '%n = llvm.call_intrinsic "llvm.ctpop.v16i32"(%d)',
        ),
        ("LLVM",),
        "#f1ecfa",
        "#6b46c1",
    ),
)


def draw_levels() -> Picture:
    """The way down, from tensors to an object file."""
    left, width, height, gap = 20, 860, 92, 44
    picture = Picture(900, 40 + len(LEVELS) * (height + gap) + 44, "The levels of lowbit")
    y = 20.0
    for level in LEVELS:
        picture.box(left, y, width, height, level.fill, level.accent, 8)
        picture.box(left, y, 8, height, level.accent, radius=4)
        picture.text(left + 24, y + 27, level.name, 16, level.accent, bold=True)
        picture.text(left + 150, y + 27, level.question, 13, SOFT)
        for number, code in enumerate(level.code):
            picture.text(left + 40, y + 54 + 21 * number, code, 13, mono=True)
        y += height
        picture.arrow([(left + 60, y), (left + 60, y + gap)])
        picture.text(left + 76, y + gap / 2 + 5, "   ".join(level.passes), 12.5, SOFT, mono=True)
        y += gap
    picture.box(left, y, 170, 44, "#e4e7eb", LINE, 8)
    picture.text(left + 85, y + 27, "object file", 13, anchor="middle", bold=True)
    picture.arrow([(left + 170, y + 22), (left + 213, y + 22)])
    picture.box(left + 215, y, width - 215, 44, "#ffffff", LINE, 8)
    uses = "loaded and called with numpy arrays, kept in the cache, or linked into a program"
    picture.text(left + 215 + (width - 215) / 2, y + 27, uses, 13, anchor="middle")
    return picture


ZERO, PLANES, WEIGHT = "#e4e7eb", ("#9cc4ee", "#5a97d8"), "#a3d9bf"


def draw_packed() -> Picture:
    """How packed activations and weights lie in memory, and how a tile reads them."""
    picture = Picture(920, 560, "Packed activations and weights")
    _draw_pixel(picture)
    _draw_rows(picture)
    _draw_product(picture)
    return picture


def _draw_pixel(picture: Picture) -> None:
    picture.text(
        20, 32, "One pixel: 32 channels of 2 bits become one word in each plane", 15, bold=True
    )
    values = [2, 0, 3, 1, 1, 0, 2, 3]
    for channel, value in enumerate(values):
        x = 150 + 36 * channel
        picture.box(x, 48, 34, 28, "#ffffff", LINE)
        picture.text(x + 17, 67, str(value), 13, anchor="middle", mono=True)
        for plane in (1, 0):
            picture.box(x, 118 - 34 * plane, 34, 28, PLANES[plane], "#ffffff")
            bit = value >> plane & 1
            picture.text(x + 17, 137 - 34 * plane, str(bit), 13, anchor="middle", mono=True)
    picture.text(138, 67, "channels 0, 1, ..", 12.5, SOFT, "end")
    picture.text(138, 103, "plane 1 (counts 2)", 12.5, SOFT, "end")
    picture.text(138, 137, "plane 0 (counts 1)", 12.5, SOFT, "end")
    for y in (67, 103, 137):
        picture.text(446, y, "..", 14, SOFT)
    picture.text(480, 103, "i32, channel k is bit k;", 12.5, SOFT)
    picture.text(480, 121, "a ragged tail is zero bits", 12.5, SOFT)


def _draw_rows(picture: Picture) -> None:
    picture.text(
        20, 190, "Memory: [row][plane][word][column], with a frame of zeros", 15, bold=True
    )
    for row, name in enumerate(("frame", "row 0", "row 1")):
        for plane in range(2):
            y = 206 + row * 62 + plane * 28
            if plane == 0:
                picture.text(138, y + 33, name, 12.5, SOFT, "end")
            for column in range(10):
                is_zero = row == 0 or column in (0, 9)
                x = 150 + 52 * column
                picture.box(x, y, 50, 26, ZERO if is_zero else PLANES[plane], "#ffffff")
                label = "0" if is_zero else f"{column - 1}"
                picture.text(x + 25, y + 18, label, 12, anchor="middle", mono=True)
            picture.text(682, y + 18, f"plane {plane}", 12.5, SOFT)
    picture.text(760, 272, "A tap in the padding", 12.5, SOFT)
    picture.text(760, 290, "reads a zero word:", 12.5, SOFT)
    picture.text(760, 308, "no test, no branch", 12.5, SOFT)


def _draw_product(picture: Picture) -> None:
    picture.text(
        20,
        424,
        "A step of the tile: one word of a pixel against one word of 16 channels",
        15,
        bold=True,
    )
    y = 444
    picture.box(40, y, 50, 30, PLANES[0], "#ffffff")
    picture.text(65, y + 20, "x", 13, anchor="middle", mono=True)
    picture.text(65, y + 48, "broadcast", 12.5, SOFT, "middle")
    picture.arrow([(96, y + 15), (132, y + 15)])
    for lane in range(16):
        x = 140 + 36 * lane
        picture.box(x, y, 34, 30, WEIGHT, "#ffffff")
        picture.text(x + 17, y + 20, f"w{lane}", 11.5, anchor="middle", mono=True)
        picture.line([(x + 17, y + 32), (x + 17, y + 48)])
        picture.box(x, y + 50, 34, 30, "#fbe3b5", "#ffffff")
        picture.text(x + 17, y + 70, "+=", 11.5, anchor="middle", mono=True)
    picture.text(728, y + 20, "one vector load of weights", 12.5, SOFT)
    picture.text(728, y + 70, "popcount(x op w) a lane", 12.5, SOFT)


_BITS = {"A1W1": "1 x 1 bit", "A2W1": "2 x 1 bit", "A2W2": "2 x 2 bit", "A4W4": "4 x 4 bit"}
_LAYERS = {"C2": "64 channels", "C6": "128", "C9": "256", "C12": "512"}
_SHADES = ("#bcd7f2", "#84b3e3", "#4b8bcc", "#2b5f9e")


def ratios_to_int8() -> dict[str, dict[str, float]]:
    """By pair and layer how many times faster than the best int8 library: of performance.md."""
    lines = (DOCS / "performance.md").read_text().partition("| against int8 |")[2].splitlines()
    layers = [cell.strip() for cell in lines[0].split("|")[1:-1]]
    found = {}
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if not cells:
            break
        if cells[0] in _BITS:
            values = (cell.partition(" ")[0] for cell in cells[2:])
            found[cells[0]] = {k: float(v) for k, v in zip(layers, values, strict=True) if v}
    return found


def draw_speed() -> Picture:
    """How many times faster than int8 some layers are, by the bits of activations and weights."""
    ratios = ratios_to_int8()
    width, left, bottom, unit, bar = 900, 56, 292, 36.0, 40
    picture = Picture(width, 356, "Times the speed of the fastest int8 library")
    title = "3x3 layers of ResNet18, one core: times the speed of the fastest int8 library"
    picture.text(20, 32, title, 16, bold=True)
    for times in range(1, 7):
        y = bottom - unit * times
        picture.line([(left, y), (width - 24, y)], SOFT if times == 1 else "#e4e7eb")
        picture.text(left - 8, y + 5, f"{times}x", 12.5, SOFT, "end")
    picture.text(width - 26, bottom - unit - 6, "int8", 12.5, SOFT, "end")
    for group, (pair, name) in enumerate(_BITS.items()):
        x = left + 16 + group * 200.0
        for number, layer in enumerate(_LAYERS):
            ratio = ratios[pair][layer]
            top = bottom - unit * ratio
            picture.box(x + bar * number, top, bar - 4, bottom - top, _SHADES[number])
            middle = x + bar * number + bar / 2 - 2
            text = f"{ratio:.1f}"
            picture.text(middle, top - 6, text, 12.5, INK, "middle", bold=float(text) > 1)
        picture.text(x + 2 * bar - 2, bottom + 22, name, 14, INK, "middle", bold=True)
    picture.line([(left, bottom), (width - 24, bottom)], INK)
    for number, text in enumerate(_LAYERS.values()):
        x = left + 16 + (0, 120, 180, 240)[number]
        picture.box(x, bottom + 38, 14, 14, _SHADES[number])
        picture.text(x + 20, bottom + 50, text, 12.5, SOFT)
    note = "packed in, packed out, everything counted and checked"
    picture.text(width - 24, bottom + 50, note, 12.5, SOFT, "end")
    return picture


PICTURES = {"levels.svg": draw_levels, "packed.svg": draw_packed, "speed.svg": draw_speed}


def main(check: bool) -> int:
    """Draw or check all pictures; the exit code."""
    stale = []
    for name, draw in PICTURES.items():
        path, new = DOCS / name, draw().svg()
        if path.exists() and path.read_text() == new:
            continue
        stale.append(name)
        if not check:
            path.write_text(new)
    if stale:
        print(f"{'out of date' if check else 'rewritten'}: {', '.join(stale)}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
