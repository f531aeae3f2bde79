"""Git as the user has it: configuration, credentials, a program that is missing, old, or hangs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.git_server import GitServer
from support.git_worlds import bare_repository, fake_git, main_of, repo_on
from tidegate.errors.git import (
    GitMissing,
    GitSlow,
    GitUnauthorized,
    RemoteUnreachable,
    RepositoryMissing,
)
from tidegate.git import Git, Mirrors, ProjectRemotes, Remote
from tidegate.git import program as program_module
from tidegate.ports import Change

FILES = {"a.yaml": b"a: 1\n", "deep/er/b.yaml": b"b: 1\n"}


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    return bare_repository(tmp_path, "app", FILES)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_the_users_configuration_can_not_surprise(
    bare: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("pre-push", "reference-transaction"):
        # Not where the remote itself is: there, hooks are the remote's business.
        (hooks / name).write_text(f"#!/bin/sh\ncase $GIT_DIR in *cache*) touch {tmp_path}/ran-{name}; exit 1; esac\n")
        (hooks / name).chmod(0o755)
    (tmp_path / "config").write_text(
        f"[core]\n hooksPath = {hooks}\n[push]\n gpgSign = true\n followTags = true\n[log]\n showSignature = true\n"
        f"[init]\n templateDir = {hooks}\n[diff]\n external = false\n noprefix = true\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_NAMESPACE", "elsewhere")
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "config/objects"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_ALLOW_PROTOCOL", "ext")
    with Mirrors(Git.find(), cache) as mirrors:
        repo = repo_on(mirrors.mirror(Remote.parse(str(bare))))
        new = repo.push("b", Change({"a.yaml": b"2"}, "s"), parent=main_of(repo), expected=None)
        assert "--- a/a.yaml\n+++ b/a.yaml\n" in repo.diff(main_of(repo), new, ["a.yaml"])
        assert len(repo.history(new, "", 5)) == 2
    assert not list(tmp_path.glob("ran-*"))


def test_a_password_is_never_an_argument(bare: Path, cache: Path, tmp_path: Path) -> None:
    real = shutil.which("git")
    environ = fake_git(tmp_path / "bin", f'echo "$@" >> {tmp_path}/log\nexec {real} "$@"')
    with GitServer(bare.parent, ("robot", "hunter2")) as server, Mirrors(Git.find(environ), cache) as mirrors:
        mirror = mirrors.mirror(ProjectRemotes(server.url_with_credentials).remote("app"))
        repo = repo_on(mirror)
        repo.push("b", Change({"c": b"1"}, "s"), parent=main_of(repo), expected=None)
    log = (tmp_path / "log").read_text()
    assert server.url in log
    assert "hunter2" not in log
    assert "hunter2" not in "".join(path.read_text("latin-1") for path in cache.rglob("*") if path.is_file())


def test_wrong_and_missing_credentials(bare: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    with GitServer(bare.parent, ("robot", "hunter2")) as server, Mirrors(Git.find(), cache) as mirrors:
        for base in (server.url, server.url.replace("http://", "http://robot:wrong-secret@")):
            with pytest.raises(GitUnauthorized) as caught:
                mirrors.mirror(ProjectRemotes(base).remote("app")).refresh()
            assert caught.value.exit_code == 4
            assert "wrong-secret" not in f"{caught.value} {caught.value.where} {caught.value.hint}"


def test_a_credential_helper_of_the_user_works(
    bare: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    helper = "!f() { echo username=robot; echo password=hunter2; }; f"
    (tmp_path / "config").write_text(f'[credential]\n helper = "{helper}"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    with GitServer(bare.parent, ("robot", "hunter2")) as server, Mirrors(Git.find(), cache) as mirrors:
        assert mirrors.mirror(ProjectRemotes(server.url).remote("app")).refresh()


def test_nobody_there(tmp_path: Path, cache: Path) -> None:
    with GitServer(tmp_path) as server:
        gone = server.url
    with Mirrors(Git.find(), cache) as mirrors:
        with pytest.raises(RemoteUnreachable):
            mirrors.mirror(ProjectRemotes(gone).remote("app")).refresh()
        with pytest.raises(RepositoryMissing):
            mirrors.mirror(Remote.parse(str(tmp_path / "none.git"))).refresh()
    assert not list(cache.glob("*.git"))


def test_no_git_or_an_old_one(tmp_path: Path) -> None:
    with pytest.raises(GitMissing, match="no git"):
        Git.find({"PATH": str(tmp_path)})
    with pytest.raises(GitMissing, match=r"too old: git version 2\.37\.4"):
        Git.find(fake_git(tmp_path / "old", "echo git version 2.37.4"))
    Git.find(fake_git(tmp_path / "new", "echo 'git version 2.38.0 (Apple Git-1)'"))


def test_a_git_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = f'case "$*" in *version*) echo git version 2.40.0;; *) (sleep 60; touch {tmp_path}/late) & wait;; esac'
    program = Git.find(fake_git(tmp_path / "bin", script))
    monkeypatch.setattr(program_module, "REMOTE_SECONDS", 0.2)
    monkeypatch.setattr(program_module, "LOCAL_SECONDS", 0.2)
    with pytest.raises(RemoteUnreachable, match="in time") as remote:
        program.run("ls-remote", remote=Remote.parse("/x"))
    with pytest.raises(GitSlow, match="git repack did not end in time") as local:
        program.run("repack")
    assert (remote.value.where, local.value.where) == ("/x", None)
    assert "disk" in str(local.value.hint)
