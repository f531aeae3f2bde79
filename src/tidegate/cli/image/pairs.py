"""Lists of copies: a source and a target a line."""

from __future__ import annotations

import codecs
import itertools
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from tidegate.errors import Place
from tidegate.errors.image import PairInvalid, PlaceInvalid
from tidegate.errors.model import InvalidImageRef
from tidegate.registry.batch import Pair
from tidegate.registry.places import ImagePlace, Places

_STDIN: Final = "-"
_WORDS: Final = 2


def read_pairs(file: str, folder: Path, places: Places) -> list[Pair]:
    """Return the pairs in `file`, or on stdin for `-`. Blank lines and comments, also after a pair, are passed over.

    Raises:
        PairInvalid: a line is something else, or the file can't be read. Lines are copied at once, so that chance would
            decide, too, which of two lines writes a tag last, and whether one has written what another reads.
        PlaceInvalid, InvalidImageRef: a line names no image.
    """
    if file == _STDIN:
        stdin: BinaryIO | None = getattr(sys.stdin, "buffer", None)  # None when stdin is closed: `<&-`
        if stdin is None:
            raise PairInvalid("stdin is closed", where="stdin", hint="give the list by a pipe, or name a file")
        return _pairs(stdin, "stdin", places)
    try:
        with (folder / file).open("rb") as stream:
            return _pairs(stream, file, places)
    except FileNotFoundError:
        raise PairInvalid(f"there is no file {file}", where=file, hint="name a file, or - for stdin") from None
    except OSError as error:
        what = f"the list can't be read: {error.strerror}"
        raise PairInvalid(what, where=file, hint="name a file, or - for stdin") from error


def _pairs(lines: Iterable[bytes], name: str, places: Places) -> list[Pair]:
    found: dict[int, Pair] = {}
    for number, line in enumerate(lines, 1):
        if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise PairInvalid(
                "the list is UTF-16", where=name, hint="save it as UTF-8; PowerShell: Out-File -Encoding utf8"
            )
        words = _words(line)
        if not words:
            continue
        where = Place(name, number)
        if len(words) != _WORDS:
            raise PairInvalid(
                "a line is a source and a target", where=where, hint="write SRC DST, with a space between"
            )
        try:
            found[number] = Pair(places.parse(words[0]), places.parse(words[1]), where)
        except (PlaceInvalid, InvalidImageRef) as error:
            raise type(error)(error.what, where=where, hint=error.hint) from error
    _refuse_chance(found, name)
    return list(found.values())


def _words(line: bytes) -> list[str]:
    """Return the words of a line up to a comment."""
    words = line.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace").split()
    return list(itertools.takewhile(lambda word: not word.startswith("#"), words))


def _refuse_chance(pairs: Mapping[int, Pair], name: str) -> None:
    """Refuse lines whose outcome depends on which is done first."""
    writers: dict[tuple[object, object], tuple[int, Pair]] = {}
    for number, pair in pairs.items():
        first, other = writers.setdefault(_key(pair.written), (number, pair))
        if other.source != pair.source:
            what = f"line {first} writes {pair.written}, too, from another source"
            raise PairInvalid(what, where=Place(name, number), hint="a tag holds one image: take one of the lines out")
    folders = {pair.written.home.key: (number, pair) for number, pair in pairs.items()}
    for number, pair in pairs.items():
        only = pair.source.named is None  # a folder's only image, whatever it is called
        written = folders.get(pair.source.home.key) if only else writers.get(_key(pair.source))
        first, other = written or (number, pair)
        if other is not pair and pair.source.digest is None:
            what = f"line {first} writes {other.written}, which this line reads, and they are copied at once"
            raise PairInvalid(what, where=Place(name, number), hint=f"read {other.source} here, too, or make two lists")


def _key(place: ImagePlace) -> tuple[object, object]:
    return place.home.key, place.named if place.digest is None else place.digest
