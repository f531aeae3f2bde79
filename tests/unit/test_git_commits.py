"""Commit objects as people can make them: whatever stands in one, it is read, and soon."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tidegate.git.commits import parse_commit

ID = "0" * 40


def _commit(author: bytes = b"Ruth <r@x> 1 +0000", committer: bytes = b"Sam <s@x> 5 +0100", more: bytes = b"") -> bytes:
    return b"tree %b\nauthor %b\ncommitter %b\n%b\nS\xe4tze\n\nA: b\n" % (b"0" * 40, author, committer, more)


@pytest.mark.parametrize(
    ("committer", "year"),
    [
        (b"Sam <s@x> 1700000000 +0000", 2023),
        (b"Sam <s@x> 999999999999 +0000", 2100),
        (b"Sam <s@x> 99999999999999999999 +0000", 2100),
        (b"Sam <s@x> -99999999999 +0000", 1970),
        ("Sam <s@x> ٣ +0000".encode(), 1970),
        (b"Sam <s@x>", 1970),
        (b"", 1970),
    ],
)
def test_a_time_that_is_none_is_the_first_or_the_last(committer: bytes, year: int) -> None:
    assert parse_commit(ID, _commit(committer=committer)).at.year == year


def test_no_time_is_later_than_the_last() -> None:
    assert parse_commit(ID, _commit(committer=b"S <s> 4102444800 +0000")).at == datetime(2100, 1, 1, tzinfo=UTC)
    assert parse_commit(ID, _commit(committer=b"S <s> 4102444801 +0000")).at == datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "encoding",
    [b"undefined", b"idna", b"punycode", b"unicode_escape", b"zip", b"no such", b"a\0b", b"x" * 100_000, b"\xff", b""],
)
def test_an_encoding_that_is_none_is_utf_8(encoding: bytes) -> None:
    found = parse_commit(ID, _commit(more=b"encoding %b\n" % encoding))
    assert (found.subject, dict(found.trailers)) == ("S\ufffdtze", {"A": "b"})


def test_an_encoding_that_is_one() -> None:
    assert parse_commit(ID, _commit(more=b"encoding ISO-8859-1\n")).subject == "Sätze"


def test_half_a_character_is_none() -> None:
    data = b"tree 0\nauthor +2AA- <r@x> 1 +0000\ncommitter S <s> 1 +0000\nencoding utf-7\n\nS+2AA-tze\n\nA: +2AA-\n"
    found = parse_commit(ID, data)
    assert (found.author, found.subject, dict(found.trailers)) == ("?", "S?tze", {"A": "?"})


@pytest.mark.parametrize(
    ("author", "name", "email"),
    [
        (b"Ruth Example <r@x> 1 +0000", "Ruth Example", "r@x"),
        (b"Ruth<r@x>", "Ruth", "r@x"),
        (b"<r@x> 1 +0000", "", "r@x"),
        (b"a <b <c> d> 1 +0000", "a", "b <c"),
        (b"no address 1 +0000", "no address 1 +0000", ""),
        (b"a > b <c", "a > b <c", ""),
    ],
)
def test_who_wrote_it(author: bytes, name: str, email: str) -> None:
    found = parse_commit(ID, _commit(author=author))
    assert (found.author, found.email) == (name, email)


def test_a_long_line_takes_no_longer_than_its_length_allows() -> None:
    start = time.thread_time()
    parse_commit(ID, _commit(author=b"<" * 200_000, committer=b"a <" + b" " * 200_000))
    assert time.thread_time() - start < 1
