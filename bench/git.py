"""What git costs on a repository of 20,000 files: first mirror, refresh, reading, a commit that is pushed, a merge."""

from __future__ import annotations

import compileall
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import tidegate
from tidegate.forge import LocalForge
from tidegate.git import Git, Identity, Mirrors, ProjectRemotes
from tidegate.gitops import MirroredRepos
from tidegate.ports import Change, Clock, NewMergeRequest

FILES = 20_000
FOLDERS = 400
ROUNDS = 9
COMMIT_SECONDS = 0.3
PROJECT = "platform/gitops"
MANIFEST = b"apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n" + b"# padding of a usual manifest\n" * 60


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def path(number: int) -> str:
    return f"clusters/{number % FOLDERS:03}/service-{number:05}/release.yaml"


def make_repository(root: Path) -> None:
    bare = root / f"{PROJECT}.git"
    bare.mkdir(parents=True)
    stream = [b"commit refs/heads/main\ncommitter B <b@example.com> 1700000000 +0000\ndata 5\nbegin\n"]
    for number in range(FILES):
        data = b"# %d\n" % number + MANIFEST
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path(number).encode(), len(data), data))
    for arguments, data in (
        (["init", "-q", "--bare", "-b", "main"], b""),
        (["fast-import", "--quiet"], b"".join(stream)),
    ):
        subprocess.run(["git", *arguments], cwd=bare, input=data, check=True)


def seconds(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    def once() -> float:
        start = time.perf_counter()
        action()
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(rounds))


def measure(root: Path) -> None:
    clock: Clock = _Clock()
    robot = Identity("Tidegate", "tidegate@example.com")
    remotes = ProjectRemotes(str(root))
    with Mirrors(Git.find(), root / "cache") as mirrors:
        repos = MirroredRepos(remotes, mirrors, robot, clock)
        forge = LocalForge(remotes, mirrors, robot, clock, {})
        print(f"  first mirror                  {seconds(lambda: repos.repo(PROJECT), 1):6.3f} s")
        repo = repos.repo(PROJECT)
        print(f"  refresh with nothing new      {seconds(repo.refresh):6.3f} s")
        main = repo.head("main")
        assert main is not None
        everything = repo.files(main, "")
        assert len(everything) == FILES
        print(f"  list all files                {seconds(lambda: repo.files(main, '')):6.3f} s")
        print(f"  read all files                {seconds(lambda: repo.read(main, everything), 3):6.3f} s")
        changes = iter(range(FILES))

        def commit(number: int) -> str:
            change = Change({path(number): b"# changed\n" + MANIFEST}, f"Change {number}")
            return repo.push(f"change-{number}", change, parent=main, expected=None)

        took = seconds(lambda: commit(next(changes)))
        print(f"  commit and push               {took:6.3f} s   at most {COMMIT_SECONDS}")

        def merge(number: int) -> None:
            head = commit(number)
            request = forge.open(PROJECT, NewMergeRequest(f"change-{number}", "main", "Change", "", "ada"))
            forge.merge(PROJECT, request.iid, head=head, message="Merge", user="ada")

        print(f"  commit, open and merge        {seconds(lambda: merge(next(changes)), 3):6.3f} s")


def main() -> None:
    compileall.compile_dir(str(Path(tidegate.__file__).parent), quiet=2)
    print(f"a repository of {FILES:,} files on a local path, median of {ROUNDS}")
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        make_repository(Path(folder))
        measure(Path(folder))


if __name__ == "__main__":
    main()
