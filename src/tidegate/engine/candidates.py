"""Which tag a release gets in an environment."""

from __future__ import annotations

from collections.abc import Mapping

from tidegate.model import Digest, Environment, ImageRef, Service, TagPattern, Version
from tidegate.ports import Images


def candidate_tag(pattern: TagPattern, version: Version, digest: Digest, existing: Mapping[str, Digest]) -> str:
    """Return the tag for `version` with `digest` under `pattern`.

    The same digest keeps its number; a new digest gets the number after the highest.

    Args:
        pattern: the environment's tag pattern.
        version: the release version.
        digest: what the tag is to hold.
        existing: the tags of this version that exist, with their digests.
    """
    if not pattern.numbered:
        return pattern.write(version)
    numbers: dict[int, Digest] = {}
    for tag, held in existing.items():
        candidate = pattern.read(tag)
        if candidate is not None and candidate.number is not None and candidate.version == version:
            numbers[candidate.number] = held
    same = [number for number, held in numbers.items() if held == digest]
    return pattern.write(version, min(same) if same else max(numbers, default=0) + 1)


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
