"""Looks at a repository: HelmReleases, ImagePolicies, branches, tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tidegate.engine.onboarding.seen import SeenBranch, SeenImage, SeenProject, SeenRelease
from tidegate.engine.onboarding.spots import RANKS
from tidegate.errors.git import BranchMissing, FileTooLarge
from tidegate.errors.manifest import InvalidYaml, NotHelmRelease, YamlTooLarge
from tidegate.flux import find_images, helm_releases, image_policies
from tidegate.ports import GitOpsRepo

_DEFAULTS = ("main", "master", "trunk")


def observe(repo: GitOpsRepo, base: str, path: str, refs: Iterable[str]) -> SeenProject:
    """Return what a repository shows: of its default branch, and of branches that are called like environments.

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
    )


def _branch(repo: GitOpsRepo, name: str, head: str) -> SeenBranch:
    paths = [path for path in repo.files(head, "") if path.endswith((".yaml", ".yml"))]
    unreadable: list[str] = []
    contents = _read(repo, head, paths, unreadable)
    releases: list[SeenRelease] = []
    policies = 0
    for path, data in contents.items():
        try:
            releases += _release(path, data) if b"HelmRelease" in data else ()
            policies += len(image_policies(data, file=path)) if b"ImagePolicy" in data else 0
        except (InvalidYaml, YamlTooLarge) as error:
            unreadable.append(str(error))
    return SeenBranch(name, tuple(releases), policies, tuple(unreadable))


def _read(repo: GitOpsRepo, head: str, paths: list[str], unreadable: list[str]) -> Mapping[str, bytes]:
    """Return the files; one that is too large is left out, and told."""
    try:
        return repo.read(head, paths)
    except FileTooLarge as error:
        if len(paths) == 1:
            unreadable.append(str(error))
            return {}
    half = len(paths) // 2
    return {**_read(repo, head, paths[:half], unreadable), **_read(repo, head, paths[half:], unreadable)}


def _release(path: str, data: bytes) -> Iterator[SeenRelease]:
    try:
        names = tuple(each.name for each in helm_releases(data, file=path) if each.name)
    except NotHelmRelease:
        return
    sites = find_images(data, file=path)
    images = tuple(SeenImage(site.image, site.marker is not None) for site in sites if site.image is not None)
    yield SeenRelease(path, names, images)
