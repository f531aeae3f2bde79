"""`tidegate version sort|match|max`: filters for lists of versions, one a line, for scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, ParamSpec, TypeVar

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.errors import Place
from tidegate.errors.cli import InvalidLine

if TYPE_CHECKING:
    from tidegate.model import Constraint
    from tidegate.model.version import Precedence

P = ParamSpec("P")
R = TypeVar("R")

_SHOWN = 80


def _filter_options(function: Callable[P, R]) -> Callable[P, R]:
    return click.option("--skip-invalid", is_flag=True, help="Pass over lines that are no versions.")(function)


def _prerelease_option(function: Callable[P, R]) -> Callable[P, R]:
    return click.option(
        "--include-prerelease", is_flag=True, help="Let pre-releases into a range that names none. Flux never does."
    )(function)


@click.command(
    "sort",
    cls=Command,
    examples=["tidegate version sort < tags.txt", "tidegate version sort -r --skip-invalid < tags.txt"],
)
@click.option("-r", "--reverse", is_flag=True, help="The highest first.")
@_filter_options
@pass_invocation
def sort(invocation: Invocation, *, reverse: bool, skip_invalid: bool) -> None:
    """Sort the versions on stdin, the lowest first.

    A version is what Flux reads as one: 1.2.3, v1.2.3, 1.2.3-rc.1. Equal ones, such as 1.2.3 and v1.2.3, stand in the
    order of their bytes. Blank lines are passed over; another line is an error, unless --skip-invalid.
    """
    _print(invocation, [text for _, text in sorted(_versions(skip_invalid=skip_invalid), reverse=reverse)])


@click.command(
    "match",
    cls=Command,
    examples=[
        "tidegate version match '^1.2' < tags.txt",
        "tidegate version match '>=1.0.0 <1.1.0' --include-prerelease --skip-invalid < tags.txt",
    ],
)
@click.argument("range_", metavar="RANGE")
@_prerelease_option
@_filter_options
@pass_invocation
def match(invocation: Invocation, *, range_: str, include_prerelease: bool, skip_invalid: bool) -> None:
    """Print the versions on stdin that are in RANGE, as Flux decides it.

    Like grep, it ends with exit code 0 when there is one, 1 when there is none, and 2 when RANGE or a line is wrong.
    They stay in the order of the input.
    """
    found = _matching(_versions(skip_invalid=skip_invalid), range_, include_prerelease=include_prerelease)
    _print(invocation, [text for _, text in found])
    _exit(found)


@click.command(
    "max",
    cls=Command,
    examples=["tidegate version max --skip-invalid < tags.txt", "tidegate version max --range 1.0.x < tags.txt"],
)
@click.option("--range", "range_", metavar="RANGE", help="Only versions in this range, as Flux decides it.")
@_prerelease_option
@_filter_options
@pass_invocation
def max_(invocation: Invocation, *, range_: str | None, include_prerelease: bool, skip_invalid: bool) -> None:
    """Print the highest version on stdin; exit code 1 when there is none.

    Without --range pre-releases count as they sort: 1.1.0-rc.1 is higher than 1.0.0.
    """
    versions = _versions(skip_invalid=skip_invalid)
    found = list(versions) if range_ is None else _matching(versions, range_, include_prerelease=include_prerelease)
    highest = [max(found)] if found else []
    _print(invocation, [text for _, text in highest])
    _exit(highest)


def _versions(*, skip_invalid: bool) -> Iterator[tuple[Precedence, str]]:
    """Yield precedence and text of each version on stdin.

    Raises:
        InvalidLine: a line is no version; names it by its number.
    """
    from tidegate.model.version import flux_precedence

    lines: BinaryIO | None = getattr(sys.stdin, "buffer", None)  # None when stdin is closed: `<&-`
    for number, line in enumerate(lines or (), 1):
        text = line.decode("utf-8", "replace").strip()
        precedence = flux_precedence(text)
        if precedence is not None:
            yield precedence, text
        elif text and not skip_invalid:
            raise InvalidLine(
                f"{text[:_SHOWN]!r} is not a version",
                where=Place("stdin", number),
                hint="write it like 1.2.3, or pass over such lines with --skip-invalid",
            )


def _matching(
    versions: Iterable[tuple[Precedence, str]], text: str, *, include_prerelease: bool
) -> list[tuple[Precedence, str]]:
    from tidegate.model import Constraint

    constraint: Constraint = Constraint.parse(text)
    return [each for each in versions if constraint.admits(each[0], include_prerelease=include_prerelease)]


def _print(invocation: Invocation, lines: Sequence[str]) -> None:
    if lines:
        invocation.output.line("\n".join(lines))


def _exit(found: Sequence[object]) -> None:
    click.get_current_context().exit(0 if found else 1)
