"""The demo's images: built in Python, valid, the same bytes each time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tidegate.cli.demo.stage import Stage
from tidegate.model import Digest, ImageRef
from tidegate.registry.layout.registry import LayoutRegistry
from tidegate.testing.images import BuiltImage, build_image, build_index

HOSTS: Final = {
    "dev": "111111111111.dkr.ecr.eu-west-2.amazonaws.com",
    "e2e": "222222222222.dkr.ecr.eu-west-2.amazonaws.com",
    "prd": "333333333333.dkr.ecr.eu-west-2.amazonaws.com",
}
"""Registry account → host, as in the world's tidegate.yaml."""

_OLD: Final = {"dev": "0.9.4", "e2e": "0.9.4-rc1", "prd": "0.9.4"}


def push_build(stage: Stage, service: str, version: str, build: str = "") -> Digest:
    """Build an image, push it to the dev account as CI would, and say so.

    Args:
        service: `inventory` (an index of two platforms) or `orders` (one platform).
        version: its tag.
        build: another word makes another image of the same version.
    """
    built = _built(service, version, build)
    digest = built.push(account(stage.folder, "dev"), service, version)
    platforms = f"an index of {len(built.children)} platforms" if built.children else "one platform"
    stage.aside(f"CI builds {ImageRef(HOSTS['dev'], service, version)} and pushes it")
    stage.note(f"{digest}, {platforms}")
    return digest


def push_old_inventory(stage: Stage) -> None:
    """Put the release that every environment begins with into the accounts."""
    built = _built("inventory", "0.9.4", "")
    for name, tag in _OLD.items():
        built.push(account(stage.folder, name), "inventory", tag)


def account(folder: Path, name: str) -> LayoutRegistry:
    """Return a registry account of the world in `folder`."""
    return LayoutRegistry(folder / "registries" / name)


def _built(service: str, version: str, build: str) -> BuiltImage:
    make = build_index if service == "inventory" else build_image
    return make(
        f"{service}/{version}/{build}",
        files={"app/VERSION": f"{service} {version} {build}".strip().encode()},
        labels={"org.opencontainers.image.title": service, "org.opencontainers.image.version": version},
    )
