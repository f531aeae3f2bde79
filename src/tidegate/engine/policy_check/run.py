"""Runs the rules over a scene."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.findings import Finding
from tidegate.engine.ignore_comments import ignored_for, with_reason_missing
from tidegate.engine.policy_check import RULES, Hit, Rule
from tidegate.engine.policy_check.observe import observe_scene
from tidegate.engine.policy_check.scene import Scene
from tidegate.engine.world import World


def check_policies(world: World, branch: str | None = None) -> tuple[Finding, ...]:
    """Return what the rules find, in the order of the rules. Those that a comment switches off say why.

    Args:
        branch: look at this branch, in the repositories that have it, instead of the ones that Flux reads.
    """
    return tuple(find(observe_scene(world, branch)))


def find(scene: Scene) -> Iterator[Finding]:
    """Yield what the rules find in `scene`. Pure."""
    for rule in RULES:
        for hit in dict.fromkeys(rule.find(scene)):
            yield _finding(scene, rule, hit)


def _finding(scene: Scene, rule: Rule, hit: Hit) -> Finding:
    reason = ignored_for(scene.texts.get((hit.project, hit.place.file), b""), hit.place.line, rule.text.id)
    instead = hit.instead if reason != "" else with_reason_missing(hit.instead)
    return Finding(rule.text.id, hit.severity, hit.project, hit.place, hit.what, rule.text.why, instead, reason or None)
