"""A hundred services promoted in one command, on GitLab (played) and repositories of 20,000 files: whole processes.

Once as one merge request (`--together`), once as one each, each from a cold cache and with a warm one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.gitlab import FakeGitLab, serve
from tidegate.testing.images import build_index

FILES = 20_000
SERVICES = 100
AT_MOST_SECONDS = 10
SOURCE, TARGET = "platform/gitops", "platform/gitops-staging"
CONFIG = """\
version: 1
forge: {{type: gitlab, url: "{url}"}}
registries:
  dev: {{host: dev.example, endpoint: "oci-layout:./dev"}}
  e2e: {{host: e2e.example, endpoint: "oci-layout:./e2e"}}
  prd: {{host: prd.example, endpoint: "oci-layout:./prd"}}
environments:
  dev: {{registry: dev, repo: platform/gitops, path: "clusters/dev/{{service}}"}}
  e2e: {{from: dev, registry: e2e, repo: platform/gitops, path: "clusters/e2e/{{service}}", tag: "{{version}}-rc{{n}}"}}
  staging:
    from: e2e
    registry: prd
    repo: platform/gitops-staging
    path: "apps/{{service}}"
    approvals: {{count: 1}}
services: {{{services}}}
"""
RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {name}}}
spec:
  values:
    image:
      repository: {host}/{name}
      tag: {tag}
"""


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def names() -> list[str]:
    return [f"service-{number:03}" for number in range(SERVICES)]


def make_repository(root: Path, project: str, files: dict[str, str]) -> None:
    bare = root / f"{project}.git"
    bare.mkdir(parents=True)
    padding = {
        f"other/{number % 400:03}/{number:05}.yaml": f"# {number}\n" * 60 for number in range(FILES - len(files))
    }
    stream = [b"commit refs/heads/main\ncommitter B <b@example.com> 1700000000 +0000\ndata 5\nbegin\n"]
    for path, text in (padding | files).items():
        stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(text), text.encode()))
    for arguments, data in (
        (["init", "-q", "--bare", "-b", "main"], b""),
        (["fast-import", "--quiet"], b"".join(stream)),
        (["config", "http.receivepack", "true"], b""),
    ):
        subprocess.run(["git", *arguments], cwd=bare, input=data, check=True)


@contextmanager
def world(folder: Path) -> Iterator[tuple[FakeGitLab, dict[str, str]]]:
    e2e = {
        f"clusters/e2e/{name}/release.yaml": RELEASE.format(name=name, host="e2e.example", tag="1.1.0-rc1")
        for name in names()
    }
    staging = {
        f"apps/{name}/release.yaml": RELEASE.format(name=name, host="prd.example", tag="1.0.0") for name in names()
    }
    make_repository(folder / "forge", SOURCE, e2e)
    make_repository(folder / "forge", TARGET, staging)
    (folder / "home").mkdir()
    for name in names():
        build_index(name, layers=1, layer_bytes=1000, platforms=("linux/amd64",)).push(
            LayoutRegistry(folder / "e2e"), name, "1.1.0-rc1"
        )
    for account in ("dev", "prd"):
        build_index("other", layers=1, layer_bytes=1000).push(LayoutRegistry(folder / account), "other", "1")
    gitlab = FakeGitLab(folder / "forge", _Clock())
    for project in (SOURCE, TARGET):
        gitlab.project(project)
    with serve(gitlab) as url:
        (folder / "tidegate.yaml").write_text(
            CONFIG.format(url=url, services=", ".join(f"{name}: {{}}" for name in names()))
        )
        environ = {
            **os.environ,
            "HOME": str(folder / "home"),
            "TIDEGATE_CACHE": str(folder / "cache"),
            "GITLAB_TOKEN": gitlab.token("bench"),
        }
        yield gitlab, environ


def measure(told: str, *arguments: str, wanted: int) -> None:
    with tempfile.TemporaryDirectory() as name, world(Path(name)) as (gitlab, environ):
        command = [sys.executable, "-m", "tidegate", "-C", name]
        begin = time.perf_counter()
        subprocess.run(
            [*command, "promote", "--all", "--to", "e2e", "--dry-run"], env=environ, check=False, capture_output=True
        )
        gitlab.calls.clear()
        warm = time.perf_counter()
        subprocess.run([*command, "promote", "--all", "--to", "staging", *arguments], env=environ, check=True,
                       capture_output=True)  # fmt: skip
        took = time.perf_counter() - warm
        requests = gitlab.projects[TARGET].requests
        assert len(requests) == wanted, len(requests)
        print(
            f"{told:<24}{took:6.2f} s, {len(gitlab.calls)} calls, {gitlab.pushes} pushes; at most {AT_MOST_SECONDS}"
            f" (mirrors before that: {warm - begin:.2f} s)",
            flush=True,
        )
        again = time.perf_counter()
        subprocess.run([*command, "promote", "--all", "--to", "staging", *arguments], env=environ, check=True,
                       capture_output=True)  # fmt: skip
        print(f"{'  again, nothing to do':<24}{time.perf_counter() - again:6.2f} s")


def main() -> None:
    measure("100 services, together", "--together", wanted=1)
    measure("100 services, one each", wanted=SERVICES)
