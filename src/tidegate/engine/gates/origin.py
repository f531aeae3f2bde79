"""Gate: the release was in the environment before, and its image is one of that environment's registry."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import DeliverySeen, MergeRequestSeen
from tidegate.errors.release import EnvironmentSkipped, SourceForeign
from tidegate.model import Answer, Reason


def check_origin(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield, for each service, where its release comes from."""
    for each in seen.deliveries:
        if each.proposed is None or each.fault is not None:
            continue
        if each.origin is not None:
            tag = each.origin.release.image.tag
            yield Reason("origin", Answer.GO, f"{each.source.name} had {each.service.name} {tag}")
        else:
            yield _refusal(each)


def _refusal(each: DeliverySeen) -> Reason:
    proposed = each.proposed
    place = str(proposed.place) if proposed else None
    image = proposed.image if proposed else None
    hosts = {each.source.registry.host, each.target.registry.host}
    if image is not None and image.host not in hosts:
        return Reason(
            "origin",
            Answer.NO,
            f"{image.name} is not in the registry of {each.source.name} ({each.source.registry.host})",
            evidence=place,
            hint="only images of the configured source registry are delivered; correct the manifest",
            code=SourceForeign.code,
        )
    return Reason(
        "origin",
        Answer.NO,
        f"{each.service.name} {image.tag if image else '?'} was never in {each.source.name}",
        evidence=place,
        hint=f"promote it to {each.source.name} first; no environment is skipped",
        code=EnvironmentSkipped.code,
    )
