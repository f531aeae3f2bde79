"""How changes of lanes are printed: each range and what it selects, before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tidegate.cli.policy.words import policy_words
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tidegate.engine.plan import Plan
    from tidegate.engine.policy.lane_changes import LaneChange


def changes_report(changes: Iterable[LaneChange], more: Mapping[str, Json], *, empty: str) -> Report:
    """Return the report of `changes`.

    Args:
        more: what stands beside them in the record.
        empty: what to say when there are none.
    """
    changes = tuple(changes)
    rows = tuple(change_row(change) for change in changes)
    records: list[Json] = [change_record(change) for change in changes]
    names = tuple(f"{change.lane.service.name}/{change.lane.environment.name}" for change in changes)
    columns = ("SERVICE", "ENVIRONMENT", "RANGE", "SELECTS", "WHY")
    width = len(columns) if any(change.why for change in changes) else len(columns) - 1
    table = Table(columns[:width], tuple(row[:width] for row in rows), empty=empty)
    return Report(table, {**more, "lanes": records}, names)


def with_plan(report: Report, plan: Plan | None) -> Report:
    """Return `report` with the plan of a dry run in its record: steps, diff, warnings. None: nothing was planned."""
    if plan is None:
        return report
    return replace(report, document={**report.document, "plan": plan.record()})


def change_row(change: LaneChange) -> tuple[str | Cell, ...]:
    """Return service, environment, range and selection before and after, and why."""
    before, after = policy_words(change.lane.policy.spec), policy_words(change.moved.policy.spec)
    return (
        change.lane.service.name,
        change.lane.environment.name,
        before if before == after else f"{change.lane.policy.range} → {change.moved.policy.range}",
        selects(change),
        change.why,
    )


def selects(change: LaneChange) -> Cell:
    """Return what is selected before and after."""
    after = change.after.tag or "nothing yet"
    return Cell(f"{change.before.tag or 'nothing'} → {after}", Style.PLAIN if change.after.tag else Style.WAIT)


def change_record(change: LaneChange) -> dict[str, Json]:
    """Return one change for JSON."""
    return {
        "service": change.lane.service.name,
        "environment": change.lane.environment.name,
        "policy": change.lane.policy.name,
        "place": str(change.lane.place),
        "range": {"before": change.lane.policy.range, "after": change.moved.policy.range},
        "selects": {"before": change.before.tag, "after": change.after.tag},
        "why": change.why or None,
    }
