"""Rule: a hold that is over, or damaged."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.findings import RuleText
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Scene
from tidegate.errors import Place


def _find(scene: Scene) -> Iterator[Hit]:
    for judged in scene.policies:
        if judged.held is not None and judged.over is not None:
            what = f"{judged.name} is {judged.held.hold}; {judged.over}"
            place = Place(judged.file, judged.held.line)
            yield Hit(judged.project, place, what, f"range: {judged.held.range}; `tidegate policy sync` proposes it")
        if judged.fault is not None:
            place = judged.fault.where if isinstance(judged.fault.where, Place) else judged.place
            yield Hit(judged.project, place, f"{judged.name}: {judged.fault.what}", judged.fault.hint or "")


HOLD_OVER = Rule(
    RuleText(
        "hold-over",
        "a hold that is over, or whose annotation and range don't agree",
        "the environment stays at an old version longer than anybody decided",
        "the range from before: `tidegate policy resume`, or `tidegate policy sync` for all",
    ),
    _find,
)
