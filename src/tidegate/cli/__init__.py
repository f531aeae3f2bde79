"""The command line: parse input, call the engine, print. No decisions."""

from __future__ import annotations

_ALLOCATIONS = 500_000
"""Between two looks for garbage. Python's own number makes it look a hundred times while modules are imported."""


INTERRUPTED = 130
"""The exit code after Ctrl-C."""


def main() -> None:
    """Run the command line with this process's arguments and environment; ends the process with its exit code."""
    import os
    import sys

    try:
        code = _run()
    except KeyboardInterrupt:  # before the frame stood that says so, or behind it
        sys.stderr.write("interrupted\n")
        code = INTERRUPTED
    import contextlib

    # All is done and said, so Python need not take itself apart: that takes longer than a retag's requests, and threads
    # that wait for a registry would hold it up for as long as it is silent. All that they write is such that it can be
    # killed at any moment.
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed from the start
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _run() -> int:
    import contextlib
    import gc
    import io
    import os
    import sys

    gc.set_threshold(_ALLOCATIONS)
    # Closed from the start (`>&-`): nobody listens, and no file that is opened later may be taken for one of these.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8")
    if sys.argv[1:] == ["--version"]:
        # Asked by scripts in loops: answered before the parser is imported, which answers it among other options.
        from tidegate import __version__

        with contextlib.suppress(OSError):  # what is wrong with stdout is told below
            sys.stdout.write(f"tidegate {__version__}\n")
            sys.stdout.flush()
            return 0
    from tidegate.cli.interrupts import Interrupts

    Interrupts().hear()
    from tidegate.cli.frame import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that can't show → gets an escape, not a UnicodeEncodeError.
            stream.reconfigure(errors="backslashreplace")
    return run(sys.argv[1:], os.environ)
