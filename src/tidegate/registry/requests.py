"""What a request to a registry is about, in one of few words."""

from __future__ import annotations

from typing import Final

from tidegate.http import Request
from tidegate.http.url import target

_BEFORE_LAST: Final = frozenset({"manifests", "blobs", "uploads", "tags", "referrers"})


def subject_of(request: Request) -> str:
    """Return the word of the path that says it (distribution-spec, 'Endpoints'), or `token`, or `uploads` elsewhere."""
    _, *parts = target(request.url).partition("?")[0].split("/")
    if "v2" in parts and parts[-1] == "":
        return "uploads" if parts[-2] == "uploads" else "ping"
    if "v2" in parts and len(parts) > 1 and parts[-2] in _BEFORE_LAST:
        return parts[-2]
    return "token" if request.method in {"GET", "POST"} else "uploads"
