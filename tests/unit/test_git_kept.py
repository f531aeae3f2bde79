"""What is kept of objects: read once, up to a bound, the least lately used being forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tidegate.git.kept import Kept


class Reader:
    """Reads an object as so many bytes as its name says, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, ids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        self.asked += ids
        for id_ in ids:
            if id_ != "missing":
                yield id_, b"x" * int(id_)


def test_each_is_read_once_and_together_with_the_others() -> None:
    reader, kept = Reader(), Kept[bytes](100, len)
    assert kept.all(["1", "2", "1"], reader) == {"1": b"x", "2": b"xx"}
    assert kept.all(["2", "3"], reader) == {"2": b"xx", "3": b"xxx"}
    assert reader.asked == ["1", "2", "3"]


def test_what_was_not_used_for_longest_goes_first() -> None:
    reader, kept = Reader(), Kept[bytes](10, len)
    kept.all(["3", "4"], reader)
    kept.all(["3"], reader)
    kept.all(["5"], reader)
    reader.asked.clear()
    kept.all(["3", "5"], reader)
    assert reader.asked == []
    kept.all(["4"], reader)
    assert reader.asked == ["4"]


def test_what_is_larger_than_all_that_may_be_kept_is_given_and_not_kept() -> None:
    reader, kept = Reader(), Kept[bytes](10, len)
    kept.all(["4"], reader)
    assert len(kept.all(["99"], reader)["99"]) == 99
    kept.all(["99"], reader)
    assert reader.asked == ["4", "99", "99"]


def test_what_is_missing_is_asked_for_again() -> None:
    reader, kept = Reader(), Kept[bytes](10, len)
    assert kept.all(["missing", "1"], reader) == {"1": b"x"}
    with pytest.raises(KeyError):
        kept.one("missing", lambda: dict(reader(["missing"]))["missing"])
    assert reader.asked == ["missing", "1", "missing"]


def test_many_threads_may_ask() -> None:
    kept = Kept[bytes](50, len)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: kept.all([str(number % 20)], Reader()), range(2000)))
    assert all(each == {str(number % 20): b"x" * (number % 20)} for number, each in enumerate(found))
    assert kept._weight == sum(map(len, kept._values.values())) <= 50
