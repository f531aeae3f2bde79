"""Finding what is attached to an image, and listing it at the target."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tidegate.errors.registry import ManifestInvalid, ManifestMissing, RegistryFailed
from tidegate.model.digest import Digest
from tidegate.model.manifest import Manifest
from tidegate.model.referrers import Entry, ReferrerList, cosign_tags, entry_of, fallback_tag, subject_of
from tidegate.registry.crew import at_once
from tidegate.registry.tree import Home, Tree, read_tree

_DEEPEST: Final = 8
"""A signature of an attestation of an image is three deep."""
_MOST: Final = 1000
_MOST_TAGS: Final = 2000
"""Beyond so many tags (two pages), asking for the few that matter costs less than reading all."""
_MERGES: Final = 8


@dataclass(frozen=True, slots=True)
class Attached:
    """A manifest that is attached to an image, to one of its children, or to what is attached to them.

    Args:
        subject: what it belongs to.
        tree: the manifest and all that it refers to.
        tag: the tag that says so (cosign's convention); None when its own `subject` does.
    """

    subject: Digest
    tree: Tree
    tag: str | None = None


class ReferrerSearch:
    """Finds what is attached, in one run: each repository's tags are listed once. Safe for use by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: dict[tuple[int, str], frozenset[str] | None] = {}

    def find(self, home: Home, image: Tree) -> tuple[Attached, ...]:
        """Return what is attached to `image` and its children, and to that in turn.

        A list may name what is not there any more, or what belongs to another image: such entries are passed over.

        Raises:
            ManifestInvalid: there is more, or deeper, than any image has.
        """
        found: list[Attached] = []
        seen = {manifest.digest for manifest in image.manifests}
        level = list(seen)
        for _ in range(_DEEPEST):
            below: list[Digest] = []
            first, *rest = level  # the first one tells for all which way the registry lists referrers
            lists = [self._of(home, first), *at_once(lambda subject: self._of(home, subject), rest)]
            for attached in itertools.chain.from_iterable(lists):
                found.append(attached)
                below += [each.digest for each in attached.tree.manifests if each.digest not in seen]
                seen.update(below)
                if len(seen) > _MOST:
                    break
            if not below:
                return tuple(found)
            level = below
        raise ManifestInvalid(
            "more is attached to the image than to any image", where=home.shown, hint="--no-referrers"
        )

    def _of(self, home: Home, subject: Digest) -> list[Attached]:
        found: list[Attached] = []
        for digest in self._listed(home, subject):
            tree = _tree(home, str(digest))
            if tree is not None and subject_of(tree.root) == subject:
                found.append(Attached(subject, tree))
        for tag in cosign_tags(subject):
            tree = _tree(home, tag) if self._may_have(home, tag) else None
            if tree is not None:
                found.append(Attached(subject, tree, tag))
        return found

    def _listed(self, home: Home, subject: Digest) -> tuple[Digest, ...]:
        listed = home.registry.referrers(home.repository, subject) or ReferrerList()
        tag = fallback_tag(subject)
        if self._may_have(home, tag):
            listed = listed.with_entries(_fallback(home, tag).entries)
        return listed.digests

    def _may_have(self, home: Home, tag: str) -> bool:
        """Return whether the repository has `tag`, or has too many tags to tell."""
        with self._lock:
            if home.key not in self._tags:
                tags = frozenset(itertools.islice(home.registry.tags(home.repository), _MOST_TAGS + 1))
                self._tags[home.key] = tags if len(tags) <= _MOST_TAGS else None
            known = self._tags[home.key]
        return known is None or tag in known


def list_at(target: Home, subject: Digest, referrers: Iterable[Manifest]) -> None:
    """See that `target` lists `referrers` among those of `subject`: by itself, or in the index at the fallback tag.

    The index is read, merged and written, then read again: a registry has no conditional write, so someone else's
    write may have taken the place of ours. Entries that are there stay.

    Raises:
        RegistryFailed: others change the index all the time.
    """
    if target.registry.referrers(target.repository, subject) is not None:
        return
    tag = fallback_tag(subject)
    entries: list[Entry] = [entry_of(each) for each in referrers]
    for _ in range(_MERGES):
        held = _fallback(target, tag)
        merged = held.with_entries(entries)
        if merged is held:
            return
        target.registry.put_manifest(target.repository, tag, merged.manifest())
    raise RegistryFailed("the list of referrers is changed by others all the time", where=f"{target.shown}:{tag}")


def _fallback(home: Home, tag: str) -> ReferrerList:
    try:
        held = home.registry.manifest(home.repository, tag)
    except ManifestMissing:
        return ReferrerList()
    return ReferrerList.parse(held.data, f"{home.shown}:{tag}")


def _tree(home: Home, reference: str) -> Tree | None:
    try:
        return read_tree(home, reference)
    except ManifestMissing:
        return None
