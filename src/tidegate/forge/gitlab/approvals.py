"""Which approvals there are, and at which head each was given.

On GitLab Free an approval stays when somebody pushes, and it does not say what was approved. So its time is compared
with the times at which GitLab learned of each head (the merge request's diff versions).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from tidegate.forge.gitlab.parse import Given, Version
from tidegate.model.merge_request import Approval


def at_heads(given: Iterable[Given], versions: Iterable[Version]) -> tuple[Approval, ...]:
    """Return the approvals, oldest first, each with the head that it was given at.

    That is the newest head that GitLab knew before the approval. When it can't be told (no time, the same moment), it
    is the older head: an approval that may be of an older commit must not count for a newer one. An approval of a head
    that was left and pushed again later is void, and left out.

    Args:
        given: what GitLab tells of approvals.
        versions: the merge request's diff versions, in any order. Without any, no approval is of any head.
    """
    known = sorted(versions, key=lambda one: (one.at, one.id))
    found = [_placed(one, known) for one in given] if known else []
    return tuple(sorted(filter(None, found), key=lambda one: (one.at, one.user)))


def _placed(given: Given, known: list[Version]) -> Approval | None:
    at = given.at
    count = 1 if at is None else max(1, sum(1 for _ in takewhile(lambda one: one.at < at, known)))
    of, later = known[count - 1], [one.head for one in known[count:]]
    if later and later[-1] == of.head and set(later) != {of.head}:
        return None
    return Approval(given.by.name, at or of.at, of.head, given.by.known_as)
