"""Options that several commands have, as decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

import click

from tidegate.cli.invocation import Invocation
from tidegate.cli.output import Format

P = ParamSpec("P")
R = TypeVar("R")

_FORMATS: Final = tuple(form.value for form in Format)


def output_option(function: Callable[P, R]) -> Callable[P, R]:
    """Add `-o/--output table|json|yaml|name`; the command gets `form: Format`."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(_FORMATS),
        default=Format.TABLE.value,
        callback=lambda _context, _parameter, value: Format(value),
        help="How to print: a table for people, json or yaml for programs, name for shell loops.",
    )(function)


def as_option(function: Callable[P, R]) -> Callable[P, R]:
    """Add `--as USER`; the command gets `user: str`, resolved by `Invocation.user`."""
    return click.option(
        "--as",
        "user",
        metavar="USER",
        callback=_acting_user,
        help="Who acts. Default: TIDEGATE_USER, GITLAB_USER_LOGIN, or the system's user.",
    )(function)


def by_option(function: Callable[P, R]) -> Callable[P, R]:
    """Add `--merge-request/--commit`; the command gets `merge_request: bool | None`, None as configured."""
    return click.option(
        "--merge-request/--commit",
        "merge_request",
        default=None,
        help="How to change the range. Default: `ranges:` of the environment in tidegate.yaml.",
    )(function)


def _acting_user(context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    invocation = context.find_object(Invocation)
    if invocation is None:
        raise TypeError("the root command has not set the invocation")
    if invocation.server is not None:
        if value is not None:
            raise click.UsageError("with --server, whoever the token is for acts: --as can't be given", context)
        return ""
    return invocation.user(value)
