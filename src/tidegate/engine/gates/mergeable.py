"""Gate: merging makes the very files that were looked at, and needs no person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.forge import MergeConflict
from tidegate.model import Answer, Reason


def check_mergeable(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield one reason when there are conflicts, or when a merge would mix two changes of one file."""
    found = seen.merge_request
    if seen.overtaken and not found.conflicts:
        yield Reason(
            "mergeable",
            Answer.WAIT,
            f"{found.target_branch} has changed {' and '.join(seen.overtaken)} since {found.ref} began",
            evidence=found.ref,
            hint=f"promote again, or merge {found.target_branch} into {found.source_branch}, so that approvers see it",
            code=MergeConflict.code,
        )
    if found.conflicts:
        yield Reason(
            "mergeable",
            Answer.WAIT,
            f"{found.ref} {replace(found, conflicting=found.conflicting or seen.overtaken).conflict}",
            evidence=found.ref,
            hint="promote again to write it anew on the present branch, or resolve the conflict by hand",
            code=MergeConflict.code,
        )
