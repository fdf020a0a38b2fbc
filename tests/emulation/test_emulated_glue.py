"""All that is no contraction on emulated processors: glue, quantisation, sums, pools, packing."""

from functools import partial
from itertools import count, product

import pytest

from lowbit_dialect.codes import parse_code
from lowbit_dialect.ops.cast import OVERFLOWS
from lowbit_dialect.ops.elementwise import ROUNDINGS
from lowbit_dialect.ops.pool import AVERAGE_ROUNDINGS
from tests.differential.test_avg_pool import cases as averages
from tests.differential.test_concat import AXES
from tests.differential.test_concat import cases as concatenations
from tests.differential.test_concat import plain as plain_concatenations
from tests.differential.test_elementwise import (
    KINDS,
    added,
    dequantized,
    quantized,
    saturated_sums,
    scalars,
    subnormals,
    ties,
)
from tests.differential.test_floats import CASES as FLOATS
from tests.differential.test_floats import close
from tests.differential.test_functions import (
    packed_graph,
    results_that_nothing_computes,
    several_results,
)
from tests.differential.test_glue import ends_of_i32, glue_of_matmul, glue_on_memory
from tests.differential.test_layouts import columns_and_words, packings
from tests.differential.test_narrow_thresholds import LAYERS
from tests.differential.test_pool import CODES, SIZES, WINDOWS, layouts, pooled
from tests.differential.test_product import (
    ENTRIES,
    FORMS,
    codebook_layers,
    glue_of_unsorted_codebooks,
)
from tests.differential.test_reshape_and_cast import casts, reshaped
from tests.differential.test_scale_glue import ends as ends_of_scales
from tests.emulation.emulated import (
    TARGETS,
    Batch,
    aarch64_first,
    armv7_first,
    drawn,
    each_target,
    share,
)
from tests.emulation.test_emulated_contractions import STRATEGIES
from tests.sweep import SCALE


@each_target
def test_fused_glue(target: str) -> None:
    """Thresholds in lanes of 8, 16 and 32 bits behind every strategy, plain and packed."""
    batch, turn = Batch(target), count(TARGETS.index(target))
    for seed, name in share(target, sorted(LAYERS)):
        layer, kind = LAYERS[name], ("ends", "sums", "near")[seed % 3]
        code = f"{('unipolar', 'signed', 'bipolar')[seed // 2 % 3]}<{layer.bits}>"
        graph = layer.graph(parse_code(code), kind, seed)
        for _ in range(1 + (SCALE > 1)):
            batch.add(graph, f"{name}, {kind} thresholds", STRATEGIES[next(turn) % 3])
        next(turn)
    batch.run()


@each_target
def test_glue(target: str) -> None:
    """Either form, flipped and not, on any axis, at the ends of i32, of codebooks."""
    batch, seed = Batch(target), TARGETS.index(target)
    batch.add(ends_of_i32(), "ends of i32")
    batch.add(ends_of_scales(constant=bool(seed % 2)), "scales at the ends of i32")
    for i, graph in enumerate(drawn(glue_on_memory(), 8, seed)):
        batch.add(graph, f"glue on memory {i}: {graph}")
    for i, graph in enumerate(drawn(glue_of_matmul(), 6, seed)):
        batch.add(graph, f"glue of a matrix product {i}: {graph}", STRATEGIES[i % 3])
    for bits, axis in product([1, 3, 7], [0, 1]):
        batch.add(glue_of_unsorted_codebooks(bits, axis), f"codebook of {bits} bits, axis {axis}")
    for _, (entries, form) in share(target, [*product(ENTRIES, FORMS)]):
        batch.add(codebook_layers(entries, form), f"codebook {entries}, {form}", "product_lut")
    batch.run()


@armv7_first
def test_elementwise(target: str) -> None:
    """Every tie in every rounding; ends of i32; special floats."""
    batch, seed = Batch(target), TARGETS.index(target)
    for _, (kind, rounding) in share(target, [*product(KINDS, ROUNDINGS)]):
        batch.add(ties(kind, rounding), f"ties of {kind}, {rounding}")
    batch.add(subnormals(), "subnormals")
    batch.add(scalars(), "scalars")
    batch.add(saturated_sums(), "saturated sums")
    for i, graph in enumerate(drawn(quantized() | dequantized() | added(), 12, seed)):
        batch.add(graph, f"{i}: {graph}")
    batch.run()


@each_target
@pytest.mark.parametrize("order", ["nhwc", "nchw"])
def test_pools(order: str, target: str) -> None:
    batch = Batch(target)
    cases = [*product(SIZES, layouts(order))]
    for n, (size, layout) in share(target, cases):
        turn = n + TARGETS.index(target)
        window, code = WINDOWS[turn % len(WINDOWS)], CODES[turn % len(CODES)]
        where = f"{size} {order}, {code}, {layout}, window {window}"
        batch.add(pooled(size, code, layout, order, window), where)
    batch.run()


@each_target
def test_average_pools(target: str) -> None:
    batch = Batch(target)
    for rounding in AVERAGE_ROUNDINGS:
        for i, graph in share(target, averages(rounding)):
            batch.add(graph, f"average {i}, {rounding}")
    batch.run()


@each_target
def test_concatenations(target: str) -> None:
    batch = Batch(target)
    for i, graph in share(target, concatenations()):
        batch.add(graph, f"packed {i}")
    for axis in AXES:
        batch.add(plain_concatenations(axis), f"plain, axis {axis}")
    batch.run()


@aarch64_first
def test_layouts(target: str) -> None:
    """bitpack and unpack of any layout, and functions that only hand tensors on."""
    batch = Batch(target)
    for word_bits in (8, 32, 64):
        batch.add(columns_and_words(word_bits), f"columns and words of {word_bits} bits")
    for i, graph in enumerate(drawn(packings(), 12, TARGETS.index(target))):
        batch.add(graph, f"{i}: {graph}")
    batch.add(reshaped(), "reshaped")
    for overflow in OVERFLOWS:
        batch.add(casts(overflow), f"every byte to every code, {overflow}")
    batch.add(packed_graph(), "packed results")
    batch.add(several_results(), "several results")
    batch.add(results_that_nothing_computes(), "results that nothing computes")
    batch.run()


@each_target
def test_floats(target: str) -> None:
    """Functions, sums of products and movements of f32, within the bounds of the host."""
    for name, (make, ulps, tiny) in FLOATS.items():
        batch = Batch(target, agree=partial(close, ulps=ulps, tiny=tiny))
        batch.add(make(), name)
        batch.run()
