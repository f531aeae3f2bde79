"""Whose attempts to sign in count together."""

from __future__ import annotations

import pytest

from tidegate.errors.server import TooManyAttempts
from tidegate.server.access.attempts import Attempts


def spent(address: str) -> Attempts:
    """Return attempts of which `address` has no more."""
    attempts = Attempts(lambda: 1000.0)
    for _ in range(10):
        attempts.count(address)
    return attempts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("192.0.2.7", "::ffff:192.0.2.7"),
        ("fe80::1%eth0", "fe80::2%eth0"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_who_comes_from_one_network_has_one_bucket(one: str, other: str) -> None:
    with pytest.raises(TooManyAttempts):
        spent(one).check(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("192.0.2.7", "192.0.2.8"), ("2001:db8:1:2::1", "2001:db8:1:3::1"), ("::ffff:192.0.2.7", "::ffff:192.0.2.8")],
)
def test_others_are_not_held_up(one: str, other: str) -> None:
    spent(one).check(other)


def test_one_comes_back_every_six_seconds() -> None:
    now = 1000.0
    attempts = Attempts(lambda: now)
    for _ in range(10):
        attempts.count("192.0.2.7")
    now += 5.9
    with pytest.raises(TooManyAttempts):
        attempts.count("192.0.2.7")
    now += 0.2
    attempts.count("192.0.2.7")
    with pytest.raises(TooManyAttempts):
        attempts.check("192.0.2.7")
