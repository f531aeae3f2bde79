"""What only the local forge does: its refs, its records, races over real git, and the errors of a remote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.git_server import GitServer
from support.git_worlds import ROBOT, START, StandingClock, TickingClock, bare_repository, commit_files, git
from tidegate.errors import TidegateError
from tidegate.errors.forge import (
    ForgeUnauthorized,
    ForgeUnreachable,
    HeadMoved,
    InvalidProject,
    MergeConflict,
    MergeRequestUnreadable,
)
from tidegate.errors.git import InvalidBranch, LeaseLost, PushRefused
from tidegate.forge import LocalForge
from tidegate.forge import local_merge as local_module
from tidegate.forge.ledger import Ledger
from tidegate.forge.records import from_json, to_json
from tidegate.git import Git, Mirrors, ProjectRemotes
from tidegate.git.merge import MergedTree, merge_trees
from tidegate.git.mirror import Mirror
from tidegate.model import Approval, Comment, MergeRequest, MergeRequestState
from tidegate.ports import Clock, NewMergeRequest

PROJECT = "platform/gitops"
GROUPS = {"sre": ["ada"]}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    bare = bare_repository(tmp_path, PROJECT, {"a.yaml": b"a: 1\n"})
    commit_files(bare, "promote", {"a.yaml": b"a: 2\n"}, "Promote")
    return bare


@pytest.fixture
def forge_at(tmp_path: Path) -> Iterator[Callable[..., LocalForge]]:
    with ExitStack() as stack:

        def make(base: str | None = None, clock: Clock | None = None, cache: str = "cache") -> LocalForge:
            mirrors = stack.enter_context(Mirrors(Git.find(), tmp_path / cache))
            return LocalForge(ProjectRemotes(base or str(tmp_path)), mirrors, ROBOT, clock or TickingClock(), GROUPS)

        yield make


@pytest.fixture
def forge(bare: Path, forge_at: Callable[..., LocalForge]) -> LocalForge:
    assert bare.exists()
    return forge_at()


def new(source: str = "promote") -> NewMergeRequest:
    return NewMergeRequest(source, "main", "Promote", "Why", "mallory")


def head_of(bare: Path, branch: str) -> str:
    return git("rev-parse", f"refs/heads/{branch}", cwd=bare)


def test_a_mirror_clone_is_a_backup_of_everything(
    bare: Path, forge: LocalForge, tmp_path: Path, forge_at: Callable[..., LocalForge]
) -> None:
    forge.open(PROJECT, new())
    forge.approve(PROJECT, 1, user="ada")
    forge.comment(PROJECT, 1, user="ada", text="fine")
    forge.merge(PROJECT, 1, head=head_of(bare, "promote"), message="Merge", user="ada")
    git("update-ref", "-d", "refs/heads/promote", cwd=bare)
    copy = tmp_path / "backup" / f"{PROJECT}.git"
    git("clone", "--quiet", "--mirror", str(bare), str(copy), cwd=tmp_path)
    restored = forge_at(str(tmp_path / "backup")).merge_request(PROJECT, 1)
    assert restored == forge.merge_request(PROJECT, 1)
    assert (restored.state, len(restored.approvals), len(restored.comments)) == (MergeRequestState.MERGED, 1, 1)
    assert git("rev-parse", "refs/merge-requests/1/head", cwd=copy) == restored.head


def test_events_are_commits_by_who_acted(bare: Path, forge: LocalForge) -> None:
    forge.open(PROJECT, new())
    forge.approve(PROJECT, 1, user="ada")
    forge.approve(PROJECT, 1, user="ada")
    forge.close(PROJECT, 1, user="grace")
    log = git("log", "--format=%an|%cn|%s", "refs/tidegate/merge-requests/1", cwd=bare)
    assert log.splitlines() == ["grace|Tidegate|Close !1", "ada|Tidegate|Approve !1", "mallory|Tidegate|Open !1"]
    assert git("ls-tree", "--name-only", "refs/tidegate/merge-requests/1", cwd=bare) == "merge-request.json"


def test_the_recorded_head_follows_the_branch(bare: Path, forge: LocalForge) -> None:
    forge.open(PROJECT, new())
    moved = commit_files(bare, "promote", {"a.yaml": b"a: 3\n"})
    assert git("rev-parse", "refs/merge-requests/1/head", cwd=bare) != moved
    forge.approve(PROJECT, 1, user="ada")
    assert git("rev-parse", "refs/merge-requests/1/head", cwd=bare) == moved


def test_a_branch_that_was_reset_and_pushed_by_force_is_followed(bare: Path, forge: LocalForge) -> None:
    forge.open(PROJECT, new())
    git("update-ref", "refs/heads/promote", head_of(bare, "main"), cwd=bare)
    again = commit_files(bare, "promote", {"b.yaml": b"b\n"})
    assert forge.merge_request(PROJECT, 1).head == again
    forge.merge(PROJECT, 1, head=again, message="m", user="ada")
    assert git("ls-tree", "--name-only", "main", cwd=bare).split() == ["a.yaml", "b.yaml"]


def test_the_commit_that_brought_a_hand_merged_branch_in_is_found(bare: Path, forge: LocalForge) -> None:
    forge.open(PROJECT, new())
    head, main = head_of(bare, "promote"), head_of(bare, "main")
    by_hand = git("commit-tree", "-m", "by hand", "-p", main, "-p", head, f"{head}^{{tree}}", cwd=bare)
    git("update-ref", "refs/heads/main", by_hand, cwd=bare)
    commit_files(bare, "main", {"later": b"1"})
    assert forge.merge(PROJECT, 1, head=head, message="m", user="ada").merge_commit == by_hand


def test_branches_without_common_history_conflict(bare: Path, forge: LocalForge) -> None:
    alone = git("commit-tree", "-m", "alone", "main^{tree}", cwd=bare)
    git("update-ref", "refs/heads/promote", alone, cwd=bare)
    forge.open(PROJECT, new())
    assert forge.merge_request(PROJECT, 1).conflicts is True
    with pytest.raises(MergeConflict, match="no common history"):
        forge.merge(PROJECT, 1, head=alone, message="m", user="ada")


def record_of(bare: Path) -> dict[str, object]:
    record: dict[str, object] = json.loads(git("show", "refs/tidegate/merge-requests/1:merge-request.json", cwd=bare))
    return record


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"schemaVersion": 2}, "schema version is 2"),
        ({"schemaVersion": "1"}, "schemaVersion is not a number"),
        ({"iid": 2}, "it says that it is !2"),
        ({"iid": True}, "iid is not a number"),
        ({"state": "ready"}, "ready"),
        ({"title": None}, "title is not a text"),
        ({"createdAt": "yesterday"}, "yesterday"),
        ({"createdAt": "2024-05-01T12:00:00"}, "no time zone"),
        ({"approvals": {}}, "approvals is not a list"),
        ({"approvals": ["ada"]}, "not a JSON object"),
        ({"comments": [{"user": "ada"}]}, "at is missing"),
        ({"mergeCommit": 3}, "mergeCommit is not a text"),
    ],
)
def test_a_record_that_is_wrong_is_an_error(
    bare: Path, forge: LocalForge, changes: Mapping[str, object], why: str
) -> None:
    forge.open(PROJECT, new())
    text = json.dumps({**record_of(bare), **changes}).encode()
    assert_unreadable(bare, forge, b"M 100644 inline merge-request.json\ndata %d\n%s\n" % (len(text), text), why)


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (b"D merge-request.json\n", "it has no merge-request.json"),
        (b"M 100644 inline merge-request.json\ndata 2\n[[\n", "Expecting value"),
        (b"M 100644 inline merge-request.json\ndata 90000\n" + b"[" * 90000 + b"\n", "recursion"),
        (b"M 100644 inline merge-request.json\ndata 6000000\n" + b" " * 6000000 + b"\n", "6,000,000 bytes"),
    ],
)
def test_a_record_that_is_none_is_an_error(bare: Path, forge: LocalForge, tree: bytes, why: str) -> None:
    forge.open(PROJECT, new())
    assert_unreadable(bare, forge, tree, why)


def assert_unreadable(bare: Path, forge: LocalForge, tree: bytes, why: str) -> None:
    ref = b"refs/tidegate/merge-requests/1"
    head = b"commit %s\ncommitter P <p@example.com> now\ndata 1\nx\nfrom %s^0\n" % (ref, ref)
    git("fast-import", "--quiet", "--date-format=now", cwd=bare, data=head + tree)
    with pytest.raises(MergeRequestUnreadable, match=why) as caught:
        forge.merge_request(PROJECT, 1)
    assert caught.value.where == f"{PROJECT}!1"
    assert caught.value.hint
    with pytest.raises(MergeRequestUnreadable):
        forge.merge_requests(PROJECT)
    told: list[TidegateError] = []
    assert forge.merge_requests(PROJECT, unreadable=told.append) == ()
    assert [(one.code, one.where) for one in told] == [("forge/merge-request-unreadable", f"{PROJECT}!1")]


LINES = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20)
MOMENTS = st.integers(0, 10**9).map(lambda seconds: START + timedelta(seconds=seconds))


@given(
    st.builds(
        MergeRequest,
        project=st.just(PROJECT),
        iid=st.integers(1, 10**6),
        title=LINES.map("x".__add__),
        description=LINES,
        author=LINES,
        source_branch=LINES,
        target_branch=LINES,
        head=LINES,
        state=st.sampled_from(MergeRequestState),
        created_at=MOMENTS,
        approvals=st.lists(st.builds(Approval, LINES, MOMENTS, LINES), max_size=2).map(tuple),
        comments=st.lists(st.builds(Comment, LINES, MOMENTS, LINES), max_size=2).map(tuple),
        merge_commit=st.none() | LINES,
    )
)
def test_a_record_is_read_as_it_was_written(request: MergeRequest) -> None:
    assert from_json(PROJECT, request.iid, to_json(request)) == request


def test_many_openers_get_one_number_each(bare: Path, forge_at: Callable[..., LocalForge]) -> None:
    for number in range(6):
        commit_files(bare, f"b{number}", {f"f{number}": b"1"})
    forges = [forge_at(cache=f"cache-{number % 3}") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda number: forges[number].open(PROJECT, new(f"b{number}")), range(6)))
    assert sorted(one.iid for one in opened) == [1, 2, 3, 4, 5, 6]
    assert {one.iid: one.source_branch for one in forges[0].merge_requests(PROJECT)} == {
        one.iid: one.source_branch for one in opened
    }


def test_openers_of_the_same_branches_get_the_same_one(bare: Path, forge_at: Callable[..., LocalForge]) -> None:
    assert bare.exists()
    forges = [forge_at(cache=f"cache-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda one: one.open(PROJECT, new()), forges))
    assert {one.iid for one in opened} == {1}
    assert len(forges[0].merge_requests(PROJECT, state=None)) == 1


def test_no_approval_is_lost_when_many_approve(forge: LocalForge) -> None:
    forge.open(PROJECT, new())
    users = [f"user-{number}" for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda user: forge.approve(PROJECT, 1, user=user), users))
    assert sorted(one.user for one in forge.merge_request(PROJECT, 1).approvals) == users


def test_two_merges_at_once_make_one_merge_commit(bare: Path, forge_at: Callable[..., LocalForge]) -> None:
    forges = [forge_at(cache=f"cache-{number}", clock=StandingClock()) for number in range(2)]
    forges[0].open(PROJECT, new())
    head = head_of(bare, "promote")
    with ThreadPoolExecutor(2) as pool:
        users = ("ada", "grace")
        merged = list(pool.map(lambda n: forges[n].merge(PROJECT, 1, head=head, message="m", user=users[n]), range(2)))
    assert merged[0].merge_commit == merged[1].merge_commit == head_of(bare, "main")
    assert git("rev-list", "--count", "main", cwd=bare) == "3"


def test_a_branch_that_moves_while_it_is_merged_is_not_merged(
    bare: Path, forge: LocalForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge.open(PROJECT, new())
    head, main = head_of(bare, "promote"), head_of(bare, "main")

    def interrupted(mirror: Mirror, ours: str, theirs: str) -> MergedTree:
        commit_files(bare, "promote", {"a.yaml": b"a: evil\n"})
        return merge_trees(mirror, ours, theirs)

    monkeypatch.setattr(local_module, "merge_trees", interrupted)
    with pytest.raises(HeadMoved):
        forge.merge(PROJECT, 1, head=head, message="m", user="ada")
    assert head_of(bare, "main") == main
    assert forge.merge_request(PROJECT, 1).state is MergeRequestState.OPEN


def test_a_merge_that_the_remote_refuses_changes_nothing(bare: Path, forge: LocalForge) -> None:
    forge.open(PROJECT, new())
    main, record = head_of(bare, "main"), git("rev-parse", "refs/tidegate/merge-requests/1", cwd=bare)
    hook = bare / "hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ] || { echo "main is frozen" >&2; exit 1; }\n')
    hook.chmod(0o755)
    with pytest.raises(PushRefused, match="main is frozen"):
        forge.merge(PROJECT, 1, head=head_of(bare, "promote"), message="m", user="ada")
    assert head_of(bare, "main") == main
    assert git("rev-parse", "refs/tidegate/merge-requests/1", cwd=bare) == record


def test_a_race_that_is_always_lost_ends(
    bare: Path, forge_at: Callable[..., LocalForge], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bare.exists()
    clock = TickingClock()

    def lose(*_: object) -> None:
        raise LeaseLost("moved")

    monkeypatch.setattr(Ledger, "write", lose)
    with pytest.raises(LeaseLost):
        forge_at(clock=clock).open(PROJECT, new())
    assert 10 < len(clock.slept) < 100
    assert sum(clock.slept) < 20
    assert max(clock.slept) < 0.5


def test_a_remote_that_wants_credentials_or_is_gone(
    bare: Path, tmp_path: Path, forge_at: Callable[..., LocalForge]
) -> None:
    assert bare.exists()
    with GitServer(tmp_path, ("robot", "hunter2")) as server:
        with pytest.raises(ForgeUnauthorized) as caught:
            forge_at(server.url.replace("http://", "http://robot:wrong-secret@")).merge_requests(PROJECT)
        assert "wrong-secret" not in f"{caught.value} {caught.value.hint}"
    with pytest.raises(ForgeUnreachable) as unreachable:
        forge_at(server.url_with_credentials).merge_requests(PROJECT)
    assert unreachable.value.retryable
    assert "hunter2" not in f"{unreachable.value} {unreachable.value.hint}"


def test_names_that_are_none(forge: LocalForge) -> None:
    with pytest.raises(InvalidProject):
        forge.merge_requests("../elsewhere")
    with pytest.raises(InvalidBranch):
        forge.open(PROJECT, new("--mirror"))
    with pytest.raises(InvalidBranch):
        forge.open(PROJECT, new("main"))


def test_a_title_is_one_line(forge: LocalForge) -> None:
    opened = forge.open(PROJECT, replace(new(), title="one\ntwo\x1b[31m"))
    assert opened.title == "one two [31m"
