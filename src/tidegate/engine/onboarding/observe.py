"""Looks at a repository: HelmReleases, ImagePolicies, branches, tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidegate.engine.onboarding.seen import SeenBranch, SeenImage, SeenProject, SeenRelease
from tidegate.engine.onboarding.spots import RANKS
from tidegate.errors import TidegateError
from tidegate.errors.git import BranchMissing
from tidegate.flux import find_images, helm_releases, image_policies
from tidegate.ports import GitOpsRepo

PIPELINE_FILE = ".gitlab-ci.yml"
_DEFAULTS = ("main", "master", "trunk")


def observe(repo: GitOpsRepo, base: str, path: str, refs: Iterable[str]) -> SeenProject:
    """Return what a repository shows: of its default branch, and of branches that are called like environments.

    A file that can't be read is passed over: the configuration is checked against it later.

    Args:
        repo: the repository.
        base: see `SeenProject`.
        path: see `SeenProject`.
        refs: full names of its refs.

    Raises:
        BranchMissing: it has no branch.
    """
    refs = tuple(refs)
    branches = [ref.removeprefix("refs/heads/") for ref in refs if ref.startswith("refs/heads/")]
    default = next((name for name in (*_DEFAULTS, *branches) if name in branches), None)
    if default is None:
        raise BranchMissing("the repository is empty", where=path, hint="push a branch first")
    others = [name for name in branches if name != default and name.lower() in RANKS]
    heads = {name: head for name in (default, *others) if (head := repo.head(name))}
    return SeenProject(
        base,
        path,
        tuple(_branch(repo, name, head) for name, head in heads.items()),
        tuple(ref.removeprefix("refs/tags/") for ref in refs if ref.startswith("refs/tags/")),
        pipeline=PIPELINE_FILE in repo.read(heads[default], [PIPELINE_FILE]),
    )


def _branch(repo: GitOpsRepo, name: str, head: str) -> SeenBranch:
    paths = [path for path in repo.files(head, "") if path.endswith((".yaml", ".yml"))]
    contents = _read(repo, head, paths)
    releases = [found for path, data in contents.items() if b"HelmRelease" in data and (found := _release(path, data))]
    policies = sum(_policies(path, data) for path, data in contents.items() if b"ImagePolicy" in data)
    return SeenBranch(name, tuple(releases), policies)


def _read(repo: GitOpsRepo, head: str, paths: list[str]) -> Mapping[str, bytes]:
    """Return the files; one that is too large is left out."""
    try:
        return repo.read(head, paths)
    except TidegateError:
        if len(paths) <= 1:
            return {}
    half = len(paths) // 2
    return {**_read(repo, head, paths[:half]), **_read(repo, head, paths[half:])}


def _release(path: str, data: bytes) -> SeenRelease | None:
    try:
        names = tuple(each.name for each in helm_releases(data, file=path) if each.name)
        sites = find_images(data, file=path)
    except TidegateError:
        return None
    images = tuple(SeenImage(site.image, site.marker is not None) for site in sites if site.image is not None)
    return SeenRelease(path, names, images)


def _policies(path: str, data: bytes) -> int:
    try:
        return len(image_policies(data, file=path))
    except TidegateError:
        return 0
