"""Finding what is attached to an image, and listing it at the target."""

from __future__ import annotations

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from tidegate.errors.registry import (
    BlobMissing,
    ManifestInvalid,
    ManifestMissing,
    RegistryDenied,
    RegistryFailed,
    RegistryRefused,
)
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
_MERGES: Final = 16
_PATIENCE: Final = 2
"""How many times as long as our own reading and writing took others get to end theirs."""
_FURTHEST: Final = 16
"""How many such times writers that meet again and again are spread over."""


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
    """Finds what is attached, in one run: each repository's tags are listed once. Safe for use by many threads.

    Who needs the same list waits for one request; those of different repositories are asked for side by side.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: defaultdict[tuple[int, str], threading.Lock] = defaultdict(threading.Lock)
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
        for depth in range(_DEEPEST + 1):
            first, *rest = level  # the first one tells for all which way the registry lists referrers
            lists = [self._of(home, first), *at_once(lambda subject: self._of(home, subject), rest)]
            found += itertools.chain.from_iterable(lists)
            manifests = (each for attached in found for each in attached.tree.manifests)
            level = [digest for digest in dict.fromkeys(each.digest for each in manifests) if digest not in seen]
            seen.update(level)
            if (level and depth == _DEEPEST) or len(found) > _MOST:
                raise _too_much(home)
            if not level:
                break
        return tuple(found)

    def _of(self, home: Home, subject: Digest) -> list[Attached]:
        listed = self._listed(home, subject)
        if len(listed) > _MOST:
            raise _too_much(home)
        trees = at_once(lambda digest: _tree(home, str(digest)), listed)
        found = [Attached(subject, tree) for tree in trees if tree is not None and subject_of(tree.root) == subject]
        tags = [tag for tag in cosign_tags(subject) if self._may_have(home, tag)]
        trees = at_once(lambda tag: _tree(home, tag), tags)
        return found + [Attached(subject, tree, tag) for tag, tree in zip(tags, trees, strict=True) if tree is not None]

    def _listed(self, home: Home, subject: Digest) -> tuple[Digest, ...]:
        listed = home.registry.referrers(home.repository, subject) or ReferrerList()
        tag = fallback_tag(subject)
        if self._may_have(home, tag):
            listed = listed.with_entries(_fallback(home, tag).entries)
        return listed.digests

    def _may_have(self, home: Home, tag: str) -> bool:
        """Return whether the repository has `tag`, or can't tell."""
        with self._lock:
            turn = self._turns[home.key]
        with turn:
            if home.key not in self._tags:
                self._tags[home.key] = _tags(home)
            known = self._tags[home.key]
        return known is None or tag in known


def list_at(
    target: Home,
    subject: Digest,
    referrers: Iterable[Manifest],
    *,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> bool:
    """See that `target` lists `referrers` among those of `subject`: by itself, or in the index at the fallback tag.

    The index is read, merged and written. A registry has no conditional write: who has read it before our write
    takes our entries away by theirs. So it is read again when they have had the time for that, and written again
    when they did. Entries that are there stay, but for those of manifests that are gone.

    Args:
        target: the repository.
        subject: what they are attached to.
        referrers: the manifests; they are there already.
        sleep: waits for so many seconds.
        monotonic: a clock in seconds.

    Returns:
        Whether it had to be written to the index.

    Raises:
        RegistryFailed: others change the index all the time.
    """
    listed = target.registry.referrers(target.repository, subject)
    if listed is not None and listed.kept:
        return False
    tag = fallback_tag(subject)
    entries: list[Entry] = [entry_of(each) for each in referrers]
    longest = 0.0
    for attempt in range(_MERGES):
        began = monotonic()
        held = _fallback(target, tag)
        if held.with_entries(entries) is held:
            return attempt > 0
        _put_list(target, tag, held, entries)
        longest = max(longest, monotonic() - began)
        sleep(longest * _turns(attempt))
    raise RegistryFailed("the list of referrers is changed by others all the time", where=f"{target.shown}:{tag}")


def _turns(attempt: int) -> float:
    """Return for how many times as long as ours took at most the others' turns are waited for.

    Writers in step fall out of it by chance, and of many the sooner the further apart they may come to stand.
    """
    if attempt == 0:
        return _PATIENCE
    import random  # noqa: PLC0415 - few lists are written by two at the same moment

    return _PATIENCE + min(2.0**attempt, _FURTHEST) * random.random()  # noqa: S311 - it guards nothing


def _put_list(target: Home, tag: str, held: ReferrerList, entries: Iterable[Entry]) -> None:
    try:
        target.registry.put_manifest(target.repository, tag, held.with_entries(entries).manifest())
    except BlobMissing:  # registries refuse an index of what they don't have: something was deleted and still is listed
        there = held.only(lambda digest: target.registry.resolve(target.repository, str(digest)) is not None)
        if there is held:
            raise
        target.registry.put_manifest(target.repository, tag, there.with_entries(entries).manifest())


def _fallback(home: Home, tag: str) -> ReferrerList:
    try:
        held = home.registry.manifest(home.repository, tag)
    except ManifestMissing:
        return ReferrerList()
    return ReferrerList.parse(held.data, f"{home.shown}:{tag}")


def _tags(home: Home) -> frozenset[str] | None:
    """Return the repository's tags; None when there are too many, or who may pull here may not list them."""
    try:
        tags = frozenset(itertools.islice(home.registry.tags(home.repository), _MOST_TAGS + 1))
    except (RegistryDenied, RegistryRefused):
        return None
    return tags if len(tags) <= _MOST_TAGS else None


def _too_much(home: Home) -> ManifestInvalid:
    hint = "copy it with --referrers never, and find out what attaches so much"
    return ManifestInvalid("more is attached to the image than to any image", where=home.shown, hint=hint)


def _tree(home: Home, reference: str) -> Tree | None:
    """Return what is attached; None when it is not there.

    Raises:
        ManifestInvalid: it is of a kind that can't be read, such as ORAS's artifact manifests of 2022.
    """
    try:
        return read_tree(home, reference)
    except ManifestMissing:
        return None
    except ManifestInvalid as error:
        what = f"what is attached as {reference} can't be copied: {error.what}"
        hint = "attach it again in a form that is in use, or leave it behind: --referrers never"
        raise ManifestInvalid(what, where=error.where or home.shown, hint=hint) from error
