"""The GitOps repository port: the git adapter on a path and over smart HTTP, and the fake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.git_server import GitServer
from support.git_worlds import ROBOT, START, TickingClock, bare_repository, commit_files, main_of
from tidegate.errors.git import CommitMissing, FileTooLarge, LeaseLost, RepositoryMissing, UnsafePath
from tidegate.git import Git, Mirrors, ProjectRemotes
from tidegate.gitops import MirroredRepos
from tidegate.ports import BranchPush, Change, GitOpsRepo, GitOpsRepos
from tidegate.testing.gitops import FakeRepos
from tidegate.testing.remotes import FakeRemotes, Link

PROJECT = "platform/gitops"
RELEASE = "clusters/dev/inventory/release.yaml"
FILES = {RELEASE: b"tag: 1.0.0\n", "clusters/dev/billing/release.yaml": b"tag: 3.0.0\n", "README.md": b"# Hi\n"}


@dataclass(frozen=True)
class World:
    """A forge with one project: clients of it, and a person who commits to it behind their backs."""

    client: Callable[[], GitOpsRepos]
    commit: Callable[[str, Mapping[str, bytes | None]], str]


@pytest.fixture(params=["path", "http", "fake"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "fake":
        yield _fake_world()
        return
    root = tmp_path / "remotes"
    bare = bare_repository(root, PROJECT, FILES)
    with ExitStack() as stack:
        base = str(root)
        if request.param == "http":
            base = stack.enter_context(GitServer(root, ("robot", "p:ss/w@rd"))).url_with_credentials
        mirrors = stack.enter_context(Mirrors(Git.find(), tmp_path / "cache"))
        remotes, clock = ProjectRemotes(base), TickingClock()
        yield World(
            lambda: MirroredRepos(remotes, mirrors, ROBOT, clock),
            lambda branch, files: commit_files(bare, branch, files),
        )


def _fake_world() -> World:
    remotes, clock = FakeRemotes(), TickingClock()
    remote = remotes.create(PROJECT, FILES, START)

    def commit(branch: str, files: Mapping[str, bytes | None]) -> str:
        repo = FakeRepos(remotes, clock, "Petra Person").repo(PROJECT)
        expected = repo.head(branch)
        parent = expected or remote.branches["main"]
        return repo.push(branch, Change(files, "Change"), parent=parent, expected=expected)

    return World(lambda: FakeRepos(remotes, clock), commit)


@pytest.fixture
def repo(world: World) -> GitOpsRepo:
    return world.client().repo(PROJECT)


def test_a_repository_is_refreshed_once_and_then_when_asked(world: World, repo: GitOpsRepo) -> None:
    before = main_of(repo)
    after = world.commit("main", {"new.yaml": b"x\n"})
    assert repo.head("main") == before
    assert repo.head("nowhere") is None
    repo.refresh()
    assert repo.head("main") == after
    assert repo.read(after, ["new.yaml"]) == {"new.yaml": b"x\n"}


def test_the_same_project_is_the_same_object(world: World) -> None:
    repos = world.client()
    assert repos.repo(PROJECT) is repos.repo(PROJECT)


def test_a_missing_repository_is_named(world: World) -> None:
    with pytest.raises(RepositoryMissing) as caught:
        world.client().repo("platform/nothing")
    assert "platform/nothing" in str(caught.value.where)
    assert "p:ss" not in repr(caught.value)


def test_files_are_listed_below_a_folder(repo: GitOpsRepo) -> None:
    head = main_of(repo)
    assert repo.files(head, "") == tuple(sorted(FILES))
    assert repo.files(head, "clusters/dev/inventory") == (RELEASE,)
    assert repo.files(head, "clusters/de") == ()
    assert repo.files(head, "README.md/x") == ()


def test_links_are_no_files_and_tell_where_they_point(world: World, repo: GitOpsRepo) -> None:
    folder = "clusters/dev/inventory"
    links = {f"{folder}/link.yaml": Link(b"../base/link.yaml"), "clusters/e2e": Link(b"dev"), "up": Link(b"..")}
    head = world.commit("main", links)
    repo.refresh()
    assert repo.files(head, "") == tuple(sorted(FILES))
    assert repo.read(head, links) == {}
    assert repo.links(head, folder) == {f"{folder}/link.yaml": "../base/link.yaml"}
    assert repo.links(head, "clusters/dev") == repo.links(head, folder)
    assert repo.links(head, "") == {path: target.decode() for path, target in links.items()}
    assert repo.links(head, "clusters/e2e") == repo.links(head, "clusters/e2e/inventory") == {"clusters/e2e": "dev"}
    assert repo.links(head, "clusters/dev/billing") == repo.links(head, "nowhere") == {}
    changed = world.commit("main", {"up": Link(b"../..")})
    repo.refresh()
    assert repo.changed_files(head, changed) == ("up",)


def test_reading_leaves_out_what_does_not_exist(repo: GitOpsRepo) -> None:
    head = main_of(repo)
    assert repo.read(head, [RELEASE, "nope", "README.md/below", "clusters"]) == {RELEASE: FILES[RELEASE]}


def test_a_file_over_5_mib_is_refused(world: World, repo: GitOpsRepo) -> None:
    limit = 5 * 1024 * 1024
    head = world.commit("main", {"large.yaml": b"x" * (limit + 1), "fits.yaml": b"x" * limit})
    repo.refresh()
    assert len(repo.read(head, ["fits.yaml"])["fits.yaml"]) == limit
    with pytest.raises(FileTooLarge) as caught:
        repo.read(head, ["large.yaml"])
    assert str(caught.value.where) == "large.yaml"


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a//b", "a/./b", ".git/config", "a/.GIT/x", "a\nb", "a\\b", ""]
)
def test_unsafe_paths_are_refused(repo: GitOpsRepo, path: str) -> None:
    head = main_of(repo)
    with pytest.raises(UnsafePath):
        repo.read(head, [path])
    with pytest.raises(UnsafePath):
        repo.push("b", Change({path: b""}, "s"), parent=head, expected=None)


@pytest.mark.parametrize("commit", ["0" * 40, "main", "--all", "HEAD", ""])
def test_a_missing_commit_is_an_error_everywhere(repo: GitOpsRepo, commit: str) -> None:
    head = main_of(repo)
    for call in (
        lambda: repo.commit(commit),
        lambda: repo.read(commit, ["x"]),
        lambda: repo.files(commit, ""),
        lambda: repo.history(commit, "", 1),
        lambda: repo.merge_base(head, commit),
        lambda: repo.changed_files(head, commit),
        lambda: repo.diff(head, commit, ["x"]),
        lambda: repo.push("b", Change({"x": b""}, "s"), parent=commit, expected=None),
    ):
        with pytest.raises(CommitMissing):
            call()


def test_a_push_writes_one_commit_that_tells_all(world: World, repo: GitOpsRepo) -> None:
    parent = main_of(repo)
    trailers = {"Tidegate-Service": "inventory", "Tidegate-To": "e2e"}
    change = Change({RELEASE: b"tag: 1.0.1\n", "new/deep/file": b"n"}, "Promote", "Why: because", trailers, "alice")
    new = repo.push("promote", change, parent=parent, expected=None)
    assert repo.head("promote") == new
    again = world.client().repo(PROJECT)
    assert again.head("promote") == new
    commit = again.commit(new)
    assert (commit.id, commit.parents, commit.author, commit.subject) == (new, (parent,), "alice", "Promote")
    assert commit.trailers == trailers
    assert commit.at.year == START.year
    assert again.read(new, FILES) == {**FILES, RELEASE: b"tag: 1.0.1\n"}
    assert again.changed_files(parent, new) == (RELEASE, "new/deep/file")


def test_the_author_is_the_configured_identity_when_none_is_named(repo: GitOpsRepo) -> None:
    new = repo.push("b", Change({"x": b"1"}, "s"), parent=main_of(repo), expected=None)
    assert repo.commit(new).author == "Tidegate"


def test_a_trailer_can_not_bring_in_another(repo: GitOpsRepo) -> None:
    change = Change(
        {"x": b"1"}, "one\n\nTidegate-Service: evil", "", {"Tidegate-Service": "a\nTidegate-To: production"}
    )
    commit = repo.commit(repo.push("b", change, parent=main_of(repo), expected=None))
    assert commit.trailers == {"Tidegate-Service": "a Tidegate-To: production"}
    assert commit.subject == "one Tidegate-Service: evil"


def test_a_file_is_deleted(repo: GitOpsRepo) -> None:
    parent = main_of(repo)
    new = repo.push("b", Change({"README.md": None, "never/there": None}, "s"), parent=parent, expected=None)
    assert repo.files(new, "") == tuple(sorted(set(FILES) - {"README.md"}))
    assert repo.changed_files(parent, new) == ("README.md",)


def test_a_change_that_changes_nothing_pushes_the_parent(world: World, repo: GitOpsRepo) -> None:
    parent = main_of(repo)
    assert repo.push("b", Change({RELEASE: FILES[RELEASE]}, "s"), parent=parent, expected=None) == parent
    assert world.client().repo(PROJECT).head("b") == parent


def test_a_branch_must_be_where_it_is_expected(world: World, repo: GitOpsRepo) -> None:
    old = main_of(repo)
    moved = world.commit("main", {"theirs": b"t"})
    for expected in (old, None, "1" * 40):
        with pytest.raises(LeaseLost) as caught:
            repo.push("main", Change({"ours": b"o"}, "s"), parent=old, expected=expected)
        assert caught.value.retryable
    repo.refresh()
    assert repo.head("main") == moved
    new = repo.push("main", Change({"ours": b"o"}, "s"), parent=moved, expected=moved)
    assert set(repo.files(new, "")) == {*FILES, "theirs", "ours"}


def test_many_branches_are_pushed_at_once_each_with_its_own_lease(world: World, repo: GitOpsRepo) -> None:
    main = main_of(repo)
    theirs = world.commit("taken", {"theirs": b"t"})
    pushes = [
        BranchPush(name, Change({name: name.encode(), "README.md": b"all\n"}, f"Write {name}"), parent, expected)
        for name, parent, expected in (
            ("one", main, None),
            ("taken", main, None),
            ("nowhere", "1" * 40, None),
            ("five", main, None),
            ("main", main, main),
        )
    ]
    pushes.insert(2, BranchPush("unsafe", Change({"../x": b""}, "s"), main, None))
    pushes.insert(3, BranchPush("same", Change({RELEASE: FILES[RELEASE]}, "s"), main, None))
    told = {each.branch: pushed for each, pushed in zip(pushes, repo.push_each(pushes), strict=True)}
    assert isinstance(told["taken"], LeaseLost)
    assert isinstance(told["nowhere"], CommitMissing)
    assert isinstance(told["unsafe"], UnsafePath)
    assert told["same"] == main
    again = world.client().repo(PROJECT)
    assert again.head("taken") == theirs
    for name in ("one", "five", "main"):
        new = told[name]
        assert isinstance(new, str)
        assert repo.head(name) == again.head(name) == new
        assert again.changed_files(main, new) == tuple(sorted(("README.md", name)))
        assert (again.commit(new).parents, again.commit(new).subject) == ((main,), f"Write {name}")
    assert repo.head("nowhere") is again.head("unsafe") is None


def test_nothing_to_push_is_no_push(repo: GitOpsRepo) -> None:
    assert repo.push_each(()) == ()


def test_a_branch_may_be_moved_back_with_a_lease(repo: GitOpsRepo) -> None:
    main = main_of(repo)
    one = repo.push("b", Change({"x": b"1"}, "s"), parent=main, expected=None)
    two = repo.push("b", Change({"x": b"2"}, "s"), parent=main, expected=one)
    assert repo.commit(two).parents == (main,)
    repo.refresh()
    assert repo.head("b") == two


def test_deleting_has_a_lease_too(repo: GitOpsRepo) -> None:
    main = main_of(repo)
    head = repo.push("b", Change({"x": b"1"}, "s"), parent=main, expected=None)
    with pytest.raises(LeaseLost):
        repo.delete("b", expected=main)
    repo.delete("b", expected=head)
    assert repo.head("b") is None
    repo.refresh()
    assert repo.head("b") is None
    with pytest.raises(LeaseLost):
        repo.delete("b", expected=head)


def test_history_is_that_of_a_path_newest_first(repo: GitOpsRepo) -> None:
    first = main_of(repo)
    one = repo.push("main", Change({RELEASE: b"tag: 1.0.1\n"}, "one"), parent=first, expected=first)
    two = repo.push("main", Change({"README.md": b"other\n"}, "two"), parent=one, expected=one)
    three = repo.push("main", Change({RELEASE: b"tag: 1.0.2\n"}, "three"), parent=two, expected=two)
    assert [commit.id for commit in repo.history(three, RELEASE, 10)] == [three, one, first]
    assert [commit.id for commit in repo.history(three, "clusters/dev/inventory", 2)] == [three, one]
    assert [commit.id for commit in repo.history(three, "", 2)] == [three, two]
    assert repo.history(three, "nowhere", 3) == ()


def test_merge_bases(world: World, repo: GitOpsRepo) -> None:
    base = main_of(repo)
    left = repo.push("left", Change({"l": b"1"}, "l"), parent=base, expected=None)
    right = world.commit("main", {"r": b"1"})
    repo.refresh()
    assert repo.merge_base(left, right) == base
    assert repo.merge_base(base, left) == base
    assert repo.merge_base(left, left) == left


def test_a_rename_is_both_paths_and_a_diff_is_limited(repo: GitOpsRepo) -> None:
    base = main_of(repo)
    files = {"README.md": None, "LIESMICH.md": FILES["README.md"], RELEASE: b"tag: 1.0.1\n"}
    head = repo.push("b", Change(files, "s"), parent=base, expected=None)
    assert repo.changed_files(base, head) == ("LIESMICH.md", "README.md", RELEASE)
    diff = repo.diff(base, head, ["clusters/dev"])
    assert f"diff --git a/{RELEASE} b/{RELEASE}\n" in diff
    assert "\n-tag: 1.0.0\n+tag: 1.0.1\n" in diff
    assert "README" not in diff
    assert repo.diff(base, head, []) == ""
    assert repo.diff(base, head, ["nowhere"]) == ""
