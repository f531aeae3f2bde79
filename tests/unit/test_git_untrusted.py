"""What whoever may push a branch can put into it: each is read in bounds, or refused in a word."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.git_worlds import bare_repository, git, main_of, repo_on
from tidegate.errors.git import UnsafePath
from tidegate.git import Git, Mirrors, Remote
from tidegate.git.merge import merge_trees
from tidegate.git.message import trailers_of
from tidegate.git.mirror import Mirror

FILES = {"clusters/e2e/app/release.yaml": b"a: 1\n"}
NAME = b"caf\xe9.yaml"
TOLD = "caf\\xe9.yaml"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path, "app", FILES)


@pytest.fixture
def mirror(bare: Path, tmp_path: Path) -> Iterator[Mirror]:
    with Mirrors(Git.find(), tmp_path / "cache") as mirrors:
        yield mirrors.mirror(Remote.parse(str(bare)))


def imported(bare: Path, branch: str, changes: bytes) -> str:
    """Return a commit on main's that `git fast-import` makes of `changes`."""
    head = f"commit refs/heads/{branch}\ncommitter P <p@example.com> now\ndata 1\nx\nfrom refs/heads/main^0\n"
    git("fast-import", "--quiet", "--date-format=now", cwd=bare, data=head.encode() + changes)
    return git("rev-parse", branch, cwd=bare)


def test_a_name_that_is_no_text_is_told_as_one(bare: Path, mirror: Mirror) -> None:
    link = b'M 120000 inline "ln\\377"\ndata 2\n/x\n'
    one, other = (
        imported(bare, name, b"M 100644 inline %b\ndata 1\n%b\n%b" % (NAME, name.encode(), link)) for name in "ab"
    )
    repo = repo_on(mirror)
    assert repo.changed_files(main_of(repo), one) == (TOLD, "ln\\xff")
    assert repo.files(one, "") == (TOLD, *FILES)
    assert repo.links(one, "") == {"ln\\xff": "/x"}
    assert merge_trees(mirror, one, other).conflicts == (TOLD,)
    with pytest.raises(UnsafePath):
        repo.read(one, [TOLD])


def test_trailers_of_many_lines_are_read_in_a_time_that_their_number_allows() -> None:
    start = time.thread_time()
    found = trailers_of("s\n\nName: value\n" + " more\n" * 500_000 + "Other: x")
    assert (found["Name"][:16], len(found["Name"]), found["Other"]) == ("value more more ", 5 + 5 * 500_000, "x")
    assert time.thread_time() - start < 2
