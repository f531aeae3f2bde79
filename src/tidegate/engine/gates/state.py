"""Gate: the merge request is open, has its branch, and is not a draft."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.release import BranchGone
from tidegate.model import Answer, MergeRequestState, Reason


def check_state(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield whether it may be delivered as far as its own state goes."""
    found = seen.merge_request
    if found.state is not MergeRequestState.OPEN:
        yield Reason(
            "state",
            Answer.NO,
            f"{found.ref} is {found.state.value}",
            evidence=found.ref,
            hint="promote again for a new merge request",
            code="forge/merge-request-not-open",
        )
    elif found.branch_gone:
        yield Reason(
            "state",
            Answer.NO,
            f"the branch of {found.ref}, {found.source_branch}, was deleted",
            evidence=found.ref,
            hint="promote again, which pushes it anew, or close the merge request",
            code=BranchGone.code,
        )
    elif found.draft:
        yield Reason("state", Answer.WAIT, f"{found.ref} is a draft", evidence=found.ref, hint="mark it as ready")
    else:
        yield Reason("state", Answer.GO, f"{found.ref} is open", evidence=found.ref)
