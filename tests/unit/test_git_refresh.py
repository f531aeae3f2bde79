"""A remote's refs are fetched as often as somebody must see them anew, and no oftener."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from support.counting_git import CountingGit
from support.git_worlds import ROBOT, TickingClock, bare_repository, commit_files
from support.until import PATIENCE
from tidegate.git import Mirrors, ProjectRemotes, Remote
from tidegate.git.mirror import Mirror
from tidegate.gitops import MirroredRepos
from tidegate.ports import Change


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path, "app", {"a": b"1"})


@pytest.fixture
def counting() -> CountingGit:
    return CountingGit.find()


@pytest.fixture
def mirrors(tmp_path: Path, counting: CountingGit) -> Iterator[Mirrors]:
    with Mirrors(counting, tmp_path / "cache") as mirrors:
        yield mirrors


@pytest.fixture
def mirror(bare: Path, mirrors: Mirrors) -> Mirror:
    return mirrors.mirror(Remote.parse(str(bare)))


def repos(tmp_path: Path, mirrors: Mirrors) -> MirroredRepos:
    return MirroredRepos(ProjectRemotes(str(tmp_path)), mirrors, ROBOT, TickingClock())


def test_who_asks_one_after_the_other_gets_what_is_so_now(bare: Path, mirror: Mirror) -> None:
    for number in range(3):
        head = commit_files(bare, "main", {"a": b"%d" % number})
        assert mirror.refresh()["refs/heads/main"] == head


def test_a_fetch_that_began_after_the_asking_is_new_enough(mirror: Mirror, counting: CountingGit) -> None:
    asked = time.monotonic()
    mirror.refresh()
    assert mirror.refresh(asked) == mirror.refresh(asked)
    assert counting.started["fetch"] == 1


def test_threads_that_ask_while_another_fetches_share_the_next_fetch(
    mirror: Mirror, counting: CountingGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.refresh()
    counting.started.clear()
    begun, may_go = Event(), Event()
    fetch = Mirror._fetch

    def slow(self: Mirror, folder: Path) -> None:
        begun.set()
        assert may_go.wait(PATIENCE)
        fetch(self, folder)

    monkeypatch.setattr(Mirror, "_fetch", slow)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(mirror.refresh)
        assert begun.wait(PATIENCE)
        wanted = time.monotonic()
        others = [pool.submit(mirror.refresh, wanted) for _ in range(8)]
        may_go.set()
        assert all(each.result() == first.result() for each in others)
    assert counting.started["fetch"] == 2, "theirs began after they asked, the first one's before"


def test_what_was_pushed_here_is_seen_at_once(tmp_path: Path, bare: Path, mirrors: Mirrors) -> None:
    one, other = repos(tmp_path, mirrors), repos(tmp_path, mirrors)
    head = commit_files(bare, "main", {"a": b"2"})
    pushed = one.repo("app").push("main", Change({"a": b"3"}, "s"), parent=head, expected=head)
    assert other.repo("app").head("main") == pushed


def test_repositories_that_are_opened_at_once_are_fetched_once(
    tmp_path: Path, bare: Path, mirrors: Mirrors, counting: CountingGit
) -> None:
    many = [repos(tmp_path, mirrors) for _ in range(5)]
    heads = {each.repo("app").head("main") for each in many}
    assert (len(heads), counting.started["fetch"]) == (1, 1)
    head = commit_files(bare, "main", {"a": b"2"})
    assert repos(tmp_path, mirrors).repo("app").head("main") == head
