"""Gate: the target's tag is free, or holds the same digest."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.registry import TagExists
from tidegate.model import Answer, Reason


def check_target_image(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield, for each service, what the target's tag holds."""
    for each in seen.deliveries:
        image, held = each.target_image, each.target_digest
        if image is None:
            continue
        name = f"{image.name}:{image.tag}"
        if held is None:
            yield Reason("target image", Answer.GO, f"{name} is not there yet: it will be copied", evidence=name)
        elif held == image.digest:
            yield Reason("target image", Answer.GO, f"{name} holds {held.short}", evidence=name)
        else:
            wanted = image.digest.short if image.digest else "?"
            yield Reason(
                "target image",
                Answer.NO,
                f"{name} exists with another digest: it holds {held.short}, the release is {wanted}",
                evidence=name,
                hint="a released tag is never overwritten: build the next version and promote that",
                code=TagExists.code,
            )
