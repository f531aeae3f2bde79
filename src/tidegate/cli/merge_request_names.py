"""How people name a merge request: `project!number`."""

from __future__ import annotations

from dataclasses import dataclass

import click


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
        """Return the name that `text` spells; a click usage error otherwise."""
        project, mark, number = text.rpartition("!")
        if not mark or not project or not number.isascii() or not number.isdigit():
            raise click.BadParameter(f"{text!r} is not a merge request: write it like platform/gitops!3")
        return cls(project, int(number))


def named(_context: click.Context, _parameter: click.Parameter, value: str) -> MergeRequestName:
    """Return the name that an argument spells; for click's `callback`."""
    return MergeRequestName.parse(value)
