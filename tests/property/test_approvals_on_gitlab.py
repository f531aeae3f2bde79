"""An approval never moves to a head that GitLab did not know yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from support.git_worlds import START
from tidegate.forge.gitlab.approvals import at_heads
from tidegate.forge.gitlab.parse import Account, Given, Version


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def person(name: str) -> Account:
    return Account(1, name, "active", None)


MINUTES = st.integers(0, 20)
VERSIONS = st.lists(MINUTES, min_size=1, max_size=6).map(
    lambda minutes: [Version(number, f"head-{number}", at(minute)) for number, minute in enumerate(sorted(minutes))]
)
GIVEN = st.lists(
    st.builds(
        lambda name, minute: Given(person(name), None if minute is None else at(minute)),
        st.sampled_from("abc"),
        st.none() | MINUTES,
    ),
    max_size=5,
)


@given(VERSIONS, GIVEN, st.randoms())
def test_the_head_was_known_and_none_newer_was(versions: list[Version], approvals: list[Given], chance: object) -> None:
    shuffled = list(versions)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    found = at_heads(approvals, shuffled)
    assert sorted(one.user for one in found) == sorted(one.by.name for one in approvals)
    heads = {one.head: one for one in versions}
    for one in found:
        version = heads[one.head]
        assert version.at < one.at or version is versions[0]
        newer = [other for other in versions if other.id > version.id]
        assert all(other.at >= one.at for other in newer)


def test_without_versions_no_approval_is_of_any_head() -> None:
    assert at_heads([Given(person("a"), START)], []) == ()


def test_without_a_time_it_is_of_the_oldest_head() -> None:
    versions = [Version(2, "new", at(2)), Version(1, "old", at(1))]
    assert [one.head for one in at_heads([Given(person("a"), None)], versions)] == ["old"]


def test_at_the_very_moment_of_a_push_it_is_of_the_older_head() -> None:
    versions = [Version(1, "old", at(1)), Version(2, "new", at(2))]
    assert [one.head for one in at_heads([Given(person("a"), at(2))], versions)] == ["old"]
