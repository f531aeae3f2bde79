"""Gate: the source image exists and is still what the merge request was opened for."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import DeliverySeen, MergeRequestSeen
from tidegate.errors.release import SourceTagMissing, TagMoved
from tidegate.model import Answer, Digest, Reason


def check_source_image(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield, for each service, whether its source tag holds the recorded digest."""
    for each in seen.deliveries:
        if each.origin is not None:
            yield _source(each, each.origin.digest)


def _source(each: DeliverySeen, held: Digest | None) -> Reason:
    image = each.origin.release.image if each.origin else None
    place = str(each.origin.release.place) if each.origin else None
    if held is None:
        return Reason(
            "source image",
            Answer.NO,
            f"{image} does not exist",
            evidence=place,
            hint="push the image again, or promote a release that exists",
            code=SourceTagMissing.code,
        )
    again = f"promote again: `tidegate promote {each.service.name} --to {each.target.name}`"
    delivered = each.origin.delivered if each.origin else None
    for expected, what, hint in (
        (
            delivered,
            f"{each.source.name} was given",
            "the tag was overwritten: find out by whom; build the next version",
        ),
        (each.recorded, "the merge request was opened for", again),
        (_pinned(each), "the merge request is pinned to", again),
    ):
        if expected is not None and expected != held:
            return Reason(
                "source image",
                Answer.NO,
                f"{image} holds {held.short} now, and {what} {expected.short}",
                evidence=str(image),
                hint=hint,
                code=TagMoved.code,
            )
    return Reason("source image", Answer.GO, f"{image} holds {held.short}", evidence=str(image))


def _pinned(each: DeliverySeen) -> Digest | None:
    return each.proposed.image.digest if each.proposed else None
