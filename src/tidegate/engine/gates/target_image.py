"""Gate: the target's tag is free, or holds the same digest; a candidate has the number that its image has."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import DeliverySeen, MergeRequestSeen
from tidegate.errors.registry import TagExists
from tidegate.errors.release import CandidateMisnumbered
from tidegate.model import Answer, ImageRef, Reason


def check_target_image(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield, for each service, what the target's tag holds."""
    for each in seen.deliveries:
        image, held = each.target_image, each.target_digest
        if image is None:
            continue
        name = f"{image.name}:{image.tag}"
        if each.rightful_tag != image.tag:
            yield _misnumbered(each, image)
        elif held is None:
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


def _misnumbered(each: DeliverySeen, image: ImageRef) -> Reason:
    candidate = each.target.tag.read(image.tag or "")
    if candidate is not None and candidate.number == 0:
        what = f"{image.tag} is no candidate: they are counted from 1"
    else:
        what = f"{image.digest.short if image.digest else '?'} is {each.rightful_tag} already, and not {image.tag}, too"
    again = f"promote again: `tidegate promote {each.service.name} --to {each.target.name}`"
    return Reason(
        "target image",
        Answer.NO,
        what,
        evidence=str(each.proposed.place) if each.proposed else None,
        hint=f"write {each.rightful_tag} in the manifest, or {again}",
        code=CandidateMisnumbered.code,
    )
