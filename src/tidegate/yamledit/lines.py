"""Line and column of an offset, as editors and `grep -n` count them: only a line feed ends a line."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import TypeAlias

LineTable: TypeAlias = Callable[[int], tuple[int, int]]


def line_table(text: str) -> LineTable:
    """Return a function from an offset in `text` to line and column, both counted from 1."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def position(offset: int) -> tuple[int, int]:
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    return position
