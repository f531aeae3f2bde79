"""The port for what a merge request's page shows of its delivery: a commit status, and one note."""

from __future__ import annotations

from typing import Protocol

from tidegate.model.report import Report


class Reports(Protocol):
    """Shows people how far a delivery is. What it shows decides nothing."""

    def tell(self, report: Report, *, later: bool = False) -> bool:
        """Have the head's commit show the state and the summary, and the merge request one note with the rest.

        What is shown already is left as it is, and the note is changed in place.

        Args:
            report: what to show.
            later: it may be left to another run, when many others were told in this one already.

        Returns:
            Whether anything was written.

        Raises:
            TidegateError: as `Forge`. Nothing depends on it.
        """
        ...
