"""Taking a tag away, and nothing else; what else would go with it."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress

from tidegate.errors.registry import DeletionUnsupported, ManifestMissing
from tidegate.model.digest import Digest
from tidegate.model.manifest import EMPTY, EMPTY_DATA, OCI_MANIFEST, Manifest
from tidegate.model.referrers import fallback_tag, is_attaching_tag
from tidegate.registry.referrers import ReferrerSearch
from tidegate.registry.tree import Home, read_tree


def remove_tag(home: Home, tag: str) -> None:
    """Remove `tag`; the image stays for its other tags.

    A registry that deletes manifests only (docker-registry 2.8) would take all tags of the image away. There the tag
    is first moved to an empty manifest, then that one is deleted, as regclient does (`scheme/reg/tag.go`).

    Raises:
        DeletionUnsupported: the registry deletes nothing.
    """
    with suppress(DeletionUnsupported):
        home.registry.delete(home.repository, tag)
        return
    before = home.registry.manifest(home.repository, tag)
    if not home.registry.mount_blob(home.repository, EMPTY, home.repository):
        home.registry.write_blob(home.repository, EMPTY, iter((EMPTY_DATA,)))
    empty = _manifest()
    home.registry.put_manifest(home.repository, tag, empty)
    try:
        home.registry.delete(home.repository, str(empty.digest))
    except BaseException:
        home.registry.put_manifest(home.repository, tag, before)
        raise


def attaches_to(home: Home, tag: str, image: Digest) -> bool:
    """Return whether `tag` says what is attached to `image`, to what it lists, or to what is attached to these."""
    if not is_attaching_tag(tag):
        return False
    manifests = [image]
    with suppress(ManifestMissing):  # in another account of that name, say
        tree = read_tree(home, image)
        attached = ReferrerSearch().find(home, tree)
        manifests += [
            manifest.digest for each in (tree, *(one.tree for one in attached)) for manifest in each.manifests
        ]
    return tag.startswith(tuple(fallback_tag(digest) for digest in manifests))


def _manifest() -> Manifest:
    """Return a manifest that is nobody else's, so that its deletion takes no other tag away."""
    entry = {"mediaType": EMPTY.media_type, "digest": str(EMPTY.digest), "size": EMPTY.size}
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.tidegate.removed.v1",
        "config": entry,
        "layers": [entry],
        "annotations": {"dev.tidegate.removal": uuid.uuid4().hex},
    }
    return Manifest(OCI_MANIFEST, json.dumps(document).encode())
