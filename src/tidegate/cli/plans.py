"""How plans and verdicts are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from tidegate.cli.output import Cell, Format, Json, Output, Report, Style, Table, printable
from tidegate.engine.deliver import Delivery
from tidegate.engine.plan import Plan
from tidegate.model import Answer, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MARKS: Final = {
    Answer.GO: Cell("✓ go", Style.GOOD),
    Answer.WAIT: Cell("… wait", Style.WAIT),
    Answer.NO: Cell("✗ no", Style.BAD),
}


def show_plan(output: Output, form: Format, plan: Plan) -> None:
    """Print a plan: its steps in order, then the manifest change."""
    table = Table(
        columns=("STEP", "WHAT", "DETAIL"),
        rows=tuple((str(number), step.kind, step.describe()) for number, step in enumerate(plan.steps, 1)),
        empty="nothing to do",
    )
    if form is Format.TABLE:
        output.say(printable(plan.summary))
        for warning in plan.warnings:
            output.say(f"  warning: {printable(warning)}")
    document = cast("Mapping[str, Json]", plan.record())
    output.show(form, Report(table, document, tuple(step.kind for step in plan.steps)))
    if form is Format.TABLE and plan.diff:
        output.line()
        for line in plan.diff.splitlines():
            output.line(printable(line))


def show_plan_before(output: Output, form: Format, plan: Plan) -> None:
    """Print a plan for people above another table; programs get that one only."""
    if form is Format.TABLE:
        show_plan(output, form, plan)
        if plan.steps:
            output.line()


def verdict_rows(reasons: Iterable[Reason]) -> tuple[tuple[str | Cell, ...], ...]:
    """Return reasons as rows: answer, gate, reason (of a no, also place and code), what to do."""
    return tuple((_MARKS[reason.answer], reason.gate, _text(reason), reason.hint or "") for reason in reasons)


def _text(reason: Reason) -> str:
    if reason.answer is not Answer.NO:
        return reason.text
    where = f"{reason.evidence}: " if reason.evidence and reason.evidence not in reason.text else ""
    return f"{where}{reason.text}{f' [{reason.code}]' if reason.code else ''}"


def verdict_record(verdict: Verdict | None) -> dict[str, Json] | None:
    """Return a verdict for JSON."""
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


def delivery_record(delivery: Delivery, *, dry_run: bool) -> dict[str, Json]:
    """Return what became of a merge request, for JSON."""
    error = delivery.error
    return {
        "mergeRequest": delivery.merge_request.ref,
        "outcome": outcome(delivery, dry_run=dry_run),
        "verdict": verdict_record(delivery.verdict),
        "error": None if error is None else {"code": error.code, "what": error.what, "hint": error.hint},
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
