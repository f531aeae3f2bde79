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


@pytest.mark.parametrize("signs", [(2, 2, 2), (15, 15, 15), (2, 15, 15), (15, 2, 2)])
def test_the_first_interrupts_and_its_echoes_do_not_cut_that_short(
    left: list[int], signs: tuple[int, int, int]
) -> None:
    times = iter([10.0, 10.01, 10.9])
    interrupts = Interrupts(left.append, lambda: next(times))
    first, *echoes = signs
    with pytest.raises(KeyboardInterrupt):
        interrupts(first, None)
    for sign in echoes:
        interrupts(sign, None)
    assert left == []
    assert interrupts.end(INTERRUPTED) == (143 if signal.SIGTERM in signs else 130)


@pytest.mark.parametrize("signs", [(2, 2), (15, 15), (2, 15), (15, 2)])
def test_one_that_comes_when_the_first_did_not_help_leaves_at_once(left: list[int], signs: tuple[int, int]) -> None:
    times = iter([10.0, 11.5])
    interrupts = Interrupts(left.append, lambda: next(times))
    with pytest.raises(KeyboardInterrupt):
        interrupts(signs[0], None)
    interrupts(signs[1], None)
    assert left == [143 if signal.SIGTERM in signs else 130]


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
