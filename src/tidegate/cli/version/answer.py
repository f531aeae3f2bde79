"""How a version is printed: for people, for programs, and for GitLab's `artifacts: reports: dotenv`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ParamSpec, TypeVar

import click

from tidegate.cli.output import Output, as_json
from tidegate.model.json import Json

P = ParamSpec("P")
R = TypeVar("R")


class Form(Enum):
    """How a version is printed."""

    PLAIN = "plain"
    JSON = "json"
    DOTENV = "dotenv"


@dataclass(frozen=True, slots=True)
class Answer:
    """A version as it is printed.

    Args:
        version: the version's text.
        tag: the git tag.
        commit: the commit that the tag names or would name, or None.
        line: major and minor.
        more: what JSON has besides.
    """

    version: str
    tag: str
    commit: str | None
    line: tuple[int, int]
    more: Mapping[str, Json] = field(default_factory=dict)

    def show(self, output: Output, form: Form) -> None:
        """Print it."""
        match form:
            case Form.PLAIN:
                output.line(self.version)
            case Form.JSON:
                line = f"{self.line[0]}.{self.line[1]}"
                document: dict[str, Json] = {"version": self.version, "tag": self.tag, "commit": self.commit}
                output.line(as_json({**document, "line": line, **self.more}))
            case Form.DOTENV:
                output.line(f"TIDEGATE_VERSION={self.version}")
                output.line(f"TIDEGATE_TAG={self.tag}")


def form_option(function: Callable[P, R]) -> Callable[P, R]:
    """Add `--format plain|json|dotenv`; the command gets `form: Form`."""
    return click.option(
        "--format",
        "form",
        type=click.Choice([form.value for form in Form]),
        default=Form.PLAIN.value,
        show_default=True,
        callback=lambda _context, _parameter, value: Form(value),
        help="plain: the version; dotenv: TIDEGATE_VERSION and TIDEGATE_TAG, for GitLab's artifacts:reports:dotenv.",
    )(function)
