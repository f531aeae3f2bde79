"""Comments that switch a finding off."""

from __future__ import annotations

import time

import pytest

from tidegate.engine.ignore_comments import ignored_for


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"a: b # tidegate:ignore rule since a while", "since a while"),
        (b"a: b # tidegate:ignore other,rule \t so it is \t\r", "so it is"),
        (b"a: b #tidegate:ignore rule", ""),
        (b"a: b # tidegate:ignore rule \t", ""),
        (b"a: b # tidegate:ignore other why", None),
        (b"a: b # tidegate:ignore", None),
    ],
)
def test_the_reason_is_what_follows(line: bytes, reason: str | None) -> None:
    assert ignored_for(line, 1, "rule") == reason


def test_a_long_line_takes_no_longer_than_its_length_allows() -> None:
    start = time.thread_time()
    assert ignored_for(b"# tidegate:ignore rule a" + b" " * 100_000 + b"b", 1, "rule") is not None
    assert time.thread_time() - start < 1
