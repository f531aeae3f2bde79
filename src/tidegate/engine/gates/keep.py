"""Gate: what `keep:` names and the merge request brings all the same. Nothing is refused for it; it is told."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import MergeRequestSeen
from tidegate.model import Answer, Reason


def check_keep(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield a reason for each path that the environment was to keep, and that the merge request changes.

    A first promotion copies the whole file, and one that is made by hand may change anything.
    """
    for each in seen.deliveries:
        for path in each.not_kept:
            what = not_there_yet(path, each.target.name, each.source.name) if each.is_first else _changed(path)
            yield Reason(
                "keep",
                Answer.GO,
                what,
                evidence=each.proposed.file if each.proposed else None,
                hint=f"write what {each.target.name} is to have there, if it was not meant",
            )


def not_there_yet(path: str, target: str, source: str) -> str:
    """Return what a first promotion does with a kept path."""
    return f"keep: {path}: {target} has none yet, {source}'s comes along"


def _changed(path: str) -> str:
    return f"keep: {path} does not stay as it is: the merge request changes it"
