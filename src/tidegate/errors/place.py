"""Where in a file something stands: what most errors have, and those of a copy have not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands.

    Args:
        file: path as a person would open it (relative to the repository or the working directory).
        line: line, counted from 1; None when the whole file is meant.
        column: column in characters, counted from 1; None when the whole line is meant.
    """

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
