"""Rule: a numerical policy with a tag that makes Flux fail."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.findings import RuleText
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Scene
from tidegate.flux import Failure, Outcome

_SHOWN = 3


def _find(scene: Scene) -> Iterator[Hit]:
    for judged in scene.policies:
        if judged.failure is Failure.NOT_A_NUMBER:
            tags = [each.tag for each in judged.running() if each.outcome is Outcome.NOT_A_NUMBER]
            more = f" and {len(tags) - _SHOWN} more" if len(tags) > _SHOWN else ""
            what = f"the numerical policy {judged.name} fails at {', '.join(tags[:_SHOWN])}{more}"
            instead = "a narrower filterTags.pattern" if judged.filters else "filterTags: {pattern: '^[0-9]+$'}"
            yield Hit.at(judged, what, instead)


NOT_A_NUMBER = Rule(
    RuleText(
        "not-a-number",
        "a numerical policy that meets a tag which is no number",
        "a single such tag fails the policy as a whole: no new version arrives until the tag is deleted",
        "a filterTags.pattern that only numbers match, or an extract that gives a number",
    ),
    _find,
)
