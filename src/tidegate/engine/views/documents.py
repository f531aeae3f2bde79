"""Values as JSON: what `-o json` prints, and the API answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tidegate.model import Answer
from tidegate.model.json import Json

if TYPE_CHECKING:  # whoever has such values has imported what they are made of
    from tidegate.engine.deliver import Delivery
    from tidegate.engine.live import Live
    from tidegate.engine.plan import Plan
    from tidegate.engine.promote import Promoted
    from tidegate.engine.views.explanation import Explanation
    from tidegate.engine.views.status import Cell
    from tidegate.errors import TidegateError
    from tidegate.model import MergeRequest, Verdict


def cell_document(cell: Cell) -> dict[str, Json]:
    """Return what an environment has of a service."""
    return {
        "service": cell.service.name,
        "environment": cell.environment.name,
        "image": str(cell.image) if cell.image else None,
        "tag": cell.tag,
        "version": str(cell.version) if cell.version else None,
        "digest": str(cell.digest) if cell.digest else None,
        "delivered": str(cell.delivered) if cell.delivered else None,
        "since": cell.since.isoformat() if cell.since else None,
        "by": cell.actor,
        "mergeRequest": cell.merge_request,
        "fault": {"code": cell.fault.code, "what": str(cell.fault)} if cell.fault else None,
        "lane": {"code": cell.lane.code, "what": str(cell.lane)} if cell.lane else None,
        "live": live_document(cell.live),
    }


def live_document(live: Live | None) -> dict[str, Json] | None:
    """Return how far Flux is with a service; None where nobody looks."""
    if live is None:
        return None
    return {
        "state": live.state.value,
        "release": live.release,
        "image": str(live.image) if live.image else None,
        "tag": live.image.tag if live.image else None,
        "version": str(live.version) if live.version else None,
        "running": str(live.running) if live.running else None,
        "since": live.since.isoformat() if live.since else None,
        "reason": live.reason,
        "message": live.message,
        "hint": live.hint,
        "chart": live.chart,
    }


def explanation_document(explanation: Explanation) -> dict[str, Json]:
    """Return why an environment has what it has."""
    refusal = explanation.refusal
    return {
        "service": explanation.target.service.name,
        "environment": explanation.target.environment.name,
        "has": explanation.target.tag,
        "source": explanation.source.environment.name,
        "sourceHas": explanation.source.tag,
        "settled": explanation.settled,
        "sentence": explanation.sentence,
        "mergeRequest": explanation.merge_request.ref if explanation.merge_request else None,
        "verdict": verdict_document(explanation.verdict),
        "refusal": {"code": refusal.code, "what": str(refusal), "hint": refusal.hint} if refusal else None,
        "live": live_document(explanation.target.live),
    }


def plan_document(plan: Plan) -> dict[str, Json]:
    """Return a plan."""
    return plan.record()


def promoted_document(promoted: Promoted) -> dict[str, Json]:
    """Return what a promotion came to."""
    found = promoted.merge_request
    return {
        "mergeRequest": found.ref if found else None,
        "title": found.title if found else None,
        "branch": found.source_branch if found else None,
        "summary": promoted.plan.summary,
        "adopted": found is not None and not promoted.plan.steps,
    }


def verdict_document(verdict: Verdict | None) -> dict[str, Json] | None:
    """Return a verdict."""
    if verdict is None:
        return None
    reasons: list[Json] = [
        {
            "gate": reason.gate,
            "answer": reason.answer.value,
            "text": reason.text,
            "evidence": reason.evidence,
            "hint": reason.hint,
            "code": reason.code,
        }
        for reason in verdict.reasons
    ]
    return {"answer": verdict.answer.value, "reasons": reasons}


def delivery_document(delivery: Delivery, *, dry_run: bool) -> dict[str, Json]:
    """Return what became of a merge request."""
    return {
        "mergeRequest": delivery.merge_request.ref,
        "title": delivery.merge_request.title,
        "outcome": outcome(delivery, dry_run=dry_run),
        "verdict": verdict_document(delivery.verdict),
        "error": None if delivery.error is None else _error(delivery.error),
    }


def open_document(delivery: Delivery, *, whole: bool, may_go: bool | None = None) -> dict[str, Json]:
    """Return an open merge request and its verdict.

    Args:
        delivery: what is known of it; nothing was done.
        whole: every reason is known.
        may_go: whether it is worth a delivery; None: when the verdict is go.
    """
    found, seen = delivery.merge_request, delivery.seen
    is_go = delivery.verdict is not None and delivery.verdict.answer is Answer.GO
    document = delivery_document(delivery, dry_run=True)
    return {
        **document,
        "outcome": "ready" if is_go else document["outcome"],
        "project": found.project,
        "iid": found.iid,
        "author": found.author,
        "url": found.web_url,
        "environment": seen.target.name if seen else None,
        "services": [each.service.name for each in seen.deliveries] if seen else [],
        "mayGo": is_go if may_go is None else may_go,
        "whole": whole,
    }


def _error(error: TidegateError) -> dict[str, Json]:
    where = None if error.where is None else str(error.where)
    return {"code": error.code, "what": error.what, "where": where, "hint": error.hint}


def merge_request_document(found: MergeRequest) -> dict[str, Json]:
    """Return a merge request."""
    approvals: list[Json] = [
        {"user": each.user, "at": each.at.isoformat(), "head": each.head} for each in found.approvals
    ]
    comments: list[Json] = [
        {"user": each.user, "at": each.at.isoformat(), "text": each.text} for each in found.comments
    ]
    return {
        "ref": found.ref,
        "state": found.state.value,
        "title": found.title,
        "description": found.description,
        "author": found.author,
        "sourceBranch": found.source_branch,
        "targetBranch": found.target_branch,
        "head": found.head,
        "mergeCommit": found.merge_commit,
        "conflicts": found.conflicts,
        "conflicting": list(found.conflicting),
        "branchGone": found.branch_gone,
        "pipeline": {"status": found.pipeline.status, "url": found.pipeline.web_url} if found.pipeline else None,
        "approvals": approvals,
        "comments": comments,
    }


def outcome(delivery: Delivery, *, dry_run: bool = False) -> str:
    """Return one word for what became of a merge request.

    delivered (ready, when nothing was run), scheduled: the forge merges it by itself, merged before, waits, refused,
    failed, or none: it moves no image.
    """
    if delivery.error is not None:
        return "failed"
    if delivery.scheduled:
        return "scheduled"
    if delivery.plan is not None:
        return "ready" if dry_run else "delivered"
    if delivery.delivered:
        return "merged"
    if delivery.verdict is None:
        return "none"
    return "refused" if delivery.verdict.answer is Answer.NO else "waits"
