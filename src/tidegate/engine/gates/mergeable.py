"""Gate: the merge request can be merged without a person."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.forge import MergeConflict
from tidegate.model import Answer, Reason


def check_mergeable(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield one reason when there are conflicts."""
    found = seen.merge_request
    if found.conflicts:
        yield Reason(
            "mergeable",
            Answer.WAIT,
            f"{found.ref} conflicts with {found.target_branch}",
            evidence=found.ref,
            hint="promote again to write it anew on the present branch, or resolve the conflict by hand",
            code=MergeConflict.code,
        )
