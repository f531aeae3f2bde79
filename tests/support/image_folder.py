"""A folder with an image that has an SBOM and a signature, and the commands of `tidegate image` in it."""

from __future__ import annotations

from pathlib import Path

from support.cli import Ended, tidegate
from tidegate.model.referrers import cosign_tags
from tidegate.registry.layout.registry import LayoutFolder
from tidegate.registry.referrers import list_at
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image, build_index, build_referrer

IMAGE = build_index("inventory", labels={"org.opencontainers.image.version": "1.1.3"})
SBOM = build_referrer(IMAGE.root.descriptor, "sbom")
SIGNATURE = build_image("signature", layers=1)


def fill(path: Path) -> None:
    """Make `path` an image layout with IMAGE as `1.1.3`, SBOM and SIGNATURE attached to it."""
    layout = LayoutFolder(path)
    IMAGE.push(layout, "", "1.1.3")
    SBOM.push(layout, "", str(SBOM.digest))
    list_at(Home(layout, "build", ""), IMAGE.digest, [SBOM.root])
    SIGNATURE.push(layout, "", cosign_tags(IMAGE.digest)[0])


def tidegate_image(folder: Path, *arguments: object, expect: int = 0) -> Ended:
    """Run `tidegate image` in `folder`, where nobody is logged in to a registry."""
    ended = tidegate("-C", folder, "image", *arguments, environ={"HOME": str(folder)})
    assert ended.code == expect, ended.out + ended.err
    return ended
