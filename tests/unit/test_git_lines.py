"""The history of many files of a branch: the same as git tells of each, asked once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.counting_git import CountingGit
from support.git_worlds import bare_repository, commit_files, git
from tidegate.git import Mirrors, Remote, lines
from tidegate.git.compare import history, merge_base
from tidegate.git.mirror import Mirror

LIMIT = 100
NAMES = ("a", "b", "a/x", "a/y/z", "deep/1", "deep/2", "odd name", "é", *(f"apps/{n}.yaml" for n in range(20)))
UNREADABLE = ("odd \n name", "\nline")


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path, "app")


@pytest.fixture
def counting() -> CountingGit:
    return CountingGit.find()


@pytest.fixture
def mirror(bare: Path, tmp_path: Path, counting: CountingGit) -> Iterator[Mirror]:
    with Mirrors(counting, tmp_path / "cache") as mirrors:
        yield mirrors.mirror(Remote.parse(str(bare)))


def grow(bare: Path, seed: int, commits: int) -> str:
    """Commit random changes to main, some by merges, some of folders that become files; return the new head."""
    dice = random.Random(seed)  # noqa: S311 - no secret
    known = git("for-each-ref", "--format=%(objectname)", "refs/heads/main", cwd=bare)
    stream = [f"reset refs/heads/main\nfrom {known}\n\n" if known else ""]
    for number in range(commits):
        branch = "side" if number and number % 7 in {3, 4} else "main"
        start = "from refs/heads/main\n" if number % 7 == 3 else ""
        merge = "merge refs/heads/side\n" if number and number % 7 == 5 else ""
        changes = "".join(
            f'D "{name}"\n'
            if dice.random() < 0.2
            else f'M 100644 inline "{name}"\ndata 8\n{dice.randrange(10**8):08}\n'
            for name in (each.replace("\n", "\\n") for each in dice.sample((*NAMES, *UNREADABLE), dice.randrange(5)))
        )
        text = f"commit {seed}.{number}"
        at = f"committer P <p@example.com> {1_700_000_000 + dice.randrange(1000)} +0000\n"
        stream.append(f"commit refs/heads/{branch}\n{at}data {len(text)}\n{text}\n{start}{merge}{changes}\n")
    git("fast-import", "--quiet", "--force", cwd=bare, data="".join(stream).encode())
    return git("rev-parse", "main", cwd=bare)


def told_by_git(bare: Path, tip: str, name: str) -> list[str]:
    return git("rev-list", "--first-parent", f"--max-count={LIMIT}", tip, "--", f":(literal){name}", cwd=bare).split()


def told(mirror: Mirror, tip: str, name: str) -> list[str]:
    return [commit.id for commit in history(mirror, tip, name, LIMIT)]


def test_it_is_what_git_tells_of_each_file(bare: Path, mirror: Mirror) -> None:
    for seed in range(4):
        tip = grow(bare, seed, 60)
        mirror.refresh()
        for name in (*NAMES, "deep", "never"):
            assert told(mirror, tip, name) == told_by_git(bare, tip, name), (seed, name)


def test_git_is_asked_once_for_many_files_and_once_for_what_is_new(
    bare: Path, mirror: Mirror, counting: CountingGit
) -> None:
    files = [name for name in NAMES if name.startswith("apps/")]
    old = grow(bare, 1, 60)
    mirror.refresh()
    for name in files:
        told(mirror, old, name)
    assert counting.started["log"] == 1
    assert counting.started["rev-list"] == 8, "for a few files, each is asked for by itself"
    new = grow(bare, 2, 10)
    mirror.refresh()
    for name in files:
        assert told(mirror, new, name) == told_by_git(bare, new, name)
    assert (counting.started["log"], counting.started["rev-list"]) == (2, 8)


def test_few_files_are_asked_for_one_by_one(bare: Path, mirror: Mirror, counting: CountingGit) -> None:
    tip = grow(bare, 1, 20)
    mirror.refresh()
    for name in NAMES[:4]:
        told(mirror, tip, name)
    assert (counting.started["log"], counting.started["rev-list"]) == (0, 4)


def test_of_a_line_that_is_too_long_the_older_part_is_asked_for(
    bare: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_MOST_BYTES", 1000)
    monkeypatch.setattr(lines, "_PIECE", 100)
    tip = grow(bare, 3, 60)
    mirror.refresh()
    for name in NAMES:
        assert told(mirror, tip, name) == told_by_git(bare, tip, name)


def test_what_two_commits_have_in_common_is_asked_once(bare: Path, mirror: Mirror, counting: CountingGit) -> None:
    start = grow(bare, 1, 20)
    git("branch", "other", start, cwd=bare)
    tip = grow(bare, 2, 20)
    commit_files(bare, "other", {"b": b"other"})
    other = commit_files(bare, "other", {"b": b"and again"})
    mirror.refresh()
    assert [merge_base(mirror, tip, other) for _ in range(3)] == [start] * 3
    lost = git("commit-tree", "-m", "no parent", f"{tip}^{{tree}}", cwd=bare)
    git("branch", "lost", lost, cwd=bare)
    mirror.refresh()
    assert [merge_base(mirror, tip, lost) for _ in range(3)] == [None] * 3
    assert counting.started["merge-base"] == 2
