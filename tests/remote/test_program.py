"""Programs of compiled functions on this machine: arrays in and out, faults found, calls timed."""

import numpy as np
import pytest
from xdsl.dialects.builtin import TensorType, i8, i32

from lowbit_dialect.arrays import as_array
from lowbit_dialect.codes import parse_code
from lowering.llvm.object import compile_object
from lowering.targets import get_target
from runtime.compiler import compile
from runtime.remote.machine import LocalMachine, Machine, ProgramError
from runtime.remote.program import Job, Program, RemoteExecutable, Unit
from runtime.signature import Signature
from runtime.tensor_spec import TensorSpec
from runtime.tools.c_tools import find_c_compiler
from tests.differential.check import assert_same
from tests.differential.graph import Graph, module_of
from tests.differential.test_functions import packed_graph
from tests.tools import needed

HOST = get_target("host")


@pytest.fixture(autouse=True)
def _compiler() -> None:
    needed(lambda: find_c_compiler(HOST))


FUNCTIONS = {
    "copies": """
  %v = load <8 x i8>, ptr %x, align 1
  store <8 x i8> %v, ptr %y, align 1""",
    "changes": """
  store i8 77, ptr %x
  store <8 x i8> zeroinitializer, ptr %y, align 1""",
    "strays": """
  %p = getelementptr i8, ptr %y, i32 -1
  store i8 77, ptr %p
  store <8 x i8> zeroinitializer, ptr %y, align 1""",
    "forgets": """
  store <4 x i8> zeroinitializer, ptr %y, align 1""",
    "counts": """
  %old = load i8, ptr %w
  %new = add i8 %old, 1
  store i8 %new, ptr %w
  %a = insertelement <8 x i8> zeroinitializer, i8 %new, i32 2
  store <8 x i8> %a, ptr %y, align 1""",
    "over reads": """
  %p = getelementptr i8, ptr %x, i32 8
  %v = load volatile i8, ptr %p
  store <8 x i8> zeroinitializer, ptr %y, align 1""",
    "under.reads": """
  %p = getelementptr i8, ptr %x, i32 -1
  %v = load volatile i8, ptr %p
  store <8 x i8> zeroinitializer, ptr %y, align 1""",
}
"""What a function of eight bytes does, in LLVM IR; some of the names are none of C."""


def unit() -> Unit:
    bytes_ = TensorSpec.of(TensorType(i8, [8]))
    text = "".join(
        f'define void @"{name}"(ptr %x, ptr %y, ptr %w) {{{body}\n  ret void\n}}\n'
        for name, body in FUNCTIONS.items()
    )
    signatures = [Signature(name, (bytes_,), (bytes_,), 1, ()) for name in FUNCTIONS]
    return Unit(signatures, compile_object(f'target triple = "{HOST.triple}"\n{text}', HOST))


@pytest.fixture(params=["static", "shared"])
def is_static(request: pytest.FixtureRequest) -> bool:
    return request.param == "static"


EIGHT = np.arange(8, dtype=np.int8)
PLACES = ("+0", "+1", "start", "end")


def run(machine: Machine, program: Program, name: str, calls: int = 2, place: str = "+1"):
    return program.run(machine, [Job(name, [EIGHT], place, calls)], 20)[0]


def test_faults_are_found(machine: Machine, is_static: bool) -> None:
    program = Program([unit()], HOST, is_static=is_static)
    program.put(machine)
    for place in PLACES:
        report = run(machine, program, "copies", place=place)
        assert report.faults == ()
        np.testing.assert_array_equal(report.outputs[0], EIGHT)
    assert run(machine, program, "changes").faults == ("it wrote to buffer 0, an input",)
    assert run(machine, program, "strays").faults == ("it wrote outside of buffer 1",)
    unsteady = ("buffer 1, an output, differs from call to call",)
    assert run(machine, program, "forgets").faults == unsteady
    assert run(machine, program, "counts").faults == unsteady
    report = run(machine, program, "counts", calls=1)
    assert report.faults == ()
    assert report.outputs[0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]  # in a zeroed workspace
    assert run(machine, program, "over reads", place="start").faults == ()
    assert run(machine, program, "under.reads", place="end").faults == ()
    assert run(machine, program, "over reads", place="start,end").faults == ()
    with pytest.raises(ProgramError, match=r"a buffer lies at end, start or [+]N, not at middle"):
        run(machine, program, "copies", place="+0,middle")
    for name, place in (
        *(("over reads", "end"), ("under.reads", "start"), ("strays", "start")),
        *(("over reads", "end,start"), ("strays", "end,start,end")),
    ):
        jobs = [Job("copies", [EIGHT]), Job(name, [EIGHT], place), Job("copies", [EIGHT])]
        message = rf"was killed by SIGSEGV .*, in job 1: @{name} with buffers at {place}"
        with pytest.raises(ProgramError, match=message):
            program.run(machine, jobs, 20)


def test_calls_are_timed(machine: Machine) -> None:
    program = Program([unit()], HOST)
    program.put(machine)
    (timed, plain) = program.run(
        machine, [Job("copies", [EIGHT], seconds=0.05), Job("copies", [EIGHT])], 20
    )
    assert 0.1 < np.median(timed.nanoseconds) < 1000
    assert len(timed.cycles) == len(timed.nanoseconds) > 10
    assert 0.5 < np.median(timed.cycles) < 1000
    np.testing.assert_array_equal(timed.outputs[0], EIGHT)
    assert (plain.nanoseconds, plain.cycles) == ([], [])


def test_arrays_in_arrays_out(machine: Machine, is_static: bool) -> None:
    """Packed results and plain ones, of a function that is called main."""
    graph = packed_graph()
    program = Program([Unit.of(module_of(graph), HOST)], HOST, is_static=is_static)
    program.put(machine)
    (name,) = program.signatures
    results = RemoteExecutable(program, machine, name)(*(v.numbers for v in graph.inputs))
    for found, value in zip(results, graph.results, strict=True):
        assert_same(found, value, machine.name)


def test_functions_of_several_modules(machine: Machine) -> None:
    graphs = []
    for name, number in (("f", 3), ("g", 9), ("main", 1), ("main_function", 2)):
        graph = Graph(name)
        x = graph.argument(TensorType(i32, [3]), np.array([5, 6, 7], np.int32))
        graph.returns(graph.add(x, graph.integers(np.full(3, number), constant=True)))
        graphs.append(graph)
    units = [Unit.of(module_of(*part), HOST) for part in (graphs[:1], graphs[1:])]
    program = Program(units, HOST)
    program.put(machine)
    assert list(program.signatures) == ["f", "g", "main_function_", "main_function"]
    for name, graph in zip(program.signatures, graphs, strict=True):
        found = RemoteExecutable(program, machine, name)([5, 6, 7])
        np.testing.assert_array_equal(found, graph.results[0].numbers)


def test_arguments_that_do_not_fit(machine: Machine) -> None:
    program = Program([unit()], HOST)
    program.put(machine)
    function = RemoteExecutable(program, machine, "copies")
    np.testing.assert_array_equal(function(EIGHT.astype(np.int64)), EIGHT)
    with pytest.raises(ValueError, match="expected 1 inputs, got 2"):
        function(EIGHT, EIGHT)
    with pytest.raises(ValueError, match="input 0: 300 at index"):
        function(np.full(8, 300))


def test_many_buffers(machine: Machine) -> None:
    """As many as a program takes, and one more."""
    for count, is_taken in ((15, True), (16, False)):
        graph = Graph("f")
        values = [
            graph.argument(TensorType(parse_code("signed<4>"), [3]), np.array([i - 8, 1, 2]))
            for i in range(count)
        ]
        graph.returns(*[graph.add(v, v) for v in values])
        unit = Unit.of(module_of(graph), HOST)
        if not is_taken:
            with pytest.raises(ValueError, match="@f has 32 arguments and results, at most 31"):
                Program([unit], HOST)
            return
        program = Program([unit], HOST)
        program.put(machine)
        results = RemoteExecutable(program, machine, "f")(*(v.numbers for v in values))
        for found, value in zip(results, values, strict=True):
            np.testing.assert_array_equal(found, 2 * value.numbers)


def test_results_are_those_of_an_executable() -> None:
    graph = packed_graph()
    inputs = [as_array(v.numbers, "x") for v in graph.inputs]
    expected = compile(module_of(graph), use_cache=False)(*inputs)
    program = Program([Unit.of(module_of(graph), HOST)], HOST)
    with LocalMachine() as machine:
        program.put(machine)
        found = RemoteExecutable(program, machine, next(iter(program.signatures)))(*inputs)
    for a, b in zip(found, expected, strict=True):
        assert type(a) is type(b)
        np.testing.assert_array_equal(getattr(a, "words", a), getattr(b, "words", b))
