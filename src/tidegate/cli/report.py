"""What a command answers, as a table for people, as a document for programs, and as names for shell loops."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TextIO

from tidegate.cli.printable import printable
from tidegate.model.json import Json

_WIDE: Final = 200  # columns where nothing tells the width


class Style(Enum):
    """What a cell's colour says; the value is rich's name of it."""

    PLAIN = ""
    GOOD = "green"
    WAIT = "yellow"
    BAD = "red"
    DIM = "dim"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table with a style. A plain `str` does where no style is wanted."""

    text: str
    style: Style = Style.PLAIN


@dataclass(frozen=True, slots=True)
class Table:
    """A table for people.

    Args:
        columns: headings.
        rows: as many cells each as there are columns.
        empty: the sentence for people when there are no rows; it goes to stderr.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    empty: str

    def lines(self) -> list[str]:
        """Return the table as aligned plain text."""
        grid = [self.columns, *(tuple(map(_text, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in grid]

    def print_coloured(self, stream: TextIO) -> None:
        """Print the table to `stream` with colour, be that a terminal or not."""
        from rich.console import Console
        from rich.table import Table as Grid
        from rich.text import Text

        grid = Grid(box=None, pad_edge=False, header_style="bold")
        for column in self.columns:
            grid.add_column(column, overflow="fold")  # a host or a tag that is cut off can't be copied from the screen
        for row in self.rows:
            grid.add_row(*(Text(_text(cell), cell.style.value if isinstance(cell, Cell) else "") for cell in row))
        width = None if stream.isatty() else _WIDE
        Console(file=stream, force_terminal=True, width=width, highlight=False).print(grid)


@dataclass(frozen=True, slots=True)
class Report:
    """One answer in every form that it can be printed in.

    Args:
        table: for people.
        document: for programs; `schemaVersion` is added when it is printed.
        names: for shell loops, one a line.
    """

    table: Table
    document: Mapping[str, Json]
    names: Sequence[str] = ()


def _text(cell: str | Cell) -> str:
    return printable(cell.text if isinstance(cell, Cell) else cell)
