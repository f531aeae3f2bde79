"""Pages at the forge, as far as it has any. Names come from commits and labels: they stay in their place of the URL."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from tidegate.config import ForgeSettings, GitLabForge
from tidegate.model import MergeRequest

_LONGEST_NUMBER: Final = 10
_PLACE: Final = re.compile(r"(?P<file>[^:\s]+\.ya?ml)(?::(?P<line>[0-9]+)(?::[0-9]+)?)?")
"""`file`, `file:line` or `file:line:column`."""


def compare_url(forge: ForgeSettings, source: str | None, since: str, until: str) -> str | None:
    """Return the page that compares two commits of a service's source; None where there is none."""
    if source is None or ":" in source or source.startswith("/"):
        return None
    return _page(forge, source, f"compare/{quote(since, safe='')}...{quote(until, safe='')}")


def commit_url(forge: ForgeSettings, project: str, commit: str) -> str | None:
    """Return a commit's page; None where there is none."""
    return _page(forge, project, f"commit/{quote(commit, safe='')}")


def merge_request_url(forge: ForgeSettings, ref: str | None) -> str | None:
    """Return the page of a merge request, `project!number` as trailers have it; None where there is none."""
    project, _, number = (ref or "").rpartition("!")
    if not project or not (number.isascii() and number.isdecimal()) or len(number) > _LONGEST_NUMBER:
        return None
    return _page(forge, project, f"merge_requests/{number}")


def evidence_url(forge: ForgeSettings, found: MergeRequest, evidence: str) -> str | None:
    """Return the page of what a gate names as evidence about a merge request: itself, or a line of its manifest."""
    if evidence == found.ref:
        return found.web_url
    match = _PLACE.fullmatch(evidence)
    if match is None:
        return None
    line = f"#L{match['line']}" if match["line"] else ""
    return _page(forge, found.project, f"blob/{quote(found.head, safe='')}/{quote(match['file'])}{line}")


def _page(forge: ForgeSettings, project: str, rest: str) -> str | None:
    return f"{forge.url.rstrip('/')}/{quote(project)}/-/{rest}" if isinstance(forge, GitLabForge) else None
