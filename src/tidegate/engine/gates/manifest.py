"""Gate: the merge request's manifest can be read."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors import Place
from tidegate.errors.release import ManifestRefused
from tidegate.model import Answer, Reason


def check_manifest(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield, for each service, whether its HelmRelease was read."""
    for each in seen.deliveries:
        if each.fault is not None:
            yield Reason(
                "manifest",
                Answer.NO,
                each.fault.what,
                evidence=str(each.fault.where or seen.merge_request.ref),
                hint=each.fault.hint,
                code=each.fault.code,
            )
        elif each.proposed is not None:
            yield Reason(
                "manifest",
                Answer.GO,
                f"names {each.proposed.image}",
                evidence=str(each.proposed.place),
            )
        for site in each.stranded:
            place = str(Place(each.proposed.file, site.line)) if each.proposed else None
            yield Reason(
                "manifest",
                Answer.NO,
                f"also names {site.image}, which is in another account and would not be copied",
                evidence=place,
                hint=f"name an image that {each.target.name} can pull, or keep that value with `keep:` of the service",
                code=ManifestRefused.code,
            )
