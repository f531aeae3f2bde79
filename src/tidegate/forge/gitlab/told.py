"""What was told of which merge request: a cache, so that what is shown already costs no call to find out.

It can be deleted at any time: then GitLab is asked again. One small file for each merge request.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from tidegate.model.report import Report
from tidegate.ports.clock import Clock

_GOOD_FOR: Final = timedelta(hours=1)
"""After that GitLab is told again: somebody may have deleted the note, or run another pipeline for the commit."""


@dataclass(frozen=True, slots=True)
class Told:
    """Which report was told last.

    Args:
        folder: where the files are.
        clock: what time it is.
    """

    folder: Path
    clock: Clock

    def knows(self, report: Report) -> bool:
        """Return whether this very report was told within the last hour; a file that can't be read says no."""
        try:
            digest, _, at = self._file(report).read_text("ascii").strip().partition(" ")
            age = self.clock.now().timestamp() - float(at)
        except (OSError, ValueError):
            return False
        return digest == _digest(report) and 0 <= age < _GOOD_FOR.total_seconds()

    def keep(self, report: Report) -> None:
        """Remember a report. A folder that can't be written is none of the delivery's business: it costs calls."""
        file = self._file(report)
        fresh = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(f"{_digest(report)} {self.clock.now().timestamp()}\n", "ascii")
            fresh.replace(file)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)

    def _file(self, report: Report) -> Path:
        return self.folder / sha256(report.project.encode()).hexdigest()[:16] / str(report.iid)


def _digest(report: Report) -> str:
    words = (report.head, report.branch, report.state.value, report.summary, report.note)
    return sha256("\0".join(words).encode("utf-8", "replace")).hexdigest()
