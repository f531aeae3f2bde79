"""Many branches of one repository: how they are pushed, and what they change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.git_worlds import ROBOT, StandingClock, bare_repository, git
from tidegate.errors.git import LeaseLost
from tidegate.git import Git, Mirrors, Remote
from tidegate.git.mirror import Mirror
from tidegate.gitops import MirroredRepo
from tidegate.ports import BranchPush, Change


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path, "app", {"a.yaml": b"a: 1\n"})


@pytest.fixture
def mirror(bare: Path, tmp_path: Path) -> Iterator[Mirror]:
    with Mirrors(Git.find(), tmp_path / "cache") as mirrors:
        yield mirrors.mirror(Remote.parse(str(bare)))


def repository(mirror: Mirror, branches_at_once: int) -> MirroredRepo:
    repo = MirroredRepo(mirror, ROBOT, StandingClock(), branches_at_once=branches_at_once)
    repo.refresh()
    return repo


def test_so_many_branches_go_with_one_push(bare: Path, mirror: Mirror, tmp_path: Path) -> None:
    log = tmp_path / "pushes"
    hook = bare / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nwc -l >>{log}\n")
    hook.chmod(0o755)
    repo = repository(mirror, 2)
    main = repo.head("main")
    assert main is not None
    wanted = [BranchPush(f"b{number}", Change({"c": b"%d" % number}, "s"), main, None) for number in range(9)]
    wanted.insert(3, BranchPush("main", Change({"c": b"9"}, "s"), main, None))  # it is there, and not expected
    told = {each.branch: moved for each, moved in zip(wanted, repo.push_each(wanted), strict=True)}
    assert isinstance(told.pop("main"), LeaseLost)
    assert {name: repo.head(name) for name in told} == told
    repo.refresh()
    assert {name: repo.head(name) for name in told} == told
    assert repo.head("main") == main
    assert sorted(map(int, log.read_text().split())) == [1, 2, 2, 2, 2]


def test_changed_files_are_those_that_git_tells(bare: Path, mirror: Mirror) -> None:
    first = (
        b"commit refs/heads/one\ncommitter P <p@example.com> 1 +0000\ndata 1\nx\nM 100644 inline a\ndata 1\na\n"
        b"M 100644 inline b/c\ndata 1\nc\nM 100644 inline b/same\ndata 1\ns\nM 100644 inline d/e/f\ndata 1\nf\n"
        b"M 100644 inline mode\ndata 1\nm\nM 100644 inline link\ndata 1\na\n"
    )
    second = (
        b"commit refs/heads/two\ncommitter P <p@example.com> 1 +0000\ndata 1\ny\nfrom refs/heads/one\nD a\nD b/c\nD d\n"
        b"M 100644 inline a/b/c\ndata 1\nc\nM 100644 inline d\ndata 1\nd\nM 100755 inline mode\ndata 1\nm\n"
        b"M 120000 inline link\ndata 1\na\n"
    )
    git("fast-import", "--quiet", cwd=bare, data=first + second)
    repo = repository(mirror, 100)
    one, two = repo.head("one"), repo.head("two")
    assert one is not None
    assert two is not None
    told = git("diff-tree", "-r", "--name-only", "--no-renames", one, two, cwd=bare).splitlines()
    assert list(repo.changed_files(one, two)) == list(repo.changed_files(two, one)) == sorted(told)
    assert "d" in told
    assert "d/e/f" in told
