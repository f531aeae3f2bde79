"""Rule: something that the check could not look at."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.policy_check.rule import Hit, Rule
from tidegate.engine.policy_check.scene import Scene
from tidegate.errors import Place


def _find(scene: Scene) -> Iterator[Hit]:
    for each in scene.unreadable:
        place = each.error.where if isinstance(each.error.where, Place) else Place(str(each.error.where or "."))
        yield Hit(each.project, place, each.error.what, each.error.hint or "correct the file", Severity.WARNING)


UNREADABLE = Rule(
    RuleText(
        "unreadable",
        "a file with policies, markers or releases that can't be read",
        "what stands in it was not checked, and Flux may not read it either",
        "YAML that parses; one HelmRelease of a service in its folder",
    ),
    _find,
)
