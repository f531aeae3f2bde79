"""What the policy check finds in a town, and policies to find something in."""

from __future__ import annotations

from support.lane_world import LaneWorld, policy
from tidegate.engine.check import check
from tidegate.engine.findings import Finding

IMAGE = "dev.example/team/inventory"


def found(town: LaneWorld, rule: str | None = None) -> list[Finding]:
    return [finding for finding in check(town.world()) if rule in {None, finding.rule}]


def places(town: LaneWorld, rule: str) -> list[tuple[str, str]]:
    return [(str(finding.place), finding.severity.value) for finding in found(town, rule)]


def kind(range_: str, kind_: str) -> bytes:
    return policy("x", extra=range_).replace(b"semver:\n      range: x", kind_.encode())


def filtered(pattern: str, extract: str = "", **rest: str) -> bytes:
    extra = f"  filterTags:\n    pattern: '{pattern}'\n" + (f"    extract: '{extract}'\n" if extract else "")
    return policy(rest.get("range", "1.1.x"), extra=extra)
