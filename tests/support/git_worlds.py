"""Repositories, clocks and plain git for tests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from tidegate.git import Identity
from tidegate.git.mirror import Mirror
from tidegate.gitops import MirroredRepo
from tidegate.ports import GitOpsRepo
from tidegate.testing.remotes import Link

ROBOT = Identity("Tidegate", "tidegate@example.com")
START = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


class TickingClock:
    """A clock that goes on by one second at each look, and never waits."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._lock = Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        with self._lock:
            self._now += timedelta(seconds=1)
            return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class StandingClock(TickingClock):
    """A clock that stands still."""

    def now(self) -> datetime:
        return START


def git(*arguments: str, cwd: Path, data: bytes | None = None) -> str:
    """Run plain git as a person would, independent of the code under test; return what it printed."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "LC_ALL": "C",
        **{f"GIT_{role}_NAME": "Petra Person" for role in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{role}_EMAIL": "petra@example.com" for role in ("AUTHOR", "COMMITTER")},
    }
    done = subprocess.run(["git", *arguments], cwd=cwd, env=environ, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def bare_repository(root: Path, project: str, files: Mapping[str, bytes] | None = None) -> Path:
    """Make `root/project.git` with branch `main`; with files, they are its first commit."""
    path = root / f"{project}.git"
    path.mkdir(parents=True)
    git("init", "--quiet", "--bare", "--initial-branch=main", cwd=path)
    if files:
        commit_files(path, "main", files)
    return path


def commit_files(repository: Path, branch: str, files: Mapping[str, bytes | None], subject: str = "Change") -> str:
    """Commit on `branch` of a bare repository with plain git (a new branch starts at main); return the commit id."""
    stream = [f"feature done\ncommit refs/heads/{branch}\ncommitter Petra Person <petra@example.com> now\n".encode()]
    stream.append(b"data %d\n%s\n" % (len(subject.encode()), subject.encode()))
    heads = git("for-each-ref", "--format=%(refname)", "refs/heads", cwd=repository).split()
    if f"refs/heads/{branch}" in heads:
        stream.append(f"from refs/heads/{branch}^0\n".encode())
    elif heads:
        stream.append(b"from refs/heads/main\n")
    for path, data in files.items():
        if data is None:
            stream.append(f"D {path}\n".encode())
        else:
            mode = b"120000" if isinstance(data, Link) else b"100644"
            stream.append(b"M %s inline %s\ndata %d\n%s\n" % (mode, path.encode(), len(data), data))
    stream.append(b"\ndone\n")
    git("fast-import", "--quiet", "--done", "--date-format=now", cwd=repository, data=b"".join(stream))
    return git("rev-parse", f"refs/heads/{branch}", cwd=repository)


def repo_on(mirror: Mirror) -> MirroredRepo:
    """Return a repository as its mirror has it now."""
    repo = MirroredRepo(mirror, ROBOT, TickingClock())
    repo.refresh()
    return repo


def main_of(repo: GitOpsRepo) -> str:
    """Return the head of main, which must be there."""
    head = repo.head("main")
    assert head is not None
    return head


def fake_git(folder: Path, script: str) -> dict[str, str]:
    """Return an environment whose `git` is a script."""
    folder.mkdir()
    (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "git").chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}
