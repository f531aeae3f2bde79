"""How plans and verdicts are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tidegate.cli.document import Document
from tidegate.cli.output import Format, Output
from tidegate.cli.printable import printable
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.engine.views.documents import plan_document
from tidegate.model import Answer, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tidegate.engine.plan import Plan

_MARKS: Final = {
    Answer.GO: Cell("✓ go", Style.GOOD),
    Answer.WAIT: Cell("… wait", Style.WAIT),
    Answer.NO: Cell("✗ no", Style.BAD),
}


def show_plan(output: Output, form: Format, plan: Plan) -> None:
    """Print a plan: its steps in order, then the manifest change."""
    show_planned(output, form, Document(plan_document(plan)))


def show_planned(output: Output, form: Format, plan: Document) -> None:
    """Print a plan that is a document already."""
    steps, diff = plan.each("steps"), plan.text("diff")
    table = Table(
        columns=("STEP", "WHAT", "DETAIL"),
        rows=tuple((str(number), step.text("kind"), step.text("describe")) for number, step in enumerate(steps, 1)),
        empty="nothing to do",
    )
    if form is Format.TABLE:
        output.say(printable(plan.text("summary")))
        for warning in plan.texts("warnings"):
            output.say(f"  warning: {printable(warning)}")
    output.show(form, Report(table, plan.values, tuple(step.text("kind") for step in steps)))
    if form is Format.TABLE and diff:
        output.line()
        for line in diff.splitlines():
            output.line(printable(line))


def show_all_planned(output: Output, form: Format, plans: Sequence[Document]) -> None:
    """Print several plans: for people one after the other, for programs as one document."""
    if form is Format.TABLE:
        for plan in plans:
            show_planned(output, form, plan)
        return
    names = tuple(step.text("kind") for plan in plans for step in plan.each("steps"))
    output.show(form, Report(Table((), (), empty=""), {"plans": [plan.values for plan in plans]}, names))


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


def verdict_of(document: Document | None) -> Verdict | None:
    """Return the verdict that a document tells."""
    if document is None:
        return None
    return Verdict.of(
        Reason(
            gate=reason.text("gate"),
            answer=Answer(reason.text("answer")),
            text=reason.text("text"),
            evidence=reason.maybe("evidence"),
            hint=reason.maybe("hint"),
            code=reason.maybe("code"),
        )
        for reason in document.each("reasons")
    )
