"""The proof: what the registries really hold at the end, read back byte by byte."""

from __future__ import annotations

from typing import Final

from tidegate.cli.demo.images import HOSTS, account
from tidegate.cli.demo.scene import Beat, Scene
from tidegate.cli.demo.stage import Stage
from tidegate.counted import counted
from tidegate.errors.demo import UnexpectedEnd
from tidegate.model import Digest, ImageRef
from tidegate.registry.layout.registry import LayoutRegistry

_ROADS: Final = {
    "inventory": {
        "dev": ("dev", "1.1.3"),
        "e2e": ("e2e", "1.1.3-rc2"),
        "staging": ("prd", "1.1.3"),
        "production": ("prd", "1.1.3"),
    },
    "orders": {"dev": ("dev", "1.0.0"), "e2e": ("e2e", "1.0.0-rc1"), "staging": ("prd", "1.0.0")},
}
"""Service → environment → registry account and tag."""

_WIDEST: Final = 64  # the longest reference among them


def _matrix(stage: Stage) -> None:
    stage.tidegate("status")


def _prove(stage: Stage) -> None:
    stage.tell("And the proof: the digests, read back from the registries, with every blob verified.")
    stage.tell("")
    for service, road in _ROADS.items():
        digests = {}
        for environment, (name, tag) in road.items():
            digest, blobs = _read_back(account(stage.folder, name), service, tag)
            digests[environment] = digest
            image = ImageRef(HOSTS[name], service, tag)
            stage.note(f"{environment:<11} {image!s:<{_WIDEST}}  {digest}  {counted(blobs, 'blob')}")
        if len(set(digests.values())) != 1:
            raise UnexpectedEnd(f"the digests of {service} differ: {digests}", where=stage.shown)
        stage.note(f"→ one digest of {service} in {', '.join(road)}")


def _read_back(registry: LayoutRegistry, repository: str, tag: str) -> tuple[Digest, int]:
    """Return the digest of a tag and how many blobs the image has; all of them are read, which verifies them."""
    root = registry.manifest(repository, tag)
    manifests = [root, *(registry.manifest(repository, str(child.digest)) for child in root.contents().manifests)]
    blobs = {blob.digest for manifest in manifests for blob in manifest.contents().blobs}
    for blob in blobs:
        with registry.read_blob(repository, blob) as pieces:
            for _ in pieces:
                pass
    return root.digest, len(blobs)


END: Final = Scene(
    "Where everything is now",
    "inventory is everywhere; orders waits for somebody to take it to production.",
    (Beat("end/matrix", _matrix), Beat("end/proof", _prove)),
)
