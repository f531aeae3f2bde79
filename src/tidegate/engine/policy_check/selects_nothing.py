"""Rule: a range that selects nothing."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.counted import counted
from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.policy_check.filter_never_matches import extracts_nothing
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Judged, Scene
from tidegate.engine.versions.version_tags import Line
from tidegate.flux import Failure, Outcome
from tidegate.model import Version


def _find(scene: Scene) -> Iterator[Hit]:
    for judged in scene.policies:
        if judged.failure is Failure.NO_MATCH and not extracts_nothing(judged):
            tags = counted(len(judged.tags or ()), "tag")
            what = f"the range {judged.policy.range} of {judged.name} selects none of {tags}"
            line = _awaited(judged)
            if line is None:
                yield Hit.at(judged, what, _instead(judged))
            else:
                name = f"{line[0]}.{line[1]}"
                what = f"{what}: the line {name} has no image yet"
                yield Hit.at(judged, what, f"nothing; push the first image of {name}", Severity.WARNING)
        elif judged.failure is Failure.NO_TAGS:
            image = judged.image.name if judged.image else "the image"
            severity = Severity.ERROR if judged.tags else Severity.WARNING
            what = f"{judged.name} selects nothing: {judged.selection.error} in {image}"
            instead = (
                "push the first image, or correct the image's name" if not judged.tags else "a shorter exclusionList"
            )
            yield Hit.at(judged, what, instead, severity)


def _awaited(judged: Judged) -> Line | None:
    """Return the line that the range waits for: git tags have it, and it is above all that has an image."""
    built = max((version.line for version in _versions(judged) if not version.prerelease), default=(-1, -1))
    waiting = (line for line in judged.tagged if line > built)
    return next((line for line in sorted(waiting) if judged.range and judged.range.allows(Version(*line, 0))), None)


def _versions(judged: Judged) -> list[Version]:
    outside = {Outcome.OUTSIDE_RANGE, Outcome.PRERELEASE}
    return sorted(Version.parse_flux(each.value) for each in judged.running() if each.outcome in outside)


def _instead(judged: Judged) -> str:
    versions = _versions(judged)
    if not versions:
        return "tags with three numbers, like 1.0.0; or a filterTags with extract that gives such"
    newest = max((each for each in versions if not each.prerelease), default=versions[-1])
    suffix = "-0" if newest.prerelease else ""
    return (
        f"{newest.major}.{newest.minor}.x{suffix} has the newest version, {newest}; or push an image inside the range"
    )


SELECTS_NOTHING = Rule(
    RuleText(
        "selects-nothing",
        "a range that selects no tag of the registry",
        "Flux keeps what runs and reports the policy as not ready; no new version arrives",
        "a range that the newest versions are in",
    ),
    _find,
)
