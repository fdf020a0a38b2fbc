"""A worker some of whose candidates abort, hang, fail, or are wrong; the others take no time."""

import time

from lowering.kernels.kernel_plan import KernelPlan
from lowering.llvm.object import compile_object
from lowering.targets import get_target
from runtime.tuner.task import Failed, Measured, Outcome, Task
from runtime.tuner.worker import serve

UDOT = """
declare <4 x i32> @llvm.aarch64.neon.udot.v4i32.v16i8(<4 x i32>, <16 x i8>, <16 x i8>)
define <4 x i32> @f(<4 x i32> %a, <16 x i8> %b) {
  %r = call <4 x i32> @llvm.aarch64.neon.udot.v4i32.v16i8(<4 x i32> %a, <16 x i8> %b, <16 x i8> %b)
  ret <4 x i32> %r
}
"""
"""An instruction that a Cortex-A53 lacks: LLVM ends the process over it."""

ABORTS, HANGS, ERRS, LIES, SPEAKS = range(1, 6)
"""What a tile of so many pixels does."""


def measure(task: Task, choice: KernelPlan, seconds: float) -> Outcome:
    pixels = choice.schedule.pixels.data
    if pixels == ABORTS:
        compile_object(UDOT, get_target("cortex-a53"))
    if pixels == HANGS:
        time.sleep(1000)
    if pixels == ERRS:
        return Failed("error", "no lowering")
    if pixels == LIES:
        return Failed("wrong", "its output differs from the reference")
    if pixels == SPEAKS:
        print("a line that is no reply", flush=True)
    return Measured(1000.0 - pixels, 1e-6)


if __name__ == "__main__":
    serve(measure)
