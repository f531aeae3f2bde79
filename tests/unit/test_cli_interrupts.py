"""Ctrl-C at bad moments: once, twice, and when nothing comes of it."""

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
def sigint(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back who takes SIGINT, and what is told of exceptions that are lost."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_interrupts_and_its_echoes_do_not_cut_that_short(left: list[int]) -> None:
    times = iter([10.0, 10.01, 10.9])
    interrupts = Interrupts(left.append, lambda: next(times))
    with pytest.raises(KeyboardInterrupt):
        interrupts(signal.SIGINT, None)
    interrupts(signal.SIGINT, None)
    interrupts(signal.SIGINT, None)
    assert left == []


def test_one_that_comes_when_the_first_did_not_help_leaves_at_once(left: list[int]) -> None:
    times = iter([10.0, 11.5])
    interrupts = Interrupts(left.append, lambda: next(times))
    with pytest.raises(KeyboardInterrupt):
        interrupts(signal.SIGINT, None)
    interrupts(signal.SIGINT, None)
    assert left == [INTERRUPTED]


@pytest.mark.usefixtures("sigint")
def test_what_the_starter_has_ignored_stays_ignored(left: list[int]) -> None:
    interrupts = Interrupts(left.append)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interrupts.hear()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupts.hear()
    assert signal.getsignal(signal.SIGINT) is interrupts
