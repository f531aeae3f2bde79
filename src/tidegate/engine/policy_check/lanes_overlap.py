"""Rule: lanes of two environments that let the same version through."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.policy.range_probe import common_version
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Judged, Scene
from tidegate.flux import Outcome
from tidegate.model import Environment, Pipeline

_IN = frozenset({Outcome.TAKEN, Outcome.LOWER, Outcome.EQUAL})


def _find(scene: Scene) -> Iterator[Hit]:
    lanes = [each for each in scene.policies if each.lane is not None and each.held is None]
    for one, other in combinations(lanes, 2):
        if not _compete(one, other):
            continue
        flows = _flows(scene.pipeline, one, other)
        shared = _shared(one, other)
        # Twins on purpose say the same; what differs in words should differ in what it lets through.
        if shared is not None and (flows or one.policy.range != other.policy.range):
            yield _hit(one, other, shared, flows=flows)


def _compete(one: Judged, other: Judged) -> bool:
    assert one.lane is not None  # noqa: S101 - only lanes are looked at
    assert other.lane is not None  # noqa: S101 - likewise
    same_service = one.lane.service == other.lane.service
    return same_service and one.lane.environment != other.lane.environment and one.image == other.image


def _shared(one: Judged, other: Judged) -> str | None:
    """Return the newest tag, or else the lowest version, that both let through."""
    first, second = (
        {each.tag for each in judged.selection.explain() if each.outcome in _IN} for judged in (one, other)
    )
    for judged in (one, other):
        if judged.selection.tag in first & second:
            return judged.selection.tag
    if first & second:
        return max(first & second)
    if one.filters or other.filters or one.range is None or other.range is None:
        return None
    version = common_version(one.range, other.range)
    return str(version) if version is not None else None


def _flows(pipeline: Pipeline, one: Judged, other: Judged) -> bool:
    """Return whether one's environment gets its releases from the other's, over however many others."""

    def above(environment: Environment | None) -> Iterator[str]:
        while environment is not None and (environment := pipeline.source_of(environment)) is not None:
            yield environment.name

    first, second = one.environment, other.environment
    names = [*above(first)], [*above(second)]
    return bool(first and second and (first.name in names[1] or second.name in names[0]))


def _hit(one: Judged, other: Judged, shared: str, *, flows: bool) -> Hit:
    first, second = (judged.environment.name if judged.environment else "" for judged in (one, other))
    what = (
        f"{first} ({one.policy.range or one.policy.name}) and {second} ({other.policy.range or other.policy.name}) "
        f"both let {shared} through"
    )
    if flows:
        instead = f"merge requests instead of a lane in {second}, or ranges that share no version"
    else:
        instead = f"ranges that share no version, e.g. 1.0.x in {first} and 1.1.x in {second}; the same one for twins"
    return Hit.at(other, what, instead, Severity.ERROR if flows else Severity.WARNING)


LANES_OVERLAP = Rule(
    RuleText(
        "lanes-overlap",
        "lanes of two environments that let the same version through",
        "one build reaches both at once: what should be tried in one first, or kept apart, is not",
        "ranges that share no version; or the very same range in both where they are twins on purpose",
    ),
    _find,
)
