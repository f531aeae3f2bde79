"""The version tags port: the commits since a version, from clones of every kind, an address, and the fake."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.git_server import GitServer
from support.git_worlds import ROBOT, TickingClock, git
from support.histories import BranchyHistory, branchy_history
from tidegate.errors.git import HistoryIncomplete, RemoteUnreachable, RepositoryMissing
from tidegate.git import Git
from tidegate.gitops import GitVersionTags
from tidegate.ports import HistoryCommit, VersionTags
from tidegate.testing.tags import FakeVersionTags

CREDENTIALS = ("robot", "secret")
CLONES = {
    "checkout": [],
    "shallow": ["--depth=1"],
    "cut in the middle": ["--depth=2"],
    "cut at the version": ["--depth=4"],
    "without files": ["--filter=blob:none"],
    "without trees": ["--filter=tree:0"],
}


def tags_at(place: Path | str) -> GitVersionTags:
    return GitVersionTags.at(Git.find(), str(place), ROBOT, TickingClock())


def clone(history: BranchyHistory, place: Path, *options: str) -> Path:
    git("clone", "--quiet", *options, history.bare.as_uri(), str(place), cwd=history.bare.parent)
    return place


@pytest.fixture
def history(tmp_path: Path) -> BranchyHistory:
    made = branchy_history(tmp_path)
    git("config", "uploadpack.allowFilter", "true", cwd=made.bare)
    return made


@pytest.fixture(params=["path", "http", "fake", *CLONES])
def tags(request: pytest.FixtureRequest, history: BranchyHistory, tmp_path: Path) -> Iterator[VersionTags]:
    with ExitStack() as stack:
        match request.param:
            case "fake":
                yield FakeVersionTags(history.root, history.base, *history.since, branch="main")
            case "path":
                yield tags_at(history.bare)
            case "http":
                yield tags_at(f"{stack.enter_context(GitServer(tmp_path, CREDENTIALS)).url_with_credentials}/app.git")
            case kind:
                yield tags_at(clone(history, tmp_path / "clone", *CLONES[kind]))


def plain(commit: HistoryCommit, *, files: bool) -> HistoryCommit:
    return HistoryCommit(commit.id, commit.parents, commit.message, tuple(sorted(commit.files)) if files else ())


def stand_before_their_parents(commits: Sequence[HistoryCommit]) -> bool:
    places = {commit.id: place for place, commit in enumerate(commits)}
    return all(place < places.get(parent, len(places)) for place, each in enumerate(commits) for parent in each.parents)


@pytest.mark.parametrize("files", [False, True], ids=["messages", "files"])
def test_the_commits_since_a_version(tags: VersionTags, history: BranchyHistory, *, files: bool) -> None:
    found = tags.history(history.base.id, tags.target(), files=files)
    by_id = {commit.id: plain(commit, files=files) for commit in found}
    assert by_id == {commit.id: plain(commit, files=files) for commit in history.since}
    assert stand_before_their_parents(found)


def test_since_the_first_commit_and_since_itself(tags: VersionTags, history: BranchyHistory) -> None:
    since_root = tags.history(history.root.id, history.since[-1].id, files=True)
    assert {each.id for each in since_root} == {each.id for each in (history.base, *history.since)}
    assert stand_before_their_parents(since_root), "whatever the clocks said"
    assert tags.history(history.base.id, history.base.id, files=False) == ()
    assert tags.history(history.since[-1].id, history.base.id, files=False) == (), "an older commit has nothing new"


def test_a_commit_that_nobody_has(tags: VersionTags, history: BranchyHistory) -> None:
    with pytest.raises(HistoryIncomplete):
        tags.history("0" * 40, history.base.id, files=False)


def test_the_branch(tags: VersionTags, request: pytest.FixtureRequest, history: BranchyHistory) -> None:
    del history
    without_checkout = {"path", "http"}
    expected = None if request.node.callspec.params["tags"] in without_checkout else "main"
    assert tags.branch() == expected


def test_a_detached_head_is_on_no_branch(history: BranchyHistory, tmp_path: Path) -> None:
    place = clone(history, tmp_path / "clone")
    git("checkout", "--quiet", "--detach", cwd=place)
    assert tags_at(place).branch() is None


def test_a_shallow_clone_stays_as_it_is(history: BranchyHistory, tmp_path: Path) -> None:
    place = clone(history, tmp_path / "clone", "--depth=1")
    tags_at(place).history(history.base.id, history.since[-1].id, files=True)
    assert git("rev-list", "--count", "HEAD", cwd=place) == "1"
    assert git("count-objects", cwd=place).startswith("0 objects")


def test_what_the_remote_lacks_is_read_from_a_whole_checkout_and_missed_in_a_shallow_one(
    history: BranchyHistory, tmp_path: Path
) -> None:
    for depth in ([], ["--depth=1"]):
        place = clone(history, tmp_path / f"clone{len(depth)}", *depth)
        git("commit", "--quiet", "--allow-empty", "-m", "feat: not pushed", cwd=place)
        tags = tags_at(place)
        if not depth:
            newest = tags.history(history.since[-1].id, tags.target(), files=True)
            assert [each.message for each in newest] == ["feat: not pushed\n"]
            continue
        with pytest.raises(HistoryIncomplete) as caught:
            tags.history(history.base.id, tags.target(), files=True)
        assert "GIT_DEPTH: 0" in (caught.value.hint or "")


def test_a_version_on_a_commit_that_the_checkout_lacks(history: BranchyHistory, tmp_path: Path) -> None:
    place = clone(history, tmp_path / "clone")
    git("commit", "--quiet", "--allow-empty", "-m", "fix: of another pipeline", cwd=tmp_path / "work")
    git("push", "--quiet", "origin", "main", cwd=tmp_path / "work")
    newer = git("rev-parse", "main", cwd=history.bare)
    assert tags_at(place).history(newer, history.since[-1].id, files=False) == ()


def test_a_remote_that_is_away_is_an_error(history: BranchyHistory, tmp_path: Path) -> None:
    place = clone(history, tmp_path / "clone", "--depth=1")
    tags = tags_at(place)
    history.bare.rename(tmp_path / "away.git")
    with pytest.raises((RepositoryMissing, RemoteUnreachable)):
        tags.history(history.base.id, history.since[-1].id, files=False)


def test_an_imported_history_begins_with_all_of_its_files(history: BranchyHistory, tmp_path: Path) -> None:
    work = tmp_path / "work"
    git("checkout", "--quiet", "--orphan", "import", cwd=work)
    git("rm", "-r", "--quiet", "--force", ".", cwd=work)
    (work / "imported.py").write_text("1")
    git("add", ".", cwd=work)
    git("commit", "--quiet", "-m", "feat: import", cwd=work)
    begun = git("rev-parse", "HEAD", cwd=work)
    git("checkout", "--quiet", "main", cwd=work)
    git("merge", "--quiet", "--allow-unrelated-histories", "-m", "Import", "import", cwd=work)
    found = tags_at(work).history(history.since[-1].id, git("rev-parse", "HEAD", cwd=work), files=True)
    assert {each.id: each.files for each in found}[begun] == ("imported.py",)


def test_a_tag_is_claimed_in_a_remote_that_filters(history: BranchyHistory) -> None:
    tags = tags_at(history.bare)
    assert tags.claim("1.0.0", history.base.id, "m")
    assert tags.all() == {"1.0.0": history.base.id}
