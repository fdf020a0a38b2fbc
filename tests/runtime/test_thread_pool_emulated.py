"""The machine code of the thread pool on ARM, under QEMU's emulator."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lowering.llvm.object import compile_object
from lowering.targets import get_target
from runtime.aot.link import build_program
from runtime.threads.pool_ir import call_ir, pool_ir
from runtime.threads.protocol import (
    CALL_WORDS,
    POOL_WORDS,
    PROGRESS_WORDS,
    CallSlot,
    PoolSlot,
    reciprocal,
)
from runtime.tools.c_tools import find_c_compiler
from runtime.tools.emulators import find_emulator
from tests.tools import needed

STAGES, ROUNDS = 3, 40

PROGRAM = """\
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int lead(void *, void *), end(void *);
void *work(void *);
void call(void *, void *, int64_t, int64_t);

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

static int64_t pool[{pool_words}] __attribute__((aligned(64)));
static int64_t record[{call_words}] __attribute__((aligned(64)));
static int64_t progress[{stages} * {progress_words}] __attribute__((aligned(64)));
static int64_t table[2 * {stages}];

/* The numbers of threads in turn, then the reciprocal of each. */
int main(int count_of_arguments, char **arguments) {{
  int kinds = (count_of_arguments - 2) / 2;
  long number = atol(arguments[1]);
  int *parts = malloc((number + 1) * sizeof(int));
  void *buffers[2] = {{parts, &number}};
  void (*stages[{stages}])(int *, long *, long, long) = {{count, check, count}};
  for (int s = 0; s < {stages}; ++s) {{
    table[2 * s] = (int64_t)(intptr_t)stages[s];
    table[2 * s + 1] = number;
  }}
  record[{STAGE_COUNT}] = {stages};
  record[{STAGES}] = (int64_t)(intptr_t)table;
  record[{BUFFERS}] = (int64_t)(intptr_t)buffers;
  record[{CALLER}] = (int64_t)(intptr_t)call;
  record[{PROGRESS}] = (int64_t)(intptr_t)progress;
  pool[{SYSCALL}] = (int64_t)(intptr_t)syscall;
  pool[{YIELD}] = (int64_t)(intptr_t)sched_yield;
  pool[{CREATE}] = (int64_t)(intptr_t)pthread_create;
  pool[{JOIN}] = (int64_t)(intptr_t)pthread_join;
  pool[{MASK}] = (int64_t)(intptr_t)pthread_sigmask;
  pool[{WORK}] = (int64_t)(intptr_t)work;
  int wrong = 0;
  for (int round = 0; round < {rounds}; ++round) {{
    int kind = round * kinds / {rounds};
    if (round % 8 == 7) usleep(2000); /* the workers fall asleep */
    memset(parts, 0, (number + 1) * sizeof(int));
    memset(progress, 0, sizeof(progress));
    record[{SHARES}] = atoi(arguments[2 + kind]);
    record[{LIMIT}] = record[{SHARES}] - 1;
    record[{RECIPROCAL}] = atoll(arguments[2 + kinds + kind]);
    wrong += lead(pool, record) != 1;
    for (long i = 0; i < number; ++i) wrong += parts[i] != 2;
    wrong += parts[number] != (int)(number * number);
  }}
  end(pool);
  wrong += pool[{WORKERS}] != 0;
  wrong += lead(pool, record) != 0; /* it has ended */
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
    sources = [folder / "main.c", folder / "pool.o", folder / "call.o"]
    slots = {slot.name: slot.value for slot in (*PoolSlot, *CallSlot)}
    sources[0].write_text(
        PROGRAM.format(
            pool_words=POOL_WORDS,
            call_words=CALL_WORDS,
            progress_words=PROGRESS_WORDS,
            stages=STAGES,
            rounds=ROUNDS,
            **slots,
        )
    )
    sources[1].write_bytes(compile_object(pool_ir(target.triple, target.arch), target))
    sources[2].write_bytes(compile_object(call_ir(target.triple, target.index_width, 2), target))
    build_program(sources, folder / "pool", target, options=["-pthread"])
    return [*emulator, str(folder / "pool")]


@pytest.mark.parametrize(
    ("threads", "parts"), [((1,), 5), ((2,), 1), ((3, 2), 1000), ((8, 2, 5), 77)]
)
def test_every_part_once_in_order_of_the_stages_then_the_end(
    program: list[str], threads: tuple[int, ...], parts: int
) -> None:
    arguments = map(str, (parts, *threads, *map(reciprocal, threads)))
    done = subprocess.run(
        [*program, *arguments], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "0 wrong\n"), done.stderr
