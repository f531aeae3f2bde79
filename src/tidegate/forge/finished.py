"""What is said of a merge request that takes no more changes."""

from __future__ import annotations

from tidegate.errors.forge import MergeRequestNotOpen
from tidegate.model.merge_request import MergeRequest, MergeRequestState


def not_open(request: MergeRequest) -> MergeRequestNotOpen:
    """Return the error for a merge request that is merged or closed."""
    again = "promote again to get a new one"
    done = f"it is in {request.target_branch}, and needs nothing more: `tidegate status` says what runs where"
    is_merged = request.state is MergeRequestState.MERGED
    return MergeRequestNotOpen(
        f"the merge request is {request.state.value}", where=request.ref, hint=done if is_merged else again
    )
