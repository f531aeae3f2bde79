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
        range_, environment = judged.range, judged.environment
        if range_ is None or not range_.names_prerelease or environment is None:
            continue
        if not _names_releases(environment) or _only_prereleases(judged):
            continue
        selected = judged.selection.tag
        is_in = selected is not None and _is_prerelease(selected)
        now = f", and selects {selected}" if is_in else ""
        what = (
            f"the range {range_} of {judged.name} lets pre-releases in{now}; "
            f"{environment.name} names its tags {environment.tag.text}"
        )
        yield Hit.at(judged, what, _instead(range_), Severity.ERROR if is_in else Severity.WARNING)


def _names_releases(environment: Environment) -> bool:
    return not _is_prerelease(environment.tag.write(Version(1, 0, 0)))


def _only_prereleases(judged: Judged) -> bool:
    """Return whether a filter leaves pre-releases alone, so that they are meant."""
    running = [each.value for each in judged.running()] if judged.filters else []
    return bool(running) and all(map(_is_prerelease, running))


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
