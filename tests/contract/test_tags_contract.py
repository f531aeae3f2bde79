"""The version tags port: a bare address by path and HTTP, a checkout, and the fake."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.git_server import GitServer
from support.git_worlds import ROBOT, TickingClock, bare_repository, commit_files, git
from tidegate.errors.git import BranchMissing, CommitMissing, InvalidBranch, RepositoryMissing, UnsafeRemote
from tidegate.git import Git
from tidegate.gitops import GitVersionTags
from tidegate.ports import VersionTags
from tidegate.testing.tags import FakeVersionTags


def tags_at(place: Path | str) -> GitVersionTags:
    return GitVersionTags.at(Git.find(), str(place), ROBOT, TickingClock())


def checkout_of(bare: Path, place: Path) -> Path:
    git("clone", "--quiet", str(bare), str(place), cwd=bare.parent)
    return place


@pytest.fixture(params=["path", "http", "checkout", "fake"])
def tags(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VersionTags]:
    if request.param == "fake":
        yield FakeVersionTags("a" * 40, "b" * 40)
        return
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    commit_files(bare, "main", {"main.py": b"2\n"})
    with ExitStack() as stack:
        place = str(bare)
        if request.param == "checkout":
            place = str(checkout_of(bare, tmp_path / "checkout"))
        if request.param == "http":
            place = stack.enter_context(GitServer(tmp_path, ("robot", "secret"))).url_with_credentials + "/app.git"
        yield tags_at(place)


def test_a_tag_is_claimed_once(tags: VersionTags) -> None:
    target = tags.target()
    assert tags.all() == {}
    assert tags.claim("v1.0.0", target, "Version 1.0.0")
    assert not tags.claim("v1.0.0", target, "Version 1.0.0")
    assert not tags.claim("v1.0.0", target, "Another message")
    assert tags.claim("inventory/v1.0.1", target, "Version 1.0.1")
    assert tags.all() == {"v1.0.0": target, "inventory/v1.0.1": target}


def test_a_missing_commit_gets_no_tag(tags: VersionTags) -> None:
    with pytest.raises(CommitMissing):
        tags.claim("1.0.0", "0" * 40, "m")
    assert tags.all() == {}


def test_of_many_claims_at_once_exactly_one_wins(tags: VersionTags) -> None:
    target = tags.target()
    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(lambda number: tags.claim("1.0.0", target, f"Claim {number}"), range(20)))
    assert won.count(True) == 1
    assert tags.all() == {"1.0.0": target}


def test_equal_claims_at_the_same_second_have_one_winner(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    target = tags_at(bare).target()
    # Each has a clock of its own that shows the same, so the tag objects are equal and the second push is no change.
    assert [tags_at(bare).claim("1.0.0", target, "m") for _ in range(3)] == [True, False, False]


def test_a_claimed_tag_is_annotated_and_lightweight_ones_are_read(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    git("tag", "0.9.0", "main", cwd=bare)
    tags = tags_at(bare)
    assert tags.claim("1.0.0", tags.target(), "Version 1.0.0\n\nfrom a pipeline")
    assert git("cat-file", "-t", "1.0.0", cwd=bare) == "tag"
    assert git("for-each-ref", "--format=%(taggername) %(subject)", "refs/tags/1.0.0", cwd=bare) == (
        "Tidegate Version 1.0.0"
    )
    assert set(tags.all()) == {"0.9.0", "1.0.0"}
    assert len(set(tags.all().values())) == 1


def test_a_checkout_tags_its_own_head_and_pushes_what_the_remote_lacks(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    checkout = checkout_of(bare, tmp_path / "checkout")
    git("commit", "--quiet", "--allow-empty", "-m", "ahead", cwd=checkout)
    head = git("rev-parse", "HEAD", cwd=checkout)
    tags = tags_at(checkout)
    assert tags.target() == head
    assert tags.claim("1.0.0", head, "m")
    assert git("rev-parse", "1.0.0^{commit}", cwd=bare) == head
    assert git("tag", cwd=checkout) == ""


def test_a_shallow_checkout_will_do(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app", {"main.py": b"1\n"})
    head = commit_files(bare, "main", {"main.py": b"2\n"})
    git("clone", "--quiet", "--depth=1", f"file://{bare}", "shallow", cwd=tmp_path)
    assert tags_at(tmp_path / "shallow").claim("1.0.0", head, "m")


def test_what_can_not_be_tagged(tmp_path: Path) -> None:
    bare = bare_repository(tmp_path, "app")
    with pytest.raises(BranchMissing):
        tags_at(bare).target()
    with pytest.raises(InvalidBranch):
        tags_at(bare).claim("1.0.0..2", "0" * 40, "m")
    with pytest.raises(RepositoryMissing):
        tags_at(tmp_path / "nowhere.git").all()
    git("init", "--quiet", "alone", cwd=tmp_path)
    with pytest.raises(RepositoryMissing, match="origin"):
        tags_at(tmp_path / "alone")
    git("remote", "add", "origin", "ext::sh -c touch% pwned", cwd=tmp_path / "alone")
    with pytest.raises(UnsafeRemote):
        tags_at(tmp_path / "alone")
