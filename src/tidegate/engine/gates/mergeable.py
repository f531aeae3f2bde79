"""Gate: merging makes the very files that were looked at, and needs no person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.forge import MergeConflict
from tidegate.errors.release import ManifestRefused
from tidegate.model import Answer, Reason


def check_mergeable(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield a reason for a fork's that would have to be rewritten, for conflicts, and for changes that would mix."""
    found = seen.merge_request
    if found.from_fork and any(each.names_source for each in seen.deliveries):
        yield Reason(
            "mergeable",
            Answer.NO,
            f"{found.ref} comes from a fork, where Tidegate can't write the image that {seen.target.name} is to run",
            evidence=found.ref,
            hint=f"name that image in it, or open it from a branch of {found.project}",
            code=ManifestRefused.code,
        )
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
