"""The frame around every command: global options, and what becomes of an error."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from tidegate import __version__
from tidegate.cli import INTERRUPTED
from tidegate.cli.commands import AT_SERVERS, COMMANDS, SECTIONS
from tidegate.cli.lazy import HelpShown, LazyGroup
from tidegate.cli.manner import wants_colour, wants_debug, wants_json
from tidegate.errors import TidegateError

if TYPE_CHECKING:
    from tidegate.cli.failures import Failure

_NARROWEST: Final = 52
_USUAL: Final = 80
_WIDEST: Final = 110


@click.group(
    "tidegate",
    cls=LazyGroup,
    entries=COMMANDS,
    sections=SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST},
)
@click.option("-C", "directory", metavar="DIR", default=".", help="Act as if started in DIR.")
@click.option("--config", "file", metavar="FILE", help="Read FILE instead of the nearest tidegate.yaml upward.")
@click.option("--server", metavar="URL", help="Have a server answer; the token is in TIDEGATE_SERVER_TOKEN.")
@click.option("-q", "--quiet", is_flag=True, help="Print data and errors only.")
@click.option("--debug", is_flag=True, expose_value=False, help="Log git and HTTP, and show tracebacks, on stderr.")
@click.version_option(__version__, prog_name="tidegate", message="%(prog)s %(version)s")
@click.pass_context
def root(context: click.Context, directory: str, file: str | None, server: str | None, *, quiet: bool) -> None:
    """Promote container images from environment to environment by merge requests that Flux deploys from."""
    from pathlib import Path

    from tidegate.cli.invocation import Invocation
    from tidegate.cli.output import Output
    from tidegate.errors.cli import FolderMissing

    if server is not None and context.invoked_subcommand not in AT_SERVERS:
        raise click.UsageError(f"--server is for {', '.join(AT_SERVERS)}", context)
    environ: Mapping[str, str] = context.obj
    folder = Path(directory)
    if not folder.is_dir():
        raise FolderMissing(f"there is no folder {directory}", where="-C", hint="name a folder that exists")
    context.obj = Invocation(
        directory=folder,
        file=None if file is None else folder / file,
        environ=environ,
        output=Output.of_process(environ, quiet=quiet),
        server=server,
    )


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command line on this process's stdout and stderr.

    Args:
        arguments: what stands after `tidegate`.
        environ: environment variables.

    Returns:
        The exit code: 0 done; 1 failure; 2 usage or configuration; 4 authentication; 8 pending; 10 changes;
        11 blocked; 12 drift; 130 interrupted, by Ctrl-C or by SIGTERM.
    """
    debug = wants_debug(arguments, environ)
    with _debug_log(environ) if debug else contextlib.nullcontext():
        try:
            return _call(arguments, environ)
        except (KeyboardInterrupt, click.Abort):
            sys.stderr.write("interrupted\n")
            return INTERRUPTED
        except HelpShown as shown:
            sys.stderr.write(f"{shown.format_message()}\n")
            return shown.exit_code
        except Exception as error:  # noqa: BLE001 # the boundary: even a bug ends in lines with a code, see `_failure`
            if isinstance(error, BrokenPipeError) and _reader_left():
                return TidegateError.exit_code
            if isinstance(error, OSError):
                _forget_unwritten()
            from tidegate.cli.failures import show

            failure = _failure(error, environ, debug=debug)
            return show(failure, sys.stderr, json=wants_json(arguments), colour=wants_colour(sys.stderr, environ))


def _call(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    try:
        with root.make_context("tidegate", list(arguments), obj=environ, terminal_width=_width(environ)) as context:
            root.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    else:
        return 0
    finally:
        sys.stdout.flush()


def _width(environ: Mapping[str, str]) -> int:
    """Return how wide help texts are; click's own way imports every compression library."""
    given = environ.get("COLUMNS", "")
    try:
        columns = int(given) if given.isdecimal() else os.get_terminal_size().columns
    except (OSError, ValueError):  # no terminal, or a number that is none
        columns = 0
    return max(_NARROWEST, min(columns or _USUAL, _WIDEST)) - 2


def _failure(error: Exception, environ: Mapping[str, str], *, debug: bool) -> Failure:
    """Return how `error` is shown; with `debug`, its traceback is written to stderr."""
    from tidegate.cli.debug import Scrubber, write_traceback
    from tidegate.cli.failures import Failure

    if isinstance(error, click.ClickException):
        global_options = frozenset(name for parameter in root.params for name in parameter.opts)
        return Failure.of_usage(error, global_options)
    scrubber = Scrubber.of(environ)
    if debug:
        write_traceback(error, sys.stderr, scrubber)
    if isinstance(error, TidegateError):
        return Failure.of(error)
    if isinstance(error, OSError):
        return Failure.of_system(error)
    return Failure.of_bug(error, scrubber.clean)


def _forget_unwritten() -> None:
    """Drop what stdout does not take, so that Python's own flush at exit does not change the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reader_left() -> bool:
    """Return whether stdout's reader went away (`… | head`); if so, make Python's own flush at exit harmless.

    A pipe that breaks elsewhere, say to a registry, must not pass for it.
    """
    poll = select.poll()
    poll.register(sys.stdout, select.POLLOUT)
    gone = any(flags & select.POLLERR for _, flags in poll.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone


@contextlib.contextmanager
def _debug_log(environ: Mapping[str, str]) -> Iterator[None]:
    from tidegate.cli.debug import Scrubber, start_log, stop_log

    handler = start_log(sys.stderr, Scrubber.of(environ))
    try:
        yield
    finally:
        stop_log(handler)
