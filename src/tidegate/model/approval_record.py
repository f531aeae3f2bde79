"""The record of whose approvals were seen: a line that people do not see, at the top of Tidegate's own note.

`<!-- tidegate:delivery sam=<commit>@2026-05-01T12:00:00+00:00 … -->`, with the commit's 40 hexadecimal digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from tidegate.model.merge_request import Approval

MARK: Final = "<!-- tidegate:delivery"
"""How the first line of the note begins; by it the note is found again."""

_END: Final = " -->"
_USER: Final = r"[A-Za-z0-9_.\-]{1,255}"
_ENTRY: Final = re.compile(rf"({_USER})=([0-9a-f]{{40}})@([0-9T:.+\-]{{20,40}})", re.ASCII)


def first_line(approvals: Iterable[Approval]) -> str:
    """Return the line that records `approvals`; a name that no forge gives its users is left out."""
    entries = (f"{one.user}={one.head}@{one.at.isoformat()}" for one in approvals)
    return f"{' '.join((MARK, *(one for one in entries if _ENTRY.fullmatch(one))))}{_END}"


def recorded(note: str) -> tuple[Approval, ...]:
    """Return the approvals that the first line of a note records; none when it is not such a line, whole."""
    line = note.partition("\n")[0].rstrip("\r")
    if not (line.startswith(MARK) and line.endswith(_END)):
        return ()
    return tuple(filter(None, map(_approval, line.removeprefix(MARK).removesuffix(_END).split())))


def _approval(entry: str) -> Approval | None:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(match[3])
    except ValueError:
        return None
    return Approval(match[1], at, match[2]) if at.tzinfo else None
