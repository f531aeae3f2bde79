"""Writing manifests to where they go: children before parents, and what is attached so that it is found there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tidegate.errors.registry import DigestMismatch
from tidegate.model.digest import Digest
from tidegate.model.manifest import Manifest
from tidegate.registry.crew import at_once
from tidegate.registry.referrers import Attached, list_at
from tidegate.registry.tree import Home, digest_at


@dataclass(frozen=True, slots=True)
class Written:
    """What became of manifests that are attached.

    Args:
        number: how many were written.
        kept: cosign's tags that hold something else there; they were left alone.
    """

    number: int = 0
    kept: tuple[str, ...] = ()


def present(target: Home, attached: Sequence[Attached]) -> list[Attached]:
    """Return what the target has of what is attached by a subject. Where it lists by itself, it has what it lists."""
    by_subject = [each for each in attached if each.tag is None]
    subjects = tuple(dict.fromkeys(each.subject for each in by_subject))
    lists = at_once(lambda subject: target.registry.referrers(target.repository, subject), subjects)
    found = zip(subjects, lists, strict=True)
    of_itself = {subject: listed.digests for subject, listed in found if listed is not None and listed.kept}

    def is_there(each: Attached) -> bool:
        root = each.tree.root.digest
        return root in of_itself.get(each.subject, (root,)) and all(_has(target, one) for one in each.tree.manifests)

    verdicts = at_once(is_there, by_subject)
    return [each for each, has in zip(by_subject, verdicts, strict=True) if has]


def _has(target: Home, manifest: Manifest) -> bool:
    try:
        return target.registry.resolve(target.repository, str(manifest.digest)) is not None
    except DigestMismatch:  # in a folder, say: it is to be written again
        return False


def write_attached(target: Home, attached: Sequence[Attached]) -> Written:
    """Write manifests that are attached, but for cosign's whose tags are taken."""
    number, kept = 0, list[str]()
    for each in attached:
        put_all(target, each.tree.manifests[:-1])
        if each.tag is None:
            put_all(target, (each.tree.root,))
            number += 1
            continue
        held = digest_at(target, each.tag)
        if held is None:
            target.registry.put_manifest(target.repository, each.tag, each.tree.root)
            number += 1
        elif held != each.tree.root.digest:
            kept.append(each.tag)
    list_all(target, ((each.subject, each.tree.root) for each in attached if each.tag is None))
    return Written(number, tuple(kept))


def list_all(target: Home, referrers: Iterable[tuple[Digest, Manifest]]) -> bool:
    """See that `target` lists `referrers`, each after its subject; return whether it had to be told of one.

    What is copied itself may be one, too.
    """
    by_subject: dict[Digest, list[Manifest]] = {}
    for subject, manifest in referrers:
        by_subject.setdefault(subject, []).append(manifest)
    return any(at_once(lambda each: list_at(target, *each), tuple(by_subject.items())))


def put_all(target: Home, manifests: Iterable[Manifest]) -> None:
    """Write manifests by their digests; `manifests` has children before parents."""
    for is_index, group in groupby(manifests, key=lambda manifest: manifest.is_index):
        if is_index:
            for manifest in group:
                target.registry.put_manifest(target.repository, str(manifest.digest), manifest)
        else:
            at_once(lambda one: target.registry.put_manifest(target.repository, str(one.digest), one), tuple(group))
