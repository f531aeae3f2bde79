"""Any history asks for something; no message makes it fail."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.engine.versions.conventional_commits import bump_of
from tidegate.engine.versions.next_version import Bump
from tidegate.model import Version
from tidegate.ports import HistoryCommit

IDS = [f"{number:07x}{'0' * 33}" for number in range(6)]
PIECES = st.sampled_from(
    [
        *("feat", "fix", "!", ":", " ", "\n", "\n\n", "* ", "(a)", "BREAKING CHANGE", "Revert ", 'Reapply "', '"'),
        *("This reverts commit ", "Refs: ", "revert: ", "Squashed commit of the following:", "    ", "é", "\0"),
        *IDS,
    ]
)
MESSAGES = st.lists(PIECES, max_size=12).map("".join) | st.text()


@st.composite
def histories(draw: st.DrawFn) -> list[HistoryCommit]:
    """Draw commits, each before its parents; some parents lie outside."""
    commits = []
    for place, id_ in enumerate(IDS):
        parents = draw(st.lists(st.sampled_from([*IDS[place + 1 :], "f" * 40]), max_size=2, unique=True))
        commits.append(HistoryCommit(id_, tuple(parents), draw(MESSAGES)))
    return commits


@settings(max_examples=300, deadline=None)
@given(histories(), st.sampled_from([Version(0, 1, 0), Version(1, 0, 0)]))
def test_any_history_asks_for_something(commits: list[HistoryCommit], after: Version) -> None:
    bump = bump_of(commits, after)
    assert bump is not Bump.MAJOR or after.major
    newest = HistoryCommit("e" * 40, (commits[0].id,), "feat!: on top of it all")
    assert bump_of([newest, *commits], after) is (Bump.MAJOR if after.major else Bump.MINOR)
    revert = HistoryCommit("d" * 40, (newest.id,), f"Revert it\n\nThis reverts commit {newest.id}.")
    assert bump_of([revert, newest, *commits], after) is bump, "what was taken back asks for nothing"
