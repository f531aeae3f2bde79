"""A world for all about one cell: images with what is attached to them, and a source with three commits."""

from __future__ import annotations

from dataclasses import replace

from support.engine_world import INVENTORY, EngineWorld
from tidegate.config import GitLabForge, LocalForge
from tidegate.engine.views.cell_detail import REVISION, CellDetail, read_detail
from tidegate.engine.world import World
from tidegate.model import Digest
from tidegate.model.image_node import ImageNode
from tidegate.model.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor
from tidegate.ports import HistoryCommit
from tidegate.server.access.visitor import NOBODY
from tidegate.server.pages.detail_view import DetailView, detail_view
from tidegate.testing.clock import START
from tidegate.testing.tags import FakeVersionTags

OLD, MIDDLE, NEW = ("a" * 40, "b" * 40, "c" * 40)
LOCAL = LocalForge(None, None, {})
GITLAB = GitLabForge("https://gitlab.example.com/")
SOURCE = replace(INVENTORY, source="team/inventory")


def node(seed: str, *, revision: str | None = None, **more: object) -> ImageNode:
    """Return an image of one platform, or whatever else `more` makes of it."""
    values: dict[str, object] = {
        "platform": None,
        "artifact_type": None,
        "labels": {REVISION: revision} if revision else {},
        "blobs": (),
        "foreign": (),
        "children": (),
        "referrers": (),
    }
    return ImageNode(Descriptor(OCI_MANIFEST, Digest.of(seed.encode()), 10), **(values | more))  # type: ignore[arg-type]


def index(seed: str, revision: str) -> ImageNode:
    """Return an index of two platforms with a signature and an SBOM."""
    children = tuple(node(f"{seed}{name}", platform=name, revision=revision) for name in ("linux/amd64", "linux/arm64"))
    signature = node(f"{seed} sig", tag="sha256-0.sig")
    listed = node(f"{seed} sbom", artifact_type="application/spdx+json")
    root = node(seed, children=children, referrers=(signature, listed))
    return replace(root, manifest=replace(root.manifest, media_type=OCI_INDEX))


def cell_town() -> EngineWorld:
    """Return a world in which e2e has 1.1.3 and dev 1.1.4; production's approvals are SRE's, and not the author's."""
    town = EngineWorld((SOURCE,))
    town.bring("e2e")
    town.build("1.1.4")
    return town


def world(town: EngineWorld) -> World:
    trees = {town.held("e2e", "1.1.3-rc1"): index("old", OLD), town.held("dev", "1.1.4"): index("new", NEW)}
    tags = FakeVersionTags(
        HistoryCommit(OLD, (), "Begin"),
        HistoryCommit(MIDDLE, (OLD,), "Fix it\n\nWell."),
        HistoryCommit(NEW, (MIDDLE,), "More"),
    )
    return replace(town.world(), inspect=lambda image: trees[image.digest], version_tags=lambda _: tags)


def read(here: World, environment: str = "e2e", *, with_commits: bool = True) -> CellDetail:
    return read_detail(here, here.service("inventory"), here.environment(environment), with_commits=with_commits)


def view(detail: CellDetail, forge: LocalForge | GitLabForge = LOCAL) -> DetailView:
    return detail_view(detail, NOBODY, forge, START)
