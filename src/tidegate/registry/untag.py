"""Taking a tag away, and nothing else."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress

from tidegate.errors.registry import DeletionUnsupported
from tidegate.model.manifest import EMPTY, EMPTY_DATA, OCI_MANIFEST, Manifest
from tidegate.registry.tree import Home


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
    if not home.registry.mount_blob(home.repository, EMPTY.digest, home.repository):
        home.registry.write_blob(home.repository, EMPTY, iter((EMPTY_DATA,)))
    empty = _manifest()
    home.registry.put_manifest(home.repository, tag, empty)
    try:
        home.registry.delete(home.repository, str(empty.digest))
    except BaseException:
        home.registry.put_manifest(home.repository, tag, before)
        raise


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
