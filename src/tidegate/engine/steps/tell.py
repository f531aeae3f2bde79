"""Step: a merge request shows how far its delivery is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from tidegate.engine.steps.base import Outcome, Run
from tidegate.errors import TidegateError
from tidegate.model import Report
from tidegate.model.json import Json


@dataclass(frozen=True, slots=True)
class Tell:
    """Have the head's commit show a state, and the merge request the note with every reason.

    Args:
        report: what to show; a commit of this very run on its branch takes the place of its head.
        later: it may be left to another run.
    """

    kind: ClassVar[str] = "tell"

    report: Report
    later: bool = False

    def describe(self) -> str:
        """Return what it will do."""
        return f"status {self.report.state.value} on {self.report.project}!{self.report.iid}: {self.report.summary}"

    def record(self) -> dict[str, Json]:
        """Return its data for JSON."""
        report = self.report
        return {
            "project": report.project,
            "iid": report.iid,
            "head": report.head,
            "state": report.state.value,
            "summary": report.summary,
        }

    def perform(self, run: Run) -> Outcome:
        """Show it, where the forge can. What is shown decides nothing, so that a failure of it stops nothing."""
        report, reports = self.report, run.world.reports
        ref = f"{report.project}!{report.iid}"
        if reports is None:
            return Outcome(f"{ref} shows no state: its forge has none", adopted=True)
        head = run.heads.get((report.project, report.branch), report.head)
        try:
            written = reports.tell(replace(report, head=head), later=self.later)
        except TidegateError as error:
            return Outcome(f"{ref} does not show its state: {error}", failed=True)
        return Outcome(f"{ref} shows: {report.summary}", adopted=not written)
