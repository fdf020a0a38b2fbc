"""`lowbit-opt`: xdsl-opt with our dialects and passes, and mlir-opt's ways to watch a pipeline."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import IO, NoReturn

from xdsl.dialects.builtin import ModuleOp
from xdsl.utils.exceptions import ArgSpecParseError
from xdsl.xdsl_opt_main import xDSLOptMain

from lowering.support.diagnostics import Blame, UsageError, explain
from lowering.support.instrumentation import InstrumentedPipeline, PassInstrumentation
from lowering.support.parser import LocatingParser
from lowering.support.pipeline_spec import parse_passes
from lowering.support.statistics import PassStatistics, collect
from lowering.support.timing import Timer
from lowering.tools.pass_help import pass_help
from lowering.tools.print_ir import BetweenPasses, PrintIR
from lowering.tools.reproducer import CrashReproducer
from lowering.universe import register_dialects

_FLAGS = {
    "print-ir-before-all": "Print the IR to stderr before each pass",
    "print-ir-after-all": "Print the IR to stderr after each pass",
    "print-ir-after-change": "Print the IR to stderr after each pass that changed it",
    "print-ir-after-failure": "Print the IR to stderr after a pass that failed",
    "timing": "Print the wall time of parsing, each pass, verifying and printing to stderr",
    "pass-statistics": "Print op counts around each pass, and its counters, to stderr",
}
"""Our flags, which go by mlir-opt's names (`--mlir-timing`) too."""


class _KeptText(StringIO):
    """A text buffer that outlives its `close`, which xDSL calls on success and failure alike."""

    def close(self) -> None:
        """Keep the text."""


class LowbitOptMain(xDSLOptMain):
    """The tool. Constructing it reads the arguments and the pipeline; `run` does the work."""

    version_format = f"lowbit-opt {version('lowbit')}, on xdsl {{xdsl_version}}"

    def __init__(self, args: Sequence[str]) -> None:
        self.command = ["lowbit-opt", *args]
        self.timer = Timer()
        self.blame = Blame()
        self.statistics = PassStatistics(Counter())
        self.parser: LocatingParser | None = None
        self._line_offset = 0
        self._output = _KeptText()
        super().__init__("The lowbit optimizer driver", args)

    def register_all_arguments(self, arg_parser: argparse.ArgumentParser) -> None:
        """Add our arguments, and make argparse's errors diagnostics like all others."""
        super().register_all_arguments(arg_parser)
        arg_parser.prog = "lowbit-opt"
        arg_parser.error = _usage_error
        for name, text in _FLAGS.items():
            arg_parser.add_argument(f"--{name}", f"--mlir-{name}", action="store_true", help=text)
        arg_parser.add_argument(
            "--pipeline", dest="passes", default="", metavar="PASSES", help="The same as --passes"
        )
        arg_parser.add_argument(
            "--until",
            metavar="PASS",
            help="Stop the pipeline after a level or a pass; without -p, the pipeline is"
            " lowbit-pipeline",
        )
        arg_parser.add_argument(
            "--print-after",
            action="append",
            default=[],
            metavar="PASS",
            help="Print the IR to stderr after a pass, at a level, or with `all` after all passes",
        )
        arg_parser.formatter_class = argparse.RawDescriptionHelpFormatter
        if not {"-h", "--help"}.isdisjoint(self.command):
            arg_parser.epilog = pass_help()
        arg_parser.add_argument(
            "--crash-reproducer",
            "--mlir-pass-pipeline-crash-reproducer",
            metavar="FILE",
            help="If a pass fails, write the IR before it and the pass to FILE",
        )
        arg_parser.add_argument(
            "--run-reproducer",
            action="store_true",
            help="Run the pipeline that the input, a reproducer, names in its trailer",
        )
        arg_parser.add_argument(
            "--debug", action="store_true", help="Show the Python traceback of an error"
        )

    def register_all_dialects(self) -> None:
        """Know the dialects of the environment, with the operations of MLIR that xDSL lacks."""
        register_dialects(self.ctx)

    def register_all_frontends(self) -> None:
        """Read `.mlir` with the parser that remembers places; other frontends stay as they are."""
        super().register_all_frontends()
        self.available_frontends["mlir"] = self._parse_mlir

    def setup_pipeline(self) -> None:
        """Build the pipeline that `-p` asks for."""
        if self.args.run_reproducer and self.args.passes:
            raise UsageError("--run-reproducer takes the pipeline from the file: leave out -p")
        self._set_pipeline(self.args.passes, verify_each=not self.args.disable_verify)

    def get_input_stream(self) -> tuple[IO[bytes], str]:
        """The input and its kind: `-` is stdin, and an ending that no frontend claims is MLIR."""
        if self.args.input_file == "-":
            return sys.stdin.buffer, "mlir"
        stream, extension = super().get_input_stream()
        return stream, extension if extension in self.available_frontends else "mlir"

    def prepare_output(self) -> IO[str]:
        """Keep what goes to a file until all of it is there, so that a failure changes nothing."""
        return sys.stdout if self.args.output_file in (None, "-") else self._output

    def parse_chunk(
        self, chunk: IO[bytes], file_extension: str, start_offset: int = 0
    ) -> ModuleOp | None:
        """Parse one chunk, and with `--run-reproducer` set up its pipeline."""
        self._line_offset = start_offset
        self.blame.clear()
        with self.timer.scope("Parser"):
            module = super().parse_chunk(chunk, file_extension, start_offset)
        if self.args.run_reproducer:
            options = self.parser.reproducer if self.parser is not None else None
            if options is None:
                raise UsageError(f"{self.get_input_name()} has no reproducer trailer")
            self._set_pipeline(options.pipeline, verify_each=options.verify_each)
        return module

    def output_resulting_program(self, prog: ModuleOp) -> str:
        """The text of `prog` for the target asked for."""
        with self.timer.scope("Output"):
            return super().output_resulting_program(prog)

    def run(self) -> None:
        """Do everything; the reports are printed also if a pass fails."""
        try:
            with collect(self.statistics.counters):
                super().run()
        finally:
            if self.args.timing:
                print(self.timer.report(), file=sys.stderr)
            if self.args.pass_statistics:
                print(self.statistics.report(), file=sys.stderr)
        if self.args.output_file not in (None, "-"):
            Path(self.args.output_file).write_text(self._output.getvalue(), encoding="utf-8")

    def explain(self, error: BaseException) -> str:
        """The diagnostic for an error that `run` raised."""
        return explain(error, self.blame, self.parser.failed_at if self.parser else None)

    def _parse_mlir(self, stream: IO[bytes]) -> ModuleOp:
        name = self.get_input_name()
        try:
            self.parser = LocatingParser(self.ctx, stream.read(), name, self._line_offset)
        except UnicodeDecodeError as error:
            place = f"{error.reason} at byte {error.start}"
            raise UsageError(f"{name}: not UTF-8 text: {place}") from error
        return self.parser.parse_module(not self.args.no_implicit_module)

    def _set_pipeline(self, passes: str, *, verify_each: bool) -> None:
        args = self.args
        if args.until is not None and not passes:
            passes = "lowbit-pipeline"
        pipeline = parse_passes(self.available_passes, passes)
        if args.until is not None:
            from lowering.pipeline import cut  # noqa: PLC0415  imports every pass

            pipeline = cut(pipeline, args.until)
        watchers: list[PassInstrumentation] = [
            self.blame,
            PrintIR(
                before_all=args.print_ir_before_all,
                after_all=args.print_ir_after_all,
                after_change=args.print_ir_after_change,
                after_failure=args.print_ir_after_failure,
                generic=args.print_op_generic,
            ),
            BetweenPasses(self.timer, args.print_between_passes, args.time_passes),
        ]
        if args.print_after:
            from lowering.tools.print_after import PrintAfter  # noqa: PLC0415  imports every pass

            watchers.append(PrintAfter(args.print_after, pipeline, args.print_op_generic))
        if args.pass_statistics:
            watchers.append(self.statistics)
        if args.crash_reproducer:
            path = Path(args.crash_reproducer)
            watchers.append(CrashReproducer(path, self.command, self.ctx, verify_each))
        self.pipeline = InstrumentedPipeline(
            pipeline,
            instrumentations=tuple(watchers),
            timer=self.timer,
            verify_each=verify_each,
        )


def _usage_error(message: str) -> NoReturn:
    raise UsageError(f"{message} (see lowbit-opt --help)")


def main(args: Sequence[str] | None = None) -> int:
    """Run the tool on `args`, or on the command line, and return its exit code.

    Every failure is a diagnostic on stderr and exit code 1; with `--debug` it is a traceback.
    """
    args = sys.argv[1:] if args is None else args
    tool: LowbitOptMain | None = None
    try:
        tool = LowbitOptMain(args)
        tool.run()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); nothing may be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (Exception, ArgSpecParseError) as error:
        if "--debug" in args:
            raise
        sys.stdout.flush()
        print(tool.explain(error) if tool else explain(error), file=sys.stderr)
        return 1
    return 0
