"""Ctrl-C and SIGTERM at bad moments: once, twice, both, and when nothing comes of it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from tidegate.cli import INTERRUPTED
from tidegate.cli.interrupts import Interrupts


@pytest.fixture
def left() -> list[int]:
    """The exit codes that the process was left with at once."""
    return []


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back who takes SIGINT and SIGTERM, and what is told of exceptions that are lost."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


BOTH = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "code"), BOTH)
def test_the_first_interrupts_and_its_echoes_do_not_cut_that_short(left: list[int], number: int, code: int) -> None:
    times = iter([10.0, 10.01, 10.9])
    interrupts = Interrupts(left.append, lambda: next(times))
    with pytest.raises(KeyboardInterrupt):
        interrupts(number, None)
    for other, _ in BOTH:
        interrupts(other, None)
    assert left == []
    assert interrupts.end(INTERRUPTED) == code


@pytest.mark.parametrize(("number", "code"), BOTH)
def test_one_that_comes_when_the_first_did_not_help_leaves_at_once(left: list[int], number: int, code: int) -> None:
    for other, _ in BOTH:
        times = iter([10.0, 11.5])
        interrupts = Interrupts(left.append, lambda times=times: next(times))
        with pytest.raises(KeyboardInterrupt):
            interrupts(number, None)
        interrupts(other, None)
    assert left == [code, code]


def test_one_that_comes_when_all_is_said_changes_no_exit_code(left: list[int]) -> None:
    interrupts = Interrupts(left.append)
    assert interrupts.end(11) == 11
    interrupts(signal.SIGTERM, None)
    assert left == [11]


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("number", "usual"), [(signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)]
)
def test_what_the_starter_has_ignored_stays_ignored(left: list[int], number: int, usual: signal.Handlers) -> None:
    interrupts = Interrupts(left.append)
    signal.signal(number, signal.SIG_IGN)
    interrupts.hear()
    assert signal.getsignal(number) is signal.SIG_IGN
    signal.signal(number, usual)
    interrupts.hear()
    assert signal.getsignal(number) is interrupts
