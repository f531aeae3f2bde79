"""ImagePolicies and holds in words, and as records for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.flux import TagOutcome
    from tidegate.flux.holds import Hold


def policy_words(spec: Mapping[str, object]) -> str:
    """Return what a policy goes by: its range, or its kind and order; and its filter.

    Args:
        spec: an ImagePolicy's `.spec`.
    """
    choice = _mapping(spec.get("policy"))
    words = "no policy"
    for kind in ("semver", "alphabetical", "numerical"):
        if kind in choice:
            rule = _mapping(choice[kind])
            words = (
                str(rule.get("range") or "(no range)") if kind == "semver" else f"{kind} {rule.get('order') or 'asc'}"
            )
            break
    pattern, extract = (_mapping(spec.get("filterTags")).get(key) for key in ("pattern", "extract"))
    if pattern:
        words += f" of {extract} in {pattern}" if extract else f" of tags like {pattern}"
    return words


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def outcome_record(outcome: TagOutcome) -> dict[str, Json]:
    """Return what became of a tag, for JSON."""
    return {"tag": outcome.tag, "outcome": outcome.outcome.value, "why": outcome.text, "value": outcome.value}


def hold_record(hold: Hold | None) -> dict[str, Json] | None:
    """Return a hold for JSON."""
    if hold is None:
        return None
    return {
        "version": hold.version,
        "by": hold.by,
        "since": hold.since.isoformat(),
        "reason": hold.reason,
        "until": str(hold.until) if hold.until else None,
        "untilPromoted": hold.until_promoted,
    }
