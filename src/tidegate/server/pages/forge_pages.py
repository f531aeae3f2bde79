"""Pages at the forge, as far as it has any. Names come from commits and labels: they stay in their place of the URL."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from tidegate.config import ForgeSettings, GitLabForge

_LONGEST_NUMBER: Final = 10


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


def _page(forge: ForgeSettings, project: str, rest: str) -> str | None:
    return f"{forge.url.rstrip('/')}/{quote(project)}/-/{rest}" if isinstance(forge, GitLabForge) else None
