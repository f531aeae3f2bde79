"""The command line: parse input, call the engine, print. No decisions."""

from __future__ import annotations


def main() -> None:
    """Run the command line with this process's arguments and environment; ends the process with its exit code."""
    import io
    import os
    import sys

    from tidegate.cli.frame import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that can't show → gets an escape, not a UnicodeEncodeError.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:], os.environ))
