"""Runs the rules over a scene."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.engine.findings import Finding
from tidegate.engine.policy_check import RULES, Hit, Rule
from tidegate.engine.policy_check.observe import observe_scene
from tidegate.engine.policy_check.scene import Scene
from tidegate.engine.world import World

_IGNORE: Final = re.compile(r"#[ \t]*tidegate:ignore[ \t]+(?P<rules>[a-z0-9,-]+)(?:[ \t]+(?P<reason>\S.*?))?[ \t\r]*$")


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
    reason = _comment(scene.texts.get((hit.project, hit.place.file), b""), hit.place.line, rule.text.id)
    instead = hit.instead if reason != "" else f"{hit.instead} (the comment that ignores the rule gives no reason)"
    return Finding(rule.text.id, hit.severity, hit.project, hit.place, hit.what, rule.text.why, instead, reason or None)


def _comment(data: bytes, line: int | None, rule: str) -> str | None:
    """Return the reason of a `# tidegate:ignore` on the line, or alone on the one above; "" without; None: no such."""
    lines = data.decode("utf-8", "replace").split("\n")
    if line is None or not 0 < line <= len(lines):
        return None
    above = lines[line - 2].strip() if line > 1 else ""
    for text in (lines[line - 1], above if above.startswith("#") else ""):
        match = _IGNORE.search(text)
        if match is not None and rule in match["rules"].split(","):
            return match["reason"] or ""
    return None
