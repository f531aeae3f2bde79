"""The record of approvals: what is written is read, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tidegate.model import Approval
from tidegate.model.approval_record import MARK, first_line, recorded

NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,30}", fullmatch=True)
HEADS = st.from_regex(r"[0-9a-f]{40}", fullmatch=True)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
APPROVALS = st.lists(st.builds(Approval, NAMES, TIMES, HEADS), max_size=5)


@given(APPROVALS, st.text(max_size=200))
def test_what_is_written_is_read_whatever_follows(approvals: list[Approval], rest: str) -> None:
    assert recorded(f"{first_line(approvals)}\n{rest}") == tuple(approvals)


@given(st.text(max_size=60), TIMES, HEADS)
def test_a_name_cannot_add_an_entry(name: str, at: datetime, head: str) -> None:
    line = first_line([Approval(name, at, head)])
    assert "\n" not in line
    assert {one.user for one in recorded(line)} <= {name}


def test_a_name_that_is_an_entry_is_left_out() -> None:
    at, head = datetime(2026, 5, 1, tzinfo=UTC), "0" * 40
    name = f"sam={head}@{at.isoformat()} x"
    assert recorded(first_line([Approval(name, at, head)])) == ()


@given(st.text(max_size=60), APPROVALS)
def test_only_a_whole_first_line_is_a_record(before: str, approvals: list[Approval]) -> None:
    line = first_line(approvals)
    for text in (f"x{line}", f" {line}", line[:-1], f"{before}x\n{line}", line.replace("<!--", "<!-- x", 1)):
        assert recorded(text) == ()
    assert recorded(f"{MARK}ish -->") == ()
