"""How people name a merge request: `project!number`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import click

_NUMBER: Final = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class MergeRequestName:
    """A project path and a number.

    Args:
        project: e.g. `platform/gitops`.
        iid: the number after the exclamation mark.
    """

    project: str
    iid: int

    @classmethod
    def parse(cls, text: str) -> MergeRequestName:
        """Return the name that `text` spells.

        Raises:
            click.BadParameter: it spells none.
        """
        project, mark, number = text.rpartition("!")
        if not mark or not project or not _NUMBER.fullmatch(number):
            raise click.BadParameter(f"{text[:200]!r} is not a merge request: write it like platform/gitops!3")
        return cls(project, int(number))


def named(_context: click.Context, _parameter: click.Parameter, value: str) -> MergeRequestName:
    """Return the name that an argument spells; for click's `callback`."""
    return MergeRequestName.parse(value)
