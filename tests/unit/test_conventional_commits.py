"""What the commits since a version ask for."""

from __future__ import annotations

import time

import pytest

from tidegate.engine.versions.conventional_commits import bump_of
from tidegate.engine.versions.next_version import Bump
from tidegate.model import Version
from tidegate.ports import HistoryCommit

ONE = Version(1, 0, 0)
MERGE = "Merge branch 'x' into 'main'"


def commit(number: int, message: str, *parents: int, files: tuple[str, ...] = ()) -> HistoryCommit:
    """Return commit `number`; without parents, its parent is the one before it."""
    ids = parents or (number - 1,)
    return HistoryCommit(name(number), tuple(map(name, ids)), message, files)


def name(number: int) -> str:
    return f"{number:04x}" * 10


def line(*messages: str) -> list[HistoryCommit]:
    """Return commits, the newest first, from messages in the order in which they were made."""
    return [commit(number, message) for number, message in enumerate(messages, 1)][::-1]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", Bump.PATCH),
        ("fix: a", Bump.PATCH),
        ("words of any kind", Bump.PATCH),
        ("feat: a", Bump.MINOR),
        ("Feat(the scope): a", Bump.MINOR),
        ("\nfeat: a", Bump.MINOR),
        ("feat:a", Bump.PATCH),
        ("feat : a", Bump.PATCH),
        ("feature: a", Bump.PATCH),
        ("a feat: b", Bump.PATCH),
        ("feat(a)(b): c", Bump.PATCH),
        ("feat!: a", Bump.MAJOR),
        ("chore(deps)!: a", Bump.MAJOR),
        ("fix: a\n\nBREAKING CHANGE: b", Bump.MAJOR),
        ("BREAKING CHANGE: a", Bump.MAJOR),
        ("fix: a\r\n\r\ntext\r\n\r\nReviewed-by: Z\r\nBREAKING-CHANGE: b\r\n", Bump.MAJOR),
        ("fix: a\n\nbreaking change: b", Bump.PATCH),
        ("fix: a\n\nthere is no BREAKING CHANGE: b", Bump.PATCH),
        ("fix: a\n\nBREAKING CHANGE:", Bump.PATCH),
        ("fix: a\n\nfeat: a line of the body", Bump.PATCH),
        # squashes
        ("A squashed branch (!12)\n\n* fix: a\n\n* feat: b\n", Bump.MINOR),
        ("fix: a\n\n- feat(api)!: b", Bump.MAJOR),
        ("fix: a\n\n* BREAKING CHANGE: b", Bump.MAJOR),
        ("Squashed commit of the following:\n\ncommit 0123\nAuthor: P\n\n    feat: b", Bump.MINOR),
        ("Squashed commit of the following:\n\ncommit 0123\n\n    fix: b\n    \n    BREAKING CHANGE: c", Bump.MAJOR),
        ("docs: a\n\n    feat: an example in a block of code", Bump.PATCH),
        # reverts of what was released before
        ('Revert "feat: a"\n\nThis reverts commit 0123456789012345678901234567890123456789.', Bump.PATCH),
        ("revert: feat: a\n\nRefs: 0123456", Bump.PATCH),
        ('Reapply "feat: a"\n\nThis reverts commit 0123456789012345678901234567890123456789.', Bump.MINOR),
        ('Revert "Revert "feat!: a""', Bump.MAJOR),
    ],
)
def test_what_a_commit_asks_for(message: str, expected: Bump) -> None:
    assert bump_of(line(message), ONE) is expected


def test_the_highest_wins_and_nothing_is_a_patch() -> None:
    assert bump_of(line("feat!: a", "fix: b", "feat: c"), ONE) is Bump.MAJOR
    assert bump_of([], ONE) is Bump.PATCH


def test_before_1_0_0_a_breaking_change_is_minor() -> None:
    assert bump_of(line("feat!: a"), Version(0, 9, 0)) is Bump.MINOR
    assert bump_of(line("feat: a"), Version(0, 9, 0)) is Bump.MINOR
    assert bump_of(line("fix: a"), Version(0, 9, 0)) is Bump.PATCH


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", Bump.PATCH),
        ("\n\nfeat: the title of the merge request\n\nSee merge request team/x!12", Bump.MINOR),
        ("\n\nsome title\n\nfeat: not a title", Bump.PATCH),
        ("\n\nsome title\n\nBREAKING CHANGE: it does", Bump.MAJOR),
    ],
)
def test_a_merge_speaks_by_the_title_of_its_merge_request(body: str, expected: Bump) -> None:
    assert bump_of([commit(3, MERGE + body, 1, 2)], ONE) is expected


def test_a_revert_and_what_it_reverts_cancel_each_other() -> None:
    revert = f'Revert "feat: a"\n\nThis reverts commit {name(1)}.'
    assert bump_of(line("feat: a", revert), ONE) is Bump.PATCH
    assert bump_of(line("feat: a", f"revert: feat: a\n\nRefs: {name(1)[:9]}, {name(9)}"), ONE) is Bump.PATCH
    assert bump_of(line("feat: a", revert, "feat: b"), ONE) is Bump.MINOR
    again = f'Reapply "feat: a"\n\nThis reverts commit {name(2)}.'
    assert bump_of(line("feat: a", revert, again), ONE) is Bump.MINOR
    assert bump_of(line("feat: a", revert, again, f"Revert it\n\nThis reverts commit {name(3)}."), ONE) is Bump.PATCH
    assert bump_of(line("feat: a", f"fix: a\n\nRefs: {name(1)}"), ONE) is Bump.MINOR, "it is no revert"
    outside = f'Revert "feat: z"\n\nThis reverts commit {name(77)}.'
    assert bump_of(line(outside, f'Reapply "feat: z"\n\nThis reverts commit {name(1)}.'), ONE) is Bump.PATCH


def test_reverting_a_merge_cancels_all_that_it_brought() -> None:
    def history(body: str) -> list[HistoryCommit]:
        return [
            commit(6, body, 5),
            commit(5, f"{MERGE}\n\nfeat: title", 2, 4),
            commit(4, "feat!: on the branch", 3),
            commit(3, "feat: on the branch", 2),
            commit(2, "feat: on main before the branch began", 1),
        ]

    reverting = f"Revert it\n\nThis reverts commit {name(5)}, reversing\nchanges made to {name(2)}."
    assert bump_of(history("fix: a"), ONE) is Bump.MAJOR
    assert bump_of(history(reverting), ONE) is Bump.MINOR
    assert bump_of(history(reverting)[:-1], ONE) is Bump.PATCH


def test_only_commits_of_the_services_paths_count() -> None:
    history = [commit(2, "feat!: a", files=("lib/x.py",)), commit(1, "feat: b", files=("app/main.py", "README.md"))]
    assert bump_of(history, ONE, ["app"]) is Bump.MINOR
    assert bump_of(history, ONE, ["README.md"]) is Bump.MINOR
    assert bump_of(history, ONE, ["lib", "app"]) is Bump.MAJOR
    assert bump_of(history, ONE, ["ap", "li", "README"]) is Bump.PATCH
    assert bump_of([commit(1, "feat: empty")], ONE, ["app"]) is Bump.PATCH


@pytest.mark.parametrize(
    "message",
    [
        'Reapply "' * 100_000,
        'Revert "Revert "' * 100_000 + '"' * 200_000,
        "a(" * 500_000,
        "revert\nRefs: " + "0123456, " * 100_000 + "!",
        "revert\nRefs: " + "a" * 84 + "!",
        "* " * 500_000,
        "x\n" + "\t" * 1_000_000,
        "This reverts commit 0123456" * 40_000,
    ],
    ids=lambda message: message[:12],
)
def test_a_hostile_message_takes_no_longer_than_its_length_allows(message: str) -> None:
    start = time.perf_counter()
    bump_of(line(message), ONE)
    assert time.perf_counter() - start < 2
