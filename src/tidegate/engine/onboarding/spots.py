"""Where environments are: folders that differ in nothing but the service, found from where HelmReleases stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tidegate.engine.onboarding.seen import SeenImage, SeenProject, SeenRelease, Spot
from tidegate.errors.model import InvalidPattern
from tidegate.model import ImageRef, PathPattern
from tidegate.model.patterns import is_service_name

RANKS: Final = {
    name: rank
    for rank, names in enumerate(
        (
            ("dev", "develop", "development", "sandbox"),
            ("int", "integration", "test", "testing", "e2e", "qa"),
            ("uat", "acceptance"),
            ("staging", "stage", "preprod", "pre-prod", "preproduction"),
            ("production", "prod", "prd", "live"),
        )
    )
    for name in names
}
"""What people call environments → how far a release has come there."""

_PUBLIC: Final = frozenset(
    {
        "docker.io",
        "ghcr.io",
        "quay.io",
        "gcr.io",
        "registry.k8s.io",
        "k8s.gcr.io",
        "public.ecr.aws",
        "mcr.microsoft.com",
    }
)
_WORDS: Final = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Deployed:
    """A service as it is deployed at a spot.

    Args:
        service: its name.
        seen: its image.
    """

    service: str
    seen: SeenImage

    @property
    def image(self) -> ImageRef:
        """Its image."""
        return self.seen.image


def find_spots(projects: Iterable[SeenProject]) -> dict[Spot, tuple[Deployed, ...]]:
    """Return where services are deployed, and which; in the order in which they are seen.

    Branches besides the default one count when they are called like an environment, and the folders are not.
    """
    found: dict[Spot, dict[str, Deployed]] = {}
    for project in projects:
        for index, branch in enumerate(project.branches):
            for release in branch.releases:
                for pattern, deployed in _placed(release):
                    if index and (branch.name.lower() not in RANKS or word_of(pattern.text) is not None):
                        continue
                    spot = Spot(project.path, branch.name, pattern)
                    found.setdefault(spot, {}).setdefault(deployed.service, deployed)
    return {spot: tuple(services.values()) for spot, services in found.items()}


def _placed(release: SeenRelease) -> Iterator[tuple[PathPattern, Deployed]]:
    """Yield the folder pattern and the service of a file, when a folder is called like its service."""
    folders = release.path.split("/")[:-1]
    words = {*release.names, *(each.image.repository.rpartition("/")[2] for each in release.images)}
    for index in range(len(folders) - 1, -1, -1):
        service = folders[index]
        if service not in words or not is_service_name(service):
            continue
        image = _own_image(service, release.images)
        if image is not None:
            text = "/".join("{service}" if folder == service else folder for folder in folders)
            try:
                yield PathPattern(text), Deployed(service, image)
            except InvalidPattern:  # a folder with braces in its name
                return
        return


def _own_image(service: str, images: tuple[SeenImage, ...]) -> SeenImage | None:
    """Return the image that is the service's own: the marked one, the one called like it, or the only private one."""
    tagged = [each for each in images if each.image.tag is not None]
    private = [each for each in tagged if each.image.host not in _PUBLIC]
    for some in (
        [each for each in tagged if each.marked],
        [each for each in private if each.image.repository.rpartition("/")[2] == service],
        private,
    ):
        if len({each.image.name for each in some}) == 1:
            return some[0]
    return None


def name_of(spot: Spot, *, default_branch: bool) -> str | None:
    """Return what the environment at `spot` is called, when a folder, the branch or the repository says so."""
    branch = None if default_branch else spot.branch
    return word_of(spot.path.text) or (branch and word_of(branch)) or word_of(spot.project.rpartition("/")[2])


def word_of(text: str) -> str | None:
    """Return the last word for an environment in a path or a name, or None."""
    for part in reversed(text.split("/")):
        if part.lower() in RANKS:
            return part.lower()
        for word in reversed(_WORDS.split(part)):
            if word.lower() in RANKS:
                return word.lower()
    return None


def common(values: Iterable[str]) -> str | None:
    """Return the most common value, of equally common ones the first; None of none."""
    counted = Counter(values).most_common(1)
    return counted[0][0] if counted else None
