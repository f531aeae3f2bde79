"""Lists of copies: a source and a target a line."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tidegate.errors import Place
from tidegate.errors.image import PairInvalid
from tidegate.registry.batch import Pair
from tidegate.registry.places import ImagePlace, Places

_STDIN: Final = "-"
_WORDS: Final = 2


def read_pairs(file: str, folder: Path, places: Places) -> list[Pair]:
    """Return the pairs in `file`, or on stdin for `-`. Blank lines and those that begin with # are passed over.

    Raises:
        PairInvalid: a line is something else, or writes a tag that another line writes from another source (they are
            copied at once: who would be last is chance); or the file can't be read.
    """
    if file == _STDIN:
        return _pairs(sys.stdin.buffer, "stdin", places)
    path = folder / file
    if not path.is_file():
        raise PairInvalid(f"there is no file {file}", where=file, hint="name a file, or - for stdin")
    with path.open("rb") as stream:
        return _pairs(stream, file, places)


def _pairs(lines: Iterable[bytes], name: str, places: Places) -> list[Pair]:
    found = []
    writers: dict[tuple[object, str | None], tuple[int, ImagePlace]] = {}
    for number, line in enumerate(lines, 1):
        words = line.decode("utf-8", "replace").split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != _WORDS:
            hint = "write SRC DST, with a space between them"
            raise PairInvalid("a line is a source and a target", where=Place(name, number), hint=hint)
        pair = Pair(places.parse(words[0]), places.parse(words[1]))
        written = pair.written
        first, source = writers.setdefault((written.home.key, written.tag), (number, pair.source))
        if source != pair.source:
            what = f"line {first} writes {written}, too, from another source"
            raise PairInvalid(what, where=Place(name, number), hint="a tag holds one image: take one of the lines out")
        found.append(pair)
    return found
