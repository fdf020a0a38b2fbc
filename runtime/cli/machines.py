"""The machines that a command measures on: this one, others by ssh, or an emulator."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from contextlib import ExitStack
from urllib.parse import urlsplit

from lowering.targets import TARGETS, Target, get_target
from runtime.remote.machine import Machine, QemuMachine
from runtime.remote.ssh import SshMachine
from runtime.tools.c_tools import find_c_compiler
from runtime.tuner.machine_runner import MachineRunner
from runtime.tuner.runner import LocalRunner, Runner

EMULATOR = "qemu"


def machine(text: str) -> str:
    """Where to run, as an argparse type: `ssh://[USER@]HOST[:PORT]` or `qemu`."""
    if text == EMULATOR:
        return text
    try:
        url = urlsplit(text)
        is_right = url.scheme == "ssh" and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:  # the port is no number
        is_right = False
    else:
        is_right = is_right and not (url.path.strip("/") or url.query or url.fragment)
    if not is_right:
        raise argparse.ArgumentTypeError(
            f"expected ssh://[USER@]HOST[:PORT] or {EMULATOR}, got {text!r}"
        )
    return text


def add_machines(parser: argparse._ArgumentGroup) -> None:
    """Where candidates are timed."""
    parser.add_argument(
        "--on",
        action="append",
        type=machine,
        metavar="MACHINE",
        help="time candidates there, not here: ssh://[USER@]HOST[:PORT], or qemu, which times an"
        " emulator and is for trying things out; needs --target; repeat it for several machines of"
        " one kind, which then share the work",
    )
    parser.add_argument(
        "--target",
        choices=tuple(TARGETS),
        metavar="T",
        help=f"what --on is: {', '.join(TARGETS)}",
    )


def check_machines(args: argparse.Namespace) -> None:
    """Find out whether the arguments go together, and whether programs can be built.

    Raises:
        ValueError: they do not, or there is no C compiler for the target.
    """
    if bool(args.on) != bool(args.target):
        given, other = ("--on", "--target") if args.on else ("--target", "--on")
        raise ValueError(f"{given} goes with {other}, which says what the machine is and where")
    if not args.on:
        return
    for name in ("isa", "jobs"):
        if getattr(args, name):
            raise ValueError(f"--{name} is for this machine and does not go with --on")
    find_c_compiler(get_target(args.target))


def open_runners(args: argparse.Namespace, stack: ExitStack) -> list[Runner]:
    """A runner for each machine, or for each job here; the stack closes them.

    Raises:
        MachineError: one does not answer.
        ValueError: there are fewer processors than jobs.
    """
    if not args.on:
        cpus = _cpus(args.jobs or 1)
        return [stack.enter_context(LocalRunner(args.time_limit, cpu)) for cpu in cpus]
    target = get_target(args.target)
    return [
        stack.enter_context(MachineRunner(connect(text, target), args.time_limit))
        for text in args.on
    ]


def connect(text: str, target: Target) -> Machine:
    """The machine that an argument names.

    Raises:
        UnreachableError: it does not answer, or does not let us in.
        ToolMissingError: there is no emulator.
    """
    if text == EMULATOR:
        return QemuMachine(target)
    url = urlsplit(text)
    host, _, _ = url.netloc.rpartition(":") if url.port else (url.netloc, "", "")
    return SshMachine(host, ssh=("ssh", *(("-p", str(url.port)) if url.port else ())))


def _cpus(jobs: int) -> Sequence[int | None]:
    """Where the workers run: anywhere if there is one, otherwise each on a CPU of its own."""
    if jobs == 1:
        return [None]
    allowed = sorted(os.sched_getaffinity(0))
    if jobs > len(allowed):
        raise ValueError(f"--jobs {jobs}: this process may use {len(allowed)} CPUs")
    return allowed[:jobs]
