"""Which tag a release gets in an environment."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.model import Digest, Environment, ImageRef, Service, TagPattern, Version
from tidegate.ports import Images


def candidate_tag(pattern: TagPattern, version: Version, digest: Digest, existing: Mapping[str, Digest]) -> str:
    """Return the tag for `version` with `digest` under `pattern`.

    The same digest keeps its number; a new digest gets the number after the highest. Numbers begin with 1: a tag with
    0, which nobody but a person can have made, is passed over.

    Args:
        pattern: the environment's tag pattern.
        version: the release version.
        digest: what the tag is to hold.
        existing: the tags of this version that exist, with their digests.
    """
    if not pattern.numbered:
        return pattern.write(version)
    numbers = _numbers(pattern, version, existing)
    same = [number for number, held in numbers.items() if held == digest]
    return pattern.write(version, min(same) if same else max(numbers, default=0) + 1)


def rightful_tag(pattern: TagPattern, tag: str, digest: Digest, existing: Mapping[str, Digest]) -> str:
    """Return `tag`, which a person may have written, when it may come to hold `digest`; else the tag to write instead.

    A candidate's number begins with 1, and a digest that is a candidate already does not become another one: two
    numbers of one image would be tested and reported on as two. A number that leaves a gap does no harm.

    Args:
        pattern: the environment's tag pattern.
        tag: what a manifest names.
        digest: what it is to hold.
        existing: the tags of this version that exist, with their digests.
    """
    candidate = pattern.read(tag)
    if candidate is None or candidate.number is None:
        return tag
    taken = digest in _numbers(pattern, candidate.version, existing).values() and existing.get(tag) != digest
    return candidate_tag(pattern, candidate.version, digest, existing) if taken or candidate.number == 0 else tag


def _numbers(pattern: TagPattern, version: Version, existing: Mapping[str, Digest]) -> Mapping[int, Digest]:
    """Return the candidates of `version` by number, from 1."""
    read = {tag: pattern.read(tag) for tag in existing}
    return {
        found.number: existing[tag]
        for tag, found in read.items()
        if found and found.number and found.version == version
    }


def existing_candidates(
    images: Images, environment: Environment, service: Service, version: Version
) -> Mapping[str, Digest]:
    """Return the tags of `version` in the environment's registry, with their digests."""
    pattern = environment.tag
    host = environment.registry.host
    if pattern.numbered:
        tags = [
            tag
            for tag in images.tags(host, service.image)
            if (read := pattern.read(tag)) is not None and read.version == version
        ]
    else:
        tags = [pattern.write(version)]
    found = {tag: images.digest(ImageRef(host, service.image, tag)) for tag in tags}
    return {tag: digest for tag, digest in found.items() if digest is not None}
