"""A world of many services in four environments, each behind the one before in a tenth of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import build_index

HOOK = {"X-Gitlab-Token": "hook-t0ken", "X-Gitlab-Event": "Push Hook", "Content-Type": "application/json"}
DEV, STAGING, PRODUCTION = "platform/gitops", "platform/gitops-staging", "platform/gitops-production"
_FILES = {
    "dev": (DEV, "dev", "clusters/dev/{}/release.yaml"),
    "e2e": (DEV, "e2e", "clusters/e2e/{}/release.yaml"),
    "staging": (STAGING, "prd", "apps/{}/release.yaml"),
    "production": (PRODUCTION, "prd", "apps/{}/release.yaml"),
}
_CONFIG = """\
version: 1
forge: {type: local, path: ./forge}
registries:
  dev: {host: dev.example.com, endpoint: "oci-layout:./registries/dev"}
  e2e: {host: e2e.example.com, endpoint: "oci-layout:./registries/e2e"}
  prd: {host: prd.example.com, endpoint: "oci-layout:./registries/prd"}
environments:
  dev: {registry: dev, repo: platform/gitops, path: "clusters/dev/{service}", deploy: auto}
  e2e: {from: dev, registry: e2e, repo: platform/gitops, path: "clusters/e2e/{service}", tag: "{version}-rc{n}"}
  staging: {from: e2e, registry: prd, repo: platform/gitops-staging, path: "apps/{service}"}
  production: {from: staging, registry: prd, repo: platform/gitops-production, path: "apps/{service}"}
server: {anonymous: viewer, webhooks: {gitlab_token_env: HOOK_TOKEN}}
services:
"""
_RELEASE = """\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: {name}, namespace: shop}}
spec:
  values:
    image:
      repository: {host}.example.com/shop
      tag: {tag}
"""
_TAGS = {"dev": "1.1.{}", "e2e": "1.1.{}-rc1", "staging": "1.1.{}", "production": "1.1.{}"}
_PATCHES = 5


def names(count: int) -> list[str]:
    return [f"service-{number:04}" for number in range(count)]


def make_world(folder: Path, count: int) -> None:
    """Write tidegate.yaml, three repositories with a commit each, and three registries with one repository each."""
    lines = "".join(f"  {name}: {{image: shop}}\n" for name in names(count))
    (folder / "tidegate.yaml").write_text(_CONFIG + lines)
    images = [build_index(f"shop 1.1.{patch}", layers=1, layer_bytes=2000) for patch in range(_PATCHES)]
    for environment, (_, account, _) in _FILES.items():
        for patch, image in enumerate(images):
            image.push(LayoutRegistry(folder / "registries" / account), "shop", _TAGS[environment].format(patch))
    for project in (DEV, STAGING, PRODUCTION):
        bare = folder / "forge" / f"{project}.git"
        bare.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main"], cwd=bare, check=True)
        commit(folder, project, [(environment, name, 2) for environment in _FILES for name in names(count)])


def commit(folder: Path, project: str, declared: list[tuple[str, str, int]]) -> None:
    """Let a project's main branch declare patches of services in environments; those of other projects are left out."""
    bare = folder / "forge" / f"{project}.git"
    known = subprocess.run(["git", "rev-parse", "-q", "--verify", "main"], cwd=bare, capture_output=True, check=False)
    stream = [b"commit refs/heads/main\ncommitter B <b@example.com> now\ndata 5\nbegin\n"]
    if known.returncode == 0:
        stream.append(b"from %s\n" % known.stdout.strip())
    for environment, name, patch in declared:
        place, account, path = _FILES[environment]
        if place == project:
            text = _RELEASE.format(name=name, host=account, tag=_TAGS[environment].format(patch)).encode()
            stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (path.format(name).encode(), len(text), text))
    command = ["git", "fast-import", "--quiet", "--date-format=now"]
    subprocess.run(command, cwd=bare, input=b"".join(stream), check=True)


def push_event(environment: str, name: str) -> dict[str, object]:
    """Return GitLab's event of a push that changed one service."""
    project, _, path = _FILES[environment]
    return {
        "object_kind": "push",
        "ref": "refs/heads/main",
        "project": {"path_with_namespace": project},
        "total_commits_count": 1,
        "commits": [{"added": [], "modified": [path.format(name)], "removed": []}],
    }
