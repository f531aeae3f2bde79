"""What all routers of the API have: the prefix, the shape of errors, and how requests say who makes them."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Security
from fastapi.security import APIKeyCookie, HTTPBearer

from tidegate.server.api.shapes import PROBLEMS

_TOKEN: Final = HTTPBearer(scheme_name="token", description="An API token.", auto_error=False)
_SESSION: Final = APIKeyCookie(
    name="tidegate",
    scheme_name="session",
    description="The cookie of somebody who has signed in; over TLS it is called `__Host-tidegate`. Every change sends"
    " `X-CSRF-Token`, too: /api/v1/session tells it.",
    auto_error=False,
)


def api_router(*tags: str) -> APIRouter:
    """Return a router below `/api/v1`. Who makes a request is found out by the doorkeeper; here it is described."""
    return APIRouter(
        prefix="/api/v1",
        tags=list(tags),
        responses=PROBLEMS,
        dependencies=[Security(_TOKEN), Security(_SESSION)],
    )
