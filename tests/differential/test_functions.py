"""What a function may return, what it may be called with, and modules of several functions."""

import threading

import numpy as np
import pytest
from xdsl.dialects.builtin import i32

from lowbit_dialect.codes import BipolarType, CodebookType, SignedType, UnipolarType
from lowbit_dialect.layouts.kernels import activation_layout
from lowbit_dialect.layouts.packed import PackedAttr
from lowbit_dialect.layouts.packed_array import PackedArray
from runtime import compile
from tests.differential.check import TARGETS, assert_same, call, check
from tests.differential.graph import Graph, Value, module_of, tensor

RNG = np.random.default_rng(0)
ROWS = activation_layout("nhwc", 32, (1, 2, 0, 1))


def binary_conv(graph: Graph, x: Value, oc: int, *, constant: bool = True) -> Value:
    w = RNG.choice([-1, 1], (oc, 3, 3, x.numbers.shape[3]))
    weights = graph.values(BipolarType(1), w, constant=constant)
    return graph.conv2d(x, weights, padding=(1, 1, 1, 1))


def activations(graph: Graph, shape=(1, 4, 5, 9), bits: int = 2) -> Value:
    numbers = RNG.integers(0, 1 << bits, shape)
    return graph.values(UnipolarType(bits), numbers, constant=False)


def levels(graph: Graph, acc: Value, code) -> Value:
    channels, count = acc.numbers.shape[-1], (1 << code.width) - 1
    steps = np.sort(RNG.integers(-20, 20, (channels, count)), axis=1)
    return graph.threshold(acc, graph.integers(steps, constant=True), code)


def several_results() -> Graph:
    """Sums used by glue and returned, a value packed and plain, and values returned twice."""
    graph = Graph()
    sums = binary_conv(graph, activations(graph), 11)
    level = levels(graph, sums, SignedType(2))
    packed = graph.bitpack(level, ROWS)
    pooled = graph.max_pool2d(level, (2, 2))
    return graph.returns(sums, level, packed, packed, pooled, level)


@pytest.mark.parametrize("target", TARGETS)
def test_several_results(target: str) -> None:
    check(several_results(), [target], 2)


def results_that_nothing_computes() -> Graph:
    """Arguments and constants, packed or not, of codes and of integers, some of them twice."""
    graph = Graph()
    x = activations(graph)
    packed_type = tensor(SignedType(3), (1, 4, 5, 9), ROWS)
    packed = graph.argument(packed_type, RNG.integers(-4, 4, (1, 4, 5, 9)))
    sums = graph.argument(tensor(i32, (3,)), np.array([1, -2, 3], np.int32))
    signed = graph.values(SignedType(2), RNG.integers(-2, 2, (3, 5)), constant=True)
    bipolar = graph.values(BipolarType(2), RNG.choice([-3, -1, 1, 3], (70,)), constant=True)
    book = graph.values(CodebookType(1, [7, -9]), RNG.choice([7, -9], (4, 2)), constant=True)
    numbers = graph.integers(np.array([[5, -6], [2**31 - 1, -(2**31)]]), constant=True)
    flags = graph.integers(np.array([True, False, True]), constant=True)
    results = (x, packed, sums, signed, bipolar, book, numbers, flags, x, packed, signed)
    return graph.returns(*results)


def test_results_that_nothing_computes() -> None:
    check(results_that_nothing_computes(), TARGETS[:1], 2)


def test_packed_constant() -> None:
    """Folded packing of a constant, returned and used."""
    graph = Graph()
    numbers = RNG.integers(0, 4, (1, 4, 5, 9))
    constant = graph.bitpack(graph.values(UnipolarType(2), numbers, constant=True), ROWS)
    result = binary_conv(graph, graph.unpack(constant), 3, constant=False)
    check(graph.returns(constant, result), TARGETS[:1])


def test_nothing_to_do() -> None:
    graph = Graph()
    check(graph.returns(activations(graph)), TARGETS[:1], 3)


def test_unused_arguments() -> None:
    graph = Graph()
    activations(graph)
    y = binary_conv(graph, activations(graph), 4)
    activations(graph)
    check(graph.returns(y), TARGETS[:1])


def test_several_functions() -> None:
    """Functions of one module share nothing but their object; `entry` tells them apart."""
    graphs = [Graph(name) for name in ("main", "other", "third")]
    for oc, graph in zip((3, 17, 33), graphs, strict=True):
        graph.returns(levels(graph, binary_conv(graph, activations(graph), oc), UnipolarType(2)))
    module = module_of(*graphs)
    for graph in graphs:
        (found,) = call(compile(module, entry=graph.name, use_cache=False), graph)
        assert_same(found, graph.results[0], graph.name)
    (found,) = call(compile(module, use_cache=False), graphs[0])
    assert_same(found, graphs[0].results[0], "main")


def test_names_of_stages() -> None:
    """A function may have the name that a stage or a constant of another would have."""
    graphs = [Graph(name) for name in ("f", "f_0_add", "f_constant_0", "f_0_add_")]
    for graph in graphs:
        x = graph.argument(tensor(i32, (3,)), np.arange(3, dtype=np.int32))
        graph.returns(
            graph.add(x, graph.integers(np.array([1, 2, len(graph.name)]), constant=True))
        )
    module = module_of(*graphs)
    for graph in graphs:
        for threads in (1, 2):
            (found,) = call(compile(module, entry=graph.name, use_cache=False), graph, threads)
            assert_same(found, graph.results[0], graph.name)


def packed_graph() -> Graph:
    """A result with frames and ragged tails, from a fused epilogue and from a pool, and plain ones.

    The lowest level of a signed code has bits set, which must not get into the tails.
    """
    graph = Graph()
    sums = binary_conv(graph, activations(graph), 19)
    fused = graph.bitpack(levels(graph, sums, SignedType(2)), ROWS)
    bipolar = levels(graph, binary_conv(graph, activations(graph), 5), BipolarType(3))
    loose = graph.bitpack(bipolar, PackedAttr.get(2, 8, [3, -1, 0, 2, 1], lanes=[1, 3]))
    again = levels(graph, binary_conv(graph, activations(graph), 40), SignedType(1))
    pooled = graph.bitpack(graph.max_pool2d(again, (2, 2), (1, 1), (1, 0, 0, 1)), ROWS)
    return graph.returns(fused, loose, pooled, bipolar)


@pytest.mark.parametrize("target", TARGETS)
def test_out_arrays_full_of_ones(target: str) -> None:
    """Whatever `out` held, gaps are zero in the end, call after call."""
    graph = packed_graph()
    executable = compile(module_of(graph), target, use_cache=False)
    outs = []
    for found in call(executable, graph):
        given = found.words if isinstance(found, PackedArray) else found
        given = np.full_like(given, 85)
        outs.append(PackedArray(given, found.type) if isinstance(found, PackedArray) else given)
    for threads in (1, 2, 3):
        results = call(executable, graph, threads, tuple(outs))
        for out, found, value in zip(outs, results, graph.results, strict=True):
            assert found is out
            assert_same(out, value, f"{target}, {threads} threads")
            (out.words if isinstance(out, PackedArray) else out)[...] = 85


def test_calls_from_several_threads() -> None:
    """Each call in flight has a workspace of its own."""
    graph = packed_graph()
    executable = compile(module_of(graph), use_cache=False)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                for found, value in zip(call(executable, graph, 2), graph.results, strict=True):
                    assert_same(found, value, "thread")
        except BaseException as error:  # handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
