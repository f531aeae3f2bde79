"""FakeReports: the reports port in memory."""

from __future__ import annotations

from dataclasses import replace

from tidegate.errors import TidegateError
from tidegate.model.report import Report


class FakeReports:
    """Keeps what is shown of each merge request; fulfils the port `Reports`.

    Attributes:
        told: every report that was shown, in order.
        failure: raised by every call, when it is set.
    """

    def __init__(self) -> None:
        self.told: list[Report] = []
        self.failure: TidegateError | None = None

    def tell(self, report: Report, *, later: bool = False) -> bool:
        """Show `report`, unless it is what the merge request shows."""
        del later
        if self.failure is not None:
            raise self.failure
        place = (report.project, report.iid)
        shown = next((one for one in reversed(self.told) if (one.project, one.iid) == place), None)
        if shown is not None and replace(shown, is_new=report.is_new) == report:
            return False
        self.told.append(report)
        return True
