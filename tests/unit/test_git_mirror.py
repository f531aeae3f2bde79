"""The git program and its cached mirrors, on real repositories."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.git_worlds import (
    ROBOT,
    START,
    StandingClock,
    bare_repository,
    commit_files,
    fake_git,
    git,
    main_of,
    repo_on,
)
from tidegate.errors.git import (
    CacheBroken,
    CacheUnusable,
    GitFailed,
    PushRefused,
    UnsafePath,
)
from tidegate.git import Git, Mirrors, Remote
from tidegate.git import program as program_module
from tidegate.git.fast_import import NewCommit, write_commit
from tidegate.git.mirror import Mirror
from tidegate.git.trees import entries, read_files
from tidegate.gitops import MirroredRepo
from tidegate.ports import Change

FILES = {"a.yaml": b"a: 1\n", "deep/er/b.yaml": b"b: 1\n"}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path, "app", FILES)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def mirror(bare: Path, cache: Path) -> Iterator[Mirror]:
    with Mirrors(Git.find(), cache) as mirrors:
        yield mirrors.mirror(Remote.parse(str(bare)))


def test_all_refs_of_ours_are_mirrored_and_gone_ones_pruned(bare: Path, cache: Path, mirror: Mirror) -> None:
    for ref in ("heads/a", "tags/1.0.0", "merge-requests/1/head", "tidegate/merge-requests/1", "private/x"):
        git("update-ref", f"refs/{ref}", "main", cwd=bare)
    refs = mirror.refresh()
    assert sorted(refs) == [
        "refs/heads/a",
        "refs/heads/main",
        "refs/merge-requests/1/head",
        "refs/tags/1.0.0",
        "refs/tidegate/merge-requests/1",
    ]
    git("update-ref", "-d", "refs/tags/1.0.0", cwd=bare)
    (folder,) = cache.glob("*.git")
    made = (folder / "HEAD").stat().st_ino
    assert "refs/tags/1.0.0" not in mirror.refresh()
    git("update-ref", "-d", "refs/heads/a", cwd=bare)
    git("update-ref", "refs/heads/a/b", "main", cwd=bare)
    assert "refs/heads/a/b" in mirror.refresh()
    assert (folder / "HEAD").stat().st_ino == made


def test_the_cache_may_vanish_at_any_time(mirror: Mirror, cache: Path) -> None:
    repo = repo_on(mirror)
    head = main_of(repo)
    assert repo.read(head, ["a.yaml"])
    shutil.rmtree(cache)
    assert repo.diff(head, head, ["a.yaml"]) == ""
    shutil.rmtree(cache)
    assert repo.read(head, FILES) == FILES
    shutil.rmtree(cache)
    new = repo.push("b", Change({"c.yaml": b"c"}, "s"), parent=head, expected=None)
    shutil.rmtree(cache)
    assert repo.commit(new).parents == (head,)


@pytest.mark.parametrize("harm", ["no objects", "empty objects", "no refs", "a lock", "a file"])
def test_a_broken_cache_is_made_anew(mirror: Mirror, cache: Path, harm: str) -> None:
    repo = repo_on(mirror)
    head = main_of(repo)
    mirror.close()
    (folder,) = cache.glob("*.git")
    objects = [path for path in (folder / "objects").rglob("*") if path.is_file()]
    assert objects
    for path in objects:
        path.chmod(0o600)
        if harm == "no objects":
            path.unlink()
        elif harm == "empty objects":
            path.write_bytes(b"")
    if harm == "no refs":
        shutil.rmtree(folder / "refs")
    if harm == "a lock":
        git("commit-tree", "-m", "x", f"{head}^{{tree}}", cwd=folder)
        (folder / "refs/heads/main.lock").touch()
        (folder / "refs/heads/main").write_text("0" * 39 + "1\n")
    if harm == "a file":
        shutil.rmtree(folder)
        folder.write_text("not a repository")
    repo.refresh()
    assert main_of(repo) == head
    assert repo.read(head, FILES) == FILES
    assert not list(cache.glob("*.tmp-*"))


@pytest.mark.parametrize(
    "answer",
    [
        lambda repo, head: repo.read(head, FILES),
        lambda repo, head: repo.history(head, "", 1),
        lambda repo, head: repo.merge_base(head, head),
        lambda repo, head: repo.changed_files(head, head),
        lambda repo, head: repo.push("b", Change({"c": b"1"}, "s"), parent=head, expected=None),
    ],
)
def test_a_cache_that_breaks_between_readings_is_made_anew(
    mirror: Mirror, cache: Path, answer: Callable[[MirroredRepo, str], object]
) -> None:
    repo = repo_on(mirror)
    head = main_of(repo)
    mirror.close()
    for path in cache.glob("*.git/objects/??/*"):
        path.chmod(0o600)
        path.write_bytes(b"torn")
    answer(repo, head)


def test_what_a_killed_run_left_behind_is_swept_away(mirror: Mirror, cache: Path) -> None:
    left = cache / f"{mirror.remote.name}.tmp-killed"
    (left / "new").mkdir(parents=True)
    mirror.refresh()
    assert not left.exists()


def test_many_at_once_share_one_cache(bare: Path, cache: Path) -> None:
    def visit(number: int) -> str:
        with Mirrors(Git.find(), cache) as mirrors:
            repo = repo_on(mirrors.mirror(Remote.parse(str(bare))))
            change = Change({f"file-{number}": b"x"}, "s")
            return repo.push(f"b{number}", change, parent=main_of(repo), expected=None)

    with ThreadPoolExecutor(6) as pool:
        pushed = list(pool.map(visit, range(6)))
    assert git("for-each-ref", "--format=%(objectname)", "refs/heads/b*", cwd=bare).split() == pushed


def test_one_repository_serves_many_threads(mirror: Mirror) -> None:
    repo = repo_on(mirror)
    head = main_of(repo)
    with ThreadPoolExecutor(8) as pool:
        assert all(found == FILES for found in pool.map(lambda _: repo.read(head, FILES), range(64)))


def test_many_objects_are_asked_for_without_a_standstill(bare: Path, mirror: Mirror) -> None:
    files = {f"folder-{number % 40}/{'n' * 60}-{number}.yaml": b"x" * 400 for number in range(2000)}
    head = commit_files(bare, "main", files)
    repo = repo_on(mirror)
    assert set(repo.files(head, "")) == {*files, *FILES}
    assert repo.read(head, files) == files
    names = [f"{head}:{path}" for path in files] * 5
    assert None not in mirror.ask(lambda reader: reader.info(names))


def test_modes_are_kept_and_new_files_are_plain(bare: Path, mirror: Mirror) -> None:
    stream = (
        b"commit refs/heads/main\ncommitter P <p@example.com> now\ndata 1\nx\nfrom refs/heads/main^0\n"
        b"M 100755 inline run.sh\ndata 2\n#!\nM 120000 inline link\ndata 6\na.yaml\n"
    )
    git("fast-import", "--quiet", "--date-format=now", cwd=bare, data=stream)
    repo = repo_on(mirror)
    head = main_of(repo)
    new = repo.push("b", Change({"run.sh": b"#!/bin/sh", 'odd "name" é': b"1"}, "s"), parent=head, expected=None)
    found = mirror.ask(lambda reader: entries(reader, new, ["run.sh", 'odd "name" é', "link", "deep"]))
    assert {path: entry.mode for path, entry in found.items()} == {
        "run.sh": "100755",
        'odd "name" é': "100644",
        "link": "120000",
        "deep": "40000",
    }
    assert repo.files(head, "") == ("a.yaml", "deep/er/b.yaml", "run.sh")
    assert repo.read(head, ["link"]) == {}


@pytest.mark.parametrize("path", ["link", "link/below", "a.yaml/below", "deep", "deep/er"])
def test_nothing_is_written_through_links_or_over_folders(bare: Path, mirror: Mirror, path: str) -> None:
    stream = (
        b"commit refs/heads/main\ncommitter P <p@example.com> now\ndata 1\nx\nfrom refs/heads/main^0\n"
        b"M 120000 inline link\ndata 7\n../../x\n"
    )
    git("fast-import", "--quiet", "--date-format=now", cwd=bare, data=stream)
    repo = repo_on(mirror)
    for data in (b"new", None):
        if data is None and path.endswith("below"):
            continue
        with pytest.raises(UnsafePath):
            repo.push("b", Change({path: data}, "s"), parent=main_of(repo), expected=None)


def test_the_same_commit_at_the_same_time_is_the_same_and_adopted(bare: Path, cache: Path) -> None:
    ids = []
    for folder in (cache / "one", cache / "two"):
        with Mirrors(Git.find(), folder) as mirrors:
            repo = MirroredRepo(mirrors.mirror(Remote.parse(str(bare))), ROBOT, StandingClock())
            repo.refresh()
            ids.append(repo.push("b", Change({"c": b"1"}, "s", "", {"X": "y"}), parent=main_of(repo), expected=None))
    assert ids[0] == ids[1]


def test_writing_leaves_no_ref_behind_and_no_identical_commit(mirror: Mirror) -> None:
    repo = repo_on(mirror)
    head = main_of(repo)
    new = NewCommit(head, {"c": b"1"}, "m\n", ROBOT, ROBOT, START)
    written = write_commit(mirror, new)
    assert mirror.run("for-each-ref", "--format=%(refname)").text == "refs/heads/main"
    assert mirror.ask(lambda reader: read_files(reader, written, ["c"])) == {"c": b"1"}
    assert write_commit(mirror, NewCommit(head, dict(FILES), "m\n", ROBOT, ROBOT, START)) == head


def test_a_hook_of_the_remote_may_refuse_and_is_quoted(bare: Path, mirror: Mirror) -> None:
    hook = bare / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'only on Mondays' >&2\nexit 1\n")
    hook.chmod(0o755)
    repo = repo_on(mirror)
    with pytest.raises(PushRefused, match="only on Mondays"):
        repo.push("b", Change({"c": b"1"}, "s"), parent=main_of(repo), expected=None)


def test_a_branch_in_the_way_of_another_is_not_a_lost_race(mirror: Mirror) -> None:
    repo = repo_on(mirror)
    with pytest.raises(PushRefused, match="in its way"):
        repo.push("main/b", Change({"c": b"1"}, "s"), parent=main_of(repo), expected=None)


def test_a_reader_that_dies_is_reported_when_a_new_one_dies_too(bare: Path, cache: Path, tmp_path: Path) -> None:
    real = shutil.which("git")
    environ = fake_git(tmp_path / "bin", f'case "$*" in *batch-command*) exit 1;; esac\nexec {real} "$@"')
    with Mirrors(Git.find(environ), cache) as mirrors:
        repo = repo_on(mirrors.mirror(Remote.parse(str(bare))))
        with pytest.raises(CacheBroken):
            repo.read(main_of(repo), ["a.yaml"])


def test_a_cache_folder_that_is_none_is_named(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Mirrors(Git.find(), tmp_path / "file/cache") as mirrors, pytest.raises(CacheUnusable) as caught:
        mirrors.mirror(Remote.parse(str(bare))).refresh()
    assert str(caught.value.where) == str(tmp_path / "file/cache")


def test_a_sha256_repository_is_refused_in_clear_words(tmp_path: Path, cache: Path) -> None:
    git("init", "--quiet", "--bare", "--object-format=sha256", "new.git", cwd=tmp_path)
    commit_files(tmp_path / "new.git", "main", FILES)
    with Mirrors(Git.find(), cache) as mirrors, pytest.raises(GitFailed, match="SHA-256"):
        mirrors.mirror(Remote.parse(str(tmp_path / "new.git"))).refresh()


def test_an_interrupted_push_leaves_no_lock_behind(bare: Path, cache: Path, tmp_path: Path) -> None:
    hook = bare / "hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n[ $1 != prepared ] || {{ touch {tmp_path}/begun; sleep 30; }}\n")
    hook.chmod(0o755)
    with Mirrors(Git.find(), cache) as mirrors:
        remote = Remote.parse(str(bare))
        head = repo_on(mirrors.mirror(remote)).head("main")
        (folder,) = cache.glob("*.git")
        process = Git.find().start("push", "--", remote.url, f"{head}:refs/heads/b", folder=folder, remote=remote)
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        program_module.end(process)
    assert process.returncode
    assert not list(bare.rglob("*.lock"))
    hook.unlink()
    assert git("for-each-ref", "refs/heads/b", cwd=bare) == ""
