"""Rule: Flux does not take the ImagePolicy."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.findings import RuleText
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Scene
from tidegate.flux import Failure

_INVALID = {
    Failure.INVALID_POLICY: "write a range like 1.0.x, ~1.0 or >=1.0.0 <1.1.0, or order: asc",
    Failure.INVALID_FILTER: "write RE2 syntax in filterTags.pattern: no look-around, no back-references",
    Failure.INVALID_EXCLUSION: "write RE2 syntax in the ImageRepository's exclusionList",
}


def _find(scene: Scene) -> Iterator[Hit]:
    for judged in scene.policies:
        if judged.failure in _INVALID:
            yield Hit.at(
                judged, f"Flux does not take {judged.name}: {judged.selection.error}", _INVALID[judged.failure]
            )


POLICY_INVALID = Rule(
    RuleText(
        "policy-invalid",
        "an ImagePolicy that Flux does not take",
        "the policy is never ready, and the version stays as it is without a word in git",
        "a policy with one of semver, alphabetical or numerical, and expressions in RE2 syntax",
    ),
    _find,
)
