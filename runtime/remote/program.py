"""A program of compiled functions: built here, run on another machine, a batch of jobs at a time.

The driver (driver.c) reads the inputs of all jobs from one file and writes their outputs into
another, so that a batch is one copy there, one start and one copy back.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xdsl.dialects.builtin import ModuleOp, StringAttr
from xdsl.dialects.func import FuncOp

from lowering.llvm.object import compile_object
from lowering.record_sources import SHIPPED_RECORDS
from lowering.targets import Target
from runtime.aot.link import build_program, link_shared
from runtime.build import build_object
from runtime.remote.machine import Machine, MachineError, ProgramError
from runtime.signature import Signature

DRIVER = Path(__file__).with_name("driver.c")
MOST_BUFFERS = 32
"""Arguments, results and workspace of a function, at most; driver.c says the same."""
PROGRAM, LIBRARY = "program", "library.so"


@dataclass(frozen=True)
class Job:
    """A call of a function, or many of them.

    `inputs` lie in memory as `Signature.to_storages` makes them. `place` says where the buffers
    lie: `end` and `start` of memory that may be touched, or `+N`, N elements (of the workspace:
    bytes) behind a multiple of 64 bytes and as near to its end as that allows. It is one place for
    all of them, or, with commas between, a place for each input, output and the workspace:
    `+0,+3,end`. With `seconds` above 0 the call is timed for so long, after `calls` that are not.
    """

    function: str
    inputs: Sequence[NDArray]
    place: str = "+0"
    calls: int = 1
    seconds: float = 0


@dataclass(frozen=True)
class Report:
    """What a job gave.

    `outputs` are the buffers of the results. `faults` says what the function did that it must not:
    write to an input, outside of its buffers, or something else at each call. `nanoseconds` and
    `cycles` of a call have one number for each sample; the latter are none where the machine's
    processor is unknown.
    """

    outputs: list[NDArray]
    faults: tuple[str, ...] = ()
    nanoseconds: list[float] = field(default_factory=list)
    cycles: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Unit:
    """An object file and the signatures of the functions in it."""

    signatures: Sequence[Signature]
    object: bytes

    @staticmethod
    def of(
        module: ModuleOp, target: Target, strategy: str = "auto", records: str = SHIPPED_RECORDS
    ) -> Unit:
        """Compile a module of tensors; the module stays as it is."""
        return Unit(*build_object(_without_main(module), target, strategy, records))


class Program:
    """Functions linked with the driver, as files that a machine can be given."""

    def __init__(self, units: Sequence[Unit], target: Target, *, is_static: bool = True):
        """Link, as one static program, or as a program that loads a shared library.

        Raises:
            ToolMissingError, ToolFailedError: see `runtime.aot.link`.
            ValueError: a function has too many arguments and results.
        """
        self.signatures = {s.name: s for unit in units for s in unit.signatures}
        for signature in self.signatures.values():
            count = len(signature.arguments) + len(signature.results) + 1
            if count > MOST_BUFFERS:
                raise ValueError(
                    f"@{signature.name} has {count - 1} arguments and results, at most"
                    f" {MOST_BUFFERS - 1} are allowed"
                )
            if set(signature.name) & set("\t\n\0"):
                raise ValueError(
                    f"@{signature.name!r}: a job is a line, its words have tabs between"
                )
        with tempfile.TemporaryDirectory(prefix="lowbit-") as name:
            folder = Path(name)
            objects = [folder / f"{i}.o" for i in range(len(units))]
            for path, unit in zip(objects, units, strict=True):
                path.write_bytes(unit.object)
            driver, table, program = folder / "driver.o", folder / "table.o", folder / PROGRAM
            driver.write_bytes(_driver(target, is_static))
            if is_static:
                table.write_bytes(_table(self.signatures, target))
                build_program([driver, table, *objects], program, target)
                self._library = None
            else:
                build_program([driver], program, target, static=False, options=["-ldl"])
                link_shared(objects, folder / LIBRARY, target)
                self._library = (folder / LIBRARY).read_bytes()
            self._program = program.read_bytes()

    def put(self, machine: Machine) -> None:
        """Copy the program to a machine; once for all the jobs there."""
        machine.put(PROGRAM, self._program, executable=True)
        if self._library is not None:
            machine.put(LIBRARY, self._library)

    def run(self, machine: Machine, jobs: Sequence[Job], time_limit: float) -> list[Report]:
        """Run jobs on a machine that has the program, in so many seconds together.

        Raises:
            ProgramError: the program died; the message names the function that it was in.
            MachineError: anything else went wrong.
        """
        data, lines = self._inputs_and_lines(jobs)
        machine.put("jobs", "".join(f"{line}\n" for line in lines).encode())
        machine.put("inputs", data)
        library = [] if self._library is None else ["--library", f"./{LIBRARY}"]
        command = [f"./{PROGRAM}", *library, "jobs", "inputs", "outputs"]
        try:
            finished = machine.run(command, time_limit)
        except ProgramError as error:
            done = error.output.count(b"\n")
            job = f", in job {done}: {_title(jobs[done])}" if done < len(jobs) else ""
            raise ProgramError(f"{error}{job}", error.output) from error
        replies = [json.loads(line) for line in finished.output.splitlines()]
        if len(replies) != len(jobs):
            raise MachineError(f"{len(replies)} of {len(jobs)} jobs were answered {machine.name}")
        return self._reports(jobs, replies, machine.get("outputs"))

    def _inputs_and_lines(self, jobs: Sequence[Job]) -> tuple[bytes, list[str]]:
        """The file of inputs, each array once, and the lines of the jobs."""
        data, positions, lines = bytearray(), dict[int, int](), list[str]()
        for job in jobs:
            signature, words = self.signatures[job.function], list[str]()
            for array, spec in zip(job.inputs, signature.arguments, strict=True):
                assert array.dtype == spec.dtype, "as to_storages makes them"
                assert array.shape == spec.storage_shape, "as to_storages makes them"
                if id(array) not in positions:
                    positions[id(array)] = len(data)
                    data += array.tobytes()
                words.append(f"i:{positions[id(array)]}:{array.nbytes}:{array.itemsize}")
            for spec in signature.results:
                unit = spec.dtype.itemsize
                words.append(f"o:{prod(spec.storage_shape) * unit}:{unit}")
            words.append(f"w:{max(1, signature.workspace)}:1")  # it may begin at any byte
            line = [job.function, job.place, str(job.calls), f"{job.seconds:f}", *words]
            lines.append("\t".join(line))
        return bytes(data), lines

    def _reports(
        self, jobs: Sequence[Job], replies: Sequence[Mapping[str, Any]], data: bytes
    ) -> list[Report]:
        reports, at = list[Report](), 0
        for job, reply in zip(jobs, replies, strict=True):
            outputs = list[NDArray]()
            for spec in self.signatures[job.function].results:
                count = prod(spec.storage_shape)
                if at + count * spec.dtype.itemsize > len(data):
                    raise MachineError(f"the outputs end within those of {job.function}")
                array = np.frombuffer(data, spec.dtype, count, at).reshape(spec.storage_shape)
                outputs.append(array.copy())
                at += array.nbytes
            faults = tuple(
                text.format(reply[key]) for key, text in _FAULTS.items() if reply[key] >= 0
            )
            times = reply.get("nanoseconds", []), reply.get("cycles", [])
            reports.append(Report(outputs, faults, *times))
        return reports


_FAULTS = {
    "changed": "it wrote to buffer {}, an input",
    "strayed": "it wrote outside of buffer {}",
    "unsteady": "buffer {}, an output, differs from call to call",
}


class RemoteExecutable:
    """One function of a program on a machine; call it with an array for each input."""

    def __init__(self, program: Program, machine: Machine, function: str, time_limit: float = 60.0):
        """The machine must have the program (`Program.put`)."""
        self.signature = program.signatures[function]
        self._program, self._machine, self.time_limit = program, machine, time_limit

    def __call__(self, *inputs: Any) -> Any:
        """Run the function there; inputs and result as of `Executable.__call__`.

        Raises:
            ValueError: an argument does not fit.
            MachineError: the machine did not do it.
        """
        job = Job(self.signature.name, self.signature.to_storages(inputs))
        (report,) = self._program.run(self._machine, [job], self.time_limit)
        return self.signature.from_storages(report.outputs)


def _title(job: Job) -> str:
    return f"@{job.function} with buffers at {job.place}"


@cache
def _driver(target: Target, is_static: bool) -> bytes:
    """The object of the driver; it is the same for all functions."""
    with tempfile.TemporaryDirectory(prefix="lowbit-") as name:
        folder, options = Path(name), ["-c", f"-I{name}", "-std=gnu11", "-Wall", "-Wextra"]
        (folder / "calls.h").write_text(_calls())
        if not is_static:
            options.append("-DLOWBIT_DLOPEN")
        build_program([DRIVER], folder / "o", target, static=is_static, options=options)
        return (folder / "o").read_bytes()


def _without_main(module: ModuleOp) -> ModuleOp:
    """The module, or a copy where a function has the name that C gives to the program."""
    if not any(_is_main(op) for op in module.ops):
        return module
    copy = module.clone()
    names = {op.sym_name.data for op in copy.ops if isinstance(op, FuncOp)}
    name = "main_function"
    while name in names:
        name += "_"
    for op in copy.ops:
        if _is_main(op):
            op.properties["sym_name"] = StringAttr(name)
    return copy


def _is_main(op: Any) -> bool:
    return isinstance(op, FuncOp) and op.sym_name.data == "main"


def _calls() -> str:
    """A case of C for each number of arguments."""
    cases = []
    for count in range(1, MOST_BUFFERS + 1):
        types = ", ".join(["void *"] * count)
        values = ", ".join(f"p[{i}]" for i in range(count))
        cases.append(f"case {count}:\n    ((void (*)({types}))f)({values});\n    break;\n")
    return "".join(cases)


def _table(names: Iterable[str], target: Target) -> bytes:
    """The object of the table that the driver finds functions in.

    It is LLVM's, for symbols may be no identifiers of C.
    """
    texts, declared, rows = list[str](), list[str](), list[str]()
    for i, name in enumerate(names):
        data = name.encode()
        text = "".join(f"\\{byte:02x}" for byte in data)
        texts.append(f'@name_{i} = private constant [{len(data) + 1} x i8] c"{text}\\00"\n')
        declared.append(f'declare void @"{text}"()\n')
        rows.append(f'{{ptr, ptr}} {{ptr @name_{i}, ptr @"{text}"}}')
    rows.append("{ptr, ptr} zeroinitializer")
    table = f"[{len(rows)} x {{ptr, ptr}}] [{', '.join(rows)}]"
    head = f'target triple = "{target.triple}"\n{"".join(texts)}{"".join(declared)}'
    return compile_object(f"{head}@lowbit_functions = constant {table}\n", target)
