"""Gate: enough of the right people approved what is to be merged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tidegate.counted import counted
from tidegate.engine.observations import MergeRequestSeen
from tidegate.errors.release import NotDelivered
from tidegate.model import Answer, Approval, Reason


def check_approvals(seen: MergeRequestSeen) -> Iterator[Reason]:
    """Yield one reason: whose approvals count, and how many are missing.

    An approval counts when it was given at a reviewed head, by one of the rule's approvers, and not by an
    excluded person. One person counts once, however their name is written: forges tell no case apart.
    """
    rule = seen.target.approvals
    if rule.count == 0:
        yield Reason("approvals", Answer.GO, "needs no approval")
        return
    valid = counted_approvals(seen)
    objections = ((each.user, _objection(seen, each)) for each in seen.merge_request.approvals)
    passed_over = [f"{user}'s does not count: {objection}" for user, objection in objections if objection]
    evidence = seen.merge_request.ref
    missing = rule.count - len(valid)
    if missing <= 0:
        yield Reason("approvals", Answer.GO, f"approved by {', '.join(sorted(valid))}", evidence=evidence)
        return
    who = " or ".join(rule.approvers) or "anyone"
    needed = counted(missing, "more approval" if valid else "approval")
    notes = f" ({'; '.join(passed_over)})" if passed_over else ""
    yield Reason(
        "approvals",
        Answer.WAIT,
        f"{evidence} needs {needed} from {who}{notes}",
        evidence=evidence,
        hint=f"ask {who} to approve {evidence}",
        code=NotDelivered.code,
    )


def counted_approvals(seen: MergeRequestSeen, *, of_anyone: bool = False) -> Mapping[str, Approval]:
    """Return the approvals that count, by user; `of_anyone`: also of those whom the environment does not name.

    Below Tidegate's own rewrite those count, too, that Tidegate had recorded before it pushed, and that the forge took
    away because of that push. They are held against the rule anew.
    """
    found = seen.merge_request
    recorded = (one for one in found.recorded if seen.rewritten and one.head != found.head)
    given = (*recorded, *found.approvals)
    valid = {each.user.lower(): each for each in given if _objection(seen, each, of_anyone=of_anyone) is None}
    return {each.user: each for each in valid.values()}


def _objection(seen: MergeRequestSeen, given: Approval, *, of_anyone: bool = False) -> str | None:
    rule, user = seen.target.approvals, given.user.lower()
    if given.head not in seen.reviewed:
        return "given before the last push"
    if (
        not of_anyone
        and rule.approvers
        and not any(user in map(str.lower, members) for members in seen.members.values())
    ):
        return f"not in {' or '.join(rule.approvers)}"
    if rule.not_author and user == seen.merge_request.author.lower():
        return "the author"
    if rule.not_committers and not seen.committers.isdisjoint({user, *given.known_as}):
        return "committed to the branch"
    return None
