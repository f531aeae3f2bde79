"""What a merge request's page shows of its delivery. The words are pure; `tell` shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.engine.gates.approvals import counted_approvals
from tidegate.engine.observations import MergeRequestSeen
from tidegate.engine.run import Progress
from tidegate.engine.steps import Run, Tell
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Answer, Reason, Report, ReportState, Verdict
from tidegate.model.approval_record import first_line

_MARKS: Final = {Answer.GO: "✓ go", Answer.WAIT: "… wait", Answer.NO: "✗ no"}
_STATES: Final = {
    Answer.GO: ReportState.AVAILABLE,
    Answer.WAIT: ReportState.WAITING,
    Answer.NO: ReportState.REFUSED,
}
_HEADINGS: Final = {
    ReportState.WAITING: "waits",
    ReportState.DELIVERING: "is being delivered",
    ReportState.AVAILABLE: "is being delivered",
    ReportState.REFUSED: "is not delivered",
}
_KINDS: Final = re.compile(r"\b(?:group|user):(?=\w)")
_LONGEST_CELL: Final = 500


def tell(world: World, report: Report, progress: Progress, *, later: bool = False) -> None:
    """Show `report` where the forge can; say so when something was written, or could not be."""
    if world.reports is None:
        return
    step = Tell(report, later)
    outcome = step.perform(Run(world))
    if not outcome.adopted:
        progress.began(step)
        progress.ended(step, outcome)


def verdict_report(seen: MergeRequestSeen, verdict: Verdict) -> Report:
    """Return what is shown of a merge request with this verdict, before anything is done."""
    return _report(seen, verdict, _STATES[verdict.answer], _summary(seen, verdict))


def delivering_report(seen: MergeRequestSeen, verdict: Verdict) -> Report:
    """Return what is shown while the images are copied."""
    return _report(seen, verdict, ReportState.DELIVERING, f"copying {_images(seen)}")


def available_report(seen: MergeRequestSeen, verdict: Verdict) -> Report:
    """Return what is shown once the images are there, so that the forge lets it be merged."""
    return _report(seen, verdict, ReportState.AVAILABLE, f"{_images(seen)} is available")


def failure_report(seen: MergeRequestSeen, verdict: Verdict, error: TidegateError) -> Report:
    """Return what is shown of a delivery that `error` ended: it waits where the same may go well the next time."""
    answer, words = (Answer.WAIT, "is tried again") if error.retryable else (Answer.NO, "failed")
    what = Reason("delivery", answer, f"the delivery {words}: {error.what}", hint=error.hint, code=error.code)
    return _report(seen, Verdict.of((*verdict.reasons, what)), _STATES[answer], what.text)


def _report(seen: MergeRequestSeen, verdict: Verdict, state: ReportState, summary: str) -> Report:
    found = seen.merge_request
    return Report(
        project=found.project,
        iid=found.iid,
        branch=found.source_branch,
        head=found.head,
        state=state,
        summary=_plain(summary),
        note="\n".join(_note(seen, verdict, state)),
        web_url=found.web_url,
    )


def _summary(seen: MergeRequestSeen, verdict: Verdict) -> str:
    obstacles = verdict.obstacles
    if not obstacles:
        return f"ready to be delivered to {seen.target.name}"
    first = _words(obstacles[0]).removeprefix(f"{seen.merge_request.ref} ")
    return _KINDS.sub("", first) + (f" (and {len(obstacles) - 1} more)" if len(obstacles) > 1 else "")


def _note(seen: MergeRequestSeen, verdict: Verdict, state: ReportState) -> Iterator[str]:
    approvals = counted_approvals(seen)
    yield first_line(approvals.values())
    services = " and ".join(_cell(each.service.name) for each in seen.deliveries)
    yield f"**Tidegate**: the move of {services} to {_cell(seen.target.name)} {_HEADINGS[state]}."
    yield ""
    yield "| | gate | reason | what to do |"
    yield "|---|---|---|---|"
    for reason in (*verdict.obstacles, *(each for each in verdict.reasons if each.answer is Answer.GO)):
        hint = "" if reason.answer is Answer.GO or reason.lasting else reason.hint or ""
        yield f"| {_MARKS[reason.answer]} | {reason.gate} | {_cell(_words(reason))} | {_cell(hint)} |"
    images = [each.target_image for each in seen.deliveries if each.target_image]
    if images:
        yield ""
        yield from (f"- `{_code(f'{image.name}:{image.tag}')}`: `{image.digest}`" for image in images)
    if approvals:
        yield ""
        yield f"Approvals seen: {', '.join(f'{_cell(user)} at {one.head[:12]}' for user, one in approvals.items())}."


def _images(seen: MergeRequestSeen) -> str:
    return " and ".join(f"{each.name}:{each.tag}" for one in seen.deliveries if (each := one.target_image) is not None)


def _words(reason: Reason) -> str:
    """Return the reason in words that stay the same while nothing but time passes."""
    return reason.lasting or reason.text


def _plain(text: str) -> str:
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())


def _cell(text: str) -> str:
    """Return text of others for a cell of a table: one line that is no markup, mentions nobody and hides nothing."""
    words = re.sub(r"([\\`*_\[\]#!|~$&:])", r"\\\1", _plain(text)[:_LONGEST_CELL])
    return words.replace("@", "&#64;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    return _plain(text).replace("`", "'").replace("|", "/")
