"""Rule: a range that lets pre-releases in by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Judged, Scene
from tidegate.errors.model import InvalidConstraint, InvalidVersion
from tidegate.model import Constraint, Environment, Version

_PRERELEASE: Final = re.compile(r"(?<=[0-9xX*])-[0-9A-Za-z][0-9A-Za-z.-]*")


def _find(scene: Scene) -> Iterator[Hit]:
    for judged in scene.policies:
        range_ = judged.range
        if range_ is None or not range_.names_prerelease:
            continue
        meant = _meant(scene, judged)
        if meant is None:
            continue
        selected = judged.selection.tag
        is_in = selected is not None and _is_prerelease(selected)
        now = f", and selects {selected}" if is_in else ""
        what = f"the range {range_} of {judged.name} lets pre-releases in{now}; {meant}"
        yield Hit.at(judged, what, _instead(range_), Severity.ERROR if is_in else Severity.WARNING)


def _meant(scene: Scene, judged: Judged) -> str | None:
    """Return what says that releases are meant, as a clause; None when pre-releases are meant, or nothing tells.

    The tags that the policy reads tell first: where they hold pre-releases only, there is nothing else to select.
    Then how the environments name their tags: the one whose lane it is, else all that pull from that account.
    """
    values = [each.value for each in judged.running()]
    releases = [value for value in values if _is_release(value)]
    if not releases and any(map(_is_prerelease, values)):
        return None
    environments = _environments(scene, judged)
    if not environments or not all(map(_names_releases, environments)):
        return None
    if releases:
        newest = max(releases, key=Version.parse_flux)
        return f"{judged.image.name if judged.image else 'the image'} has releases, such as {newest}"
    return f"{environments[0].name} names its tags {environments[0].tag.text}"


def _environments(scene: Scene, judged: Judged) -> tuple[Environment, ...]:
    host = judged.image.host if judged.image else None
    if judged.lane is not None and host in {None, judged.lane.environment.registry.host}:
        return (judged.lane.environment,)
    return tuple(each for each in scene.pipeline.environments if each.registry.host == host)


def _names_releases(environment: Environment) -> bool:
    return not _is_prerelease(environment.tag.write(Version(1, 0, 0)))


def _is_release(tag: str) -> bool:
    try:
        return not Version.parse_flux(tag).prerelease
    except InvalidVersion:
        return False


def _is_prerelease(tag: str) -> bool:
    try:
        return bool(Version.parse_flux(tag).prerelease)
    except InvalidVersion:
        return False


def _instead(range_: Constraint) -> str:
    text = _PRERELEASE.sub("", str(range_))
    try:
        plain = Constraint.parse(text)
    except InvalidConstraint:
        plain = range_
    return "the range without -0 and other pre-releases" if plain.names_prerelease else text


ADMITS_PRERELEASES = Rule(
    RuleText(
        "admits-prereleases",
        "a range that lets pre-releases in where the environment has releases",
        "one comparison with a pre-release, such as -0, lets every pre-release in the range in: also of branches",
        "the same range without -0",
    ),
    _find,
)
