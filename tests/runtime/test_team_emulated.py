"""The team's machine code on ARM, its workers made by pthread, under QEMU's emulator."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lowering.llvm.object import compile_object
from lowering.targets import get_target
from runtime.aot.link import build_program
from runtime.team_code import JOB_WORDS, PROGRESS_WORDS, Slot, call_ir, reciprocal, team_ir
from runtime.tools.c_tools import find_c_compiler
from runtime.tools.emulators import find_emulator
from tests.tools import needed

STAGES, ROUNDS = 3, 40

PROGRAM = """\
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void lead(void *), work(void *), call(void *, void *, int64_t, int64_t);

/* Adds one to each of its parts. */
static void count(int *parts, long *number, long low, long high) {{
  for (long i = low; i < high; ++i) ++parts[i];
}}

/* Counts the odd ones of all parts for each of its own: all of them, between the others. */
static void check(int *parts, long *number, long low, long high) {{
  int odd = 0;
  for (long i = 0; i < *number; ++i) odd += __atomic_load_n(&parts[i], __ATOMIC_RELAXED) & 1;
  __atomic_fetch_add(&parts[*number], odd * (int)(high - low), __ATOMIC_RELAXED);
}}

static int64_t job[{job_words}] __attribute__((aligned(64)));
static int64_t progress[{stages} * {progress_words}] __attribute__((aligned(64)));
static int64_t table[2 * {stages}];

static void *listen(void *nothing) {{ work(job); return nothing; }}

int main(int count_of_arguments, char **arguments) {{
  int threads = atoi(arguments[1]);
  long number = atol(arguments[2]);
  int *parts = malloc((number + 1) * sizeof(int));
  void *buffers[2] = {{parts, &number}};
  pthread_t workers[8];
  void (*stages[{stages}])(int *, long *, long, long) = {{count, check, count}};
  for (int s = 0; s < {stages}; ++s) {{
    table[2 * s] = (int64_t)(intptr_t)stages[s];
    table[2 * s + 1] = number;
  }}
  job[{LIMIT}] = threads - 1;
  job[{SHARES}] = threads;
  job[{RECIPROCAL}] = atoll(arguments[3]);
  job[{STAGES}] = (int64_t)(intptr_t)table;
  job[{BUFFERS}] = (int64_t)(intptr_t)buffers;
  job[{CALL}] = (int64_t)(intptr_t)call;
  job[{PROGRESS}] = (int64_t)(intptr_t)progress;
  job[{SYSCALL}] = (int64_t)(intptr_t)syscall;
  job[{YIELD}] = (int64_t)(intptr_t)sched_yield;
  for (int i = 1; i < threads; ++i) pthread_create(&workers[i], 0, listen, 0);
  int wrong = 0;
  for (int round = 0; round < {rounds}; ++round) {{
    if (round % 8 == 7) usleep(2000); /* the workers fall asleep */
    memset(parts, 0, (number + 1) * sizeof(int));
    job[{STAGE_COUNT}] = {stages};
    lead(job);
    for (long i = 0; i < number; ++i) wrong += parts[i] != 2;
    wrong += parts[number] != (int)(number * number);
  }}
  job[{STOP}] = 1;
  job[{STAGE_COUNT}] = 0;
  lead(job);
  for (int i = 1; i < threads; ++i) pthread_join(workers[i], 0);
  printf("%d wrong\\n", wrong);
  return wrong != 0;
}}
"""


def _emulator(name: str) -> tuple[str, ...]:
    """The emulator's command; a machine without the tools skips the test."""
    target = get_target(name)
    needed(lambda: find_c_compiler(target))
    return needed(lambda: find_emulator(target))


@pytest.fixture(scope="module", params=["cortex-a53", "neoverse-n1", "cortex-a7"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs the program above for a target."""
    emulator, target = _emulator(request.param), get_target(request.param)
    folder: Path = tmp_path_factory.mktemp(target.name)
    sources = [folder / "main.c", folder / "team.o", folder / "call.o"]
    slots = {slot.name: slot.value for slot in Slot}
    sources[0].write_text(
        PROGRAM.format(
            job_words=JOB_WORDS,
            progress_words=PROGRESS_WORDS,
            stages=STAGES,
            rounds=ROUNDS,
            **slots,
        )
    )
    sources[1].write_bytes(compile_object(team_ir(target.triple, target.arch), target))
    sources[2].write_bytes(compile_object(call_ir(target.triple, target.index_width, 2), target))
    build_program(sources, folder / "team", target, options=["-pthread"])
    return [*emulator, str(folder / "team")]


@pytest.mark.parametrize(("threads", "parts"), [(1, 5), (2, 1), (3, 1000), (8, 77)])
def test_every_part_once_and_stages_in_order(program: list[str], threads: int, parts: int) -> None:
    arguments = [str(threads), str(parts), str(reciprocal(threads))]
    done = subprocess.run(
        [*program, *arguments], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "0 wrong\n"), done.stderr
