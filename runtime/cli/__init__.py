"""The command line `lowbit`: run, compile, inspect, tune and bench, a file each."""

from runtime.cli.main import main

__all__ = ["main"]
