"""What whoever may push a branch can put into it: each is read in bounds, or refused in a word."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.git_worlds import bare_repository, git, main_of, repo_on
from tidegate.errors.git import TreeTooLarge, UnsafePath
from tidegate.git import Git, Mirrors, Remote
from tidegate.git import trees as trees_module
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


def tree_of(bare: Path, *lines: str) -> str:
    return git("mktree", cwd=bare, data="".join(f"{line}\n" for line in lines).encode())


def commit_of(bare: Path, tree: str) -> str:
    """Return a commit on main's whose folder `more` is `tree`, on a branch of its own."""
    root = tree_of(bare, git("ls-tree", "main", cwd=bare), f"040000 tree {tree}\tmore")
    commit = git("commit-tree", root, "-p", "main", "-m", "x", cwd=bare)
    git("update-ref", "refs/heads/evil", commit, cwd=bare)
    return commit


def test_folders_that_are_all_one_folder_are_not_walked_to_their_end(bare: Path, mirror: Mirror) -> None:
    blob = git("hash-object", "-w", "--stdin", cwd=bare, data=b"x")
    tree = tree_of(bare, *(f"100644 blob {blob}\tf{number}" for number in range(10)))
    for _ in range(9):
        tree = tree_of(bare, *(f"040000 tree {tree}\td{number}" for number in range(10)))
    commit = commit_of(bare, tree)
    repo = repo_on(mirror)
    for walk in (
        lambda: repo.changed_files(main_of(repo), commit),
        lambda: repo.files(commit, ""),
        lambda: repo.links(commit, "more"),
    ):
        with pytest.raises(TreeTooLarge, match="more than 500,000 files"):
            walk()
    assert repo.files(commit, "clusters") == tuple(FILES)


def test_folders_deeper_than_any_path_are_not_walked_to_their_end(bare: Path, mirror: Mirror) -> None:
    blob = git("hash-object", "-w", "--stdin", cwd=bare, data=b"x")
    tree = tree_of(bare, f"100644 blob {blob}\tf")
    for _ in range(20):
        tree = tree_of(bare, f"040000 tree {tree}\t{'d' * 250}")
    commit = commit_of(bare, tree)
    repo = repo_on(mirror)
    with pytest.raises(TreeTooLarge, match="too deep"):
        repo.changed_files(main_of(repo), commit)


@pytest.mark.parametrize("kind", ["folders", "links", "commits"])
def test_what_is_large_together_is_not_read(
    bare: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    blobs = [git("hash-object", "-w", "--stdin", cwd=bare, data=b"%d" % n * 200) for n in range(9)]
    if kind == "links":
        tree = tree_of(bare, *(f"120000 blob {each}\tl{n}" for n, each in enumerate(blobs)))
    else:
        folders = [tree_of(bare, f"100644 blob {each}\t{str(n) * 200}") for n, each in enumerate(blobs)]
        tree = tree_of(bare, *(f"040000 tree {each}\td{n}" for n, each in enumerate(folders)))
    commit = commit_of(bare, tree)
    monkeypatch.setattr(trees_module, "_MOST_OTHER_BYTES", 100 if kind == "commits" else 1000)
    repo = repo_on(mirror)
    with pytest.raises(TreeTooLarge, match=rf"{kind} .*have [0-9,]+ bytes together"):
        repo.commit(commit) if kind == "commits" else repo.links(commit, "more")


def test_a_commit_of_any_length_is_not_read_whole(bare: Path, mirror: Mirror) -> None:
    tree = git("rev-parse", "main^{tree}", cwd=bare)
    commit = git("commit-tree", tree, "-p", "main", cwd=bare, data=b"long\n" * 4_000_000)
    git("update-ref", "refs/heads/evil", commit, cwd=bare)
    repo = repo_on(mirror)
    with pytest.raises(TreeTooLarge, match=rf"commit {commit[:12]} has 20,000,\d+ bytes"):
        repo.commit(commit)
    assert repo.commit(main_of(repo)).id == main_of(repo)
    assert repo.changed_files(main_of(repo), commit) == ()


def test_files_that_are_too_much_together_are_not_read(
    bare: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees_module, "_MOST_BYTES", 10)
    commit = imported(bare, "many", b"".join(b"M 100644 inline f%d\ndata 4\nf %d\n\n" % (n, n) for n in range(3)))
    repo = repo_on(mirror)
    with pytest.raises(TreeTooLarge, match="12 bytes together"):
        repo.read(commit, ["f0", "f1", "f2"])
    assert repo.read(commit, ["f0", "f1"]) == {"f0": b"f 0\n", "f1": b"f 1\n"}


def test_of_a_diff_what_is_too_long_for_anybody_is_left_out_and_counted(bare: Path, mirror: Mirror) -> None:
    files = [
        (b"big", b"line\n" * 300_000),
        (b"small", b"one\n"),
        *((b"%s/f%d" % (b"d" * 200, n), b"x") for n in range(20_000)),
    ]
    changes = (b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(data), data) for name, data in files)
    commit = imported(bare, "long", b"".join(changes))
    repo = repo_on(mirror)
    base = main_of(repo)
    changed = repo.changed_files(base, commit)
    assert len(changed) == 20_002
    told = repo.diff(base, commit, changed)
    assert told.endswith("more, too long to be shown\n")
    assert len(told) < 500_000
    assert repo.diff(base, commit, ["big"]) == "\\ 1 more, too long to be shown\n"
    both = repo.diff(base, commit, ["big", "small"])
    assert both.endswith("@@ -0,0 +1 @@\n+one\n\\ 1 more, too long to be shown\n")


def test_of_a_diff_what_takes_a_files_name_is_left_out_where_it_is_too_long(bare: Path, mirror: Mirror) -> None:
    name = "clusters/e2e/app/release.yaml"
    short, long = b"M 100644 inline %s/short\ndata 2\na\n\n", b"M 100644 inline %s/long\ndata 2000000\n%s\n"
    commit = imported(
        bare, "b", b"D %s\n" % name.encode() + short % name.encode() + long % (name.encode(), b"x" * 2_000_000)
    )
    repo = repo_on(mirror)
    base = main_of(repo)
    for before, after in ((base, commit), (commit, base)):
        told = repo.diff(before, after, repo.changed_files(before, after))
        assert told.startswith(f"diff --git a/{name}/short")
        assert len(told) < 1000
        assert told.endswith("\n\\ 2 more, too long to be shown\n")
