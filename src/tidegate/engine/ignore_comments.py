"""`# tidegate:ignore RULE reason`: a finding of one line that is switched off where it stands."""

from __future__ import annotations

import re
from typing import Final

_IGNORE: Final = re.compile(r"#[ \t]*tidegate:ignore[ \t]+(?P<rules>[a-z0-9,-]+)(?:[ \t]+(?P<reason>\S.*))?[ \t\r]*$")


def ignored_for(data: bytes, line: int | None, rule: str) -> str | None:
    """Return the reason of a `# tidegate:ignore` on the line, or alone on the one above; "" without; None: no such.

    Args:
        data: the file.
        line: from 1; None when the finding has none.
        rule: id of the rule.
    """
    lines = data.decode("utf-8", "replace").split("\n")
    if line is None or not 0 < line <= len(lines):
        return None
    above = lines[line - 2].strip() if line > 1 else ""
    for text in (lines[line - 1], above if above.startswith("#") else ""):
        match = _IGNORE.search(text)
        if match is not None and rule in match["rules"].split(","):
            return (match["reason"] or "").rstrip(" \t\r")
    return None


def with_reason_missing(instead: str) -> str:
    """Return what to write instead, where a comment ignores the rule and says not why."""
    return f"{instead} (the comment that ignores the rule gives no reason)"
