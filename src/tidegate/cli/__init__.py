"""The command line: parse input, call the engine, print. No decisions."""

from __future__ import annotations

_ALLOCATIONS = 500_000
"""Between two looks for garbage. Python's own number makes it look a hundred times while modules are imported."""


INTERRUPTED = 130
"""The exit code after Ctrl-C. What SIGTERM interrupts ends with it, too; the process says 143 in its place."""


def main() -> None:
    """Run the command line with this process's arguments and environment; ends the process with its exit code."""
    import os
    import sys

    interrupts = None
    try:
        _prepare()
        if _shows_version():
            code = 0
        else:
            from tidegate.cli.interrupts import Interrupts

            interrupts = Interrupts()
            interrupts.hear()
            code = _run()
    except KeyboardInterrupt:  # before the frame stood that says so, or behind it
        sys.stderr.write("interrupted\n")
        code = INTERRUPTED
    if interrupts is not None:
        code = interrupts.end(code)
    import contextlib

    # All is done and said, so Python need not take itself apart: that takes longer than a retag's requests, and threads
    # that wait for a registry would hold it up for as long as it is silent. All that they write is such that it can be
    # killed at any moment.
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it was closed from the start
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def _prepare() -> None:
    import gc
    import io
    import os
    import sys

    gc.set_threshold(_ALLOCATIONS)
    # Closed from the start (`>&-`): nobody listens, and no file that is opened later may be taken for one of these.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.FileIO(os.devnull, "w"), "utf-8")


def _shows_version() -> bool:
    """Print the version when that is all that is asked for, as scripts do in loops; return whether it was printed.

    It is answered before the parser is imported, which answers it among other options, and tells what is wrong with
    stdout.
    """
    import contextlib
    import sys

    if sys.argv[1:] != ["--version"]:
        return False
    from tidegate import __version__

    with contextlib.suppress(OSError):
        sys.stdout.write(f"tidegate {__version__}\n")
        sys.stdout.flush()
        return True
    return False


def _run() -> int:
    import io
    import os
    import sys

    from tidegate.cli.frame import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that can't show → gets an escape, not a UnicodeEncodeError.
            stream.reconfigure(errors="backslashreplace")
    return run(sys.argv[1:], os.environ)
