"""Who makes the request, and what they may do."""

from __future__ import annotations

from fastapi import APIRouter

from tidegate.server.access.masks import masked
from tidegate.server.access.permissions import Permission
from tidegate.server.api.reads import Who
from tidegate.server.api.router import api_router
from tidegate.server.api.shapes import SessionShape
from tidegate.server.parts import Parts


def session_routes(parts: Parts) -> APIRouter:
    """Return the route."""
    router = api_router("session")

    @router.get("/session")
    def session(visitor: Who) -> SessionShape:
        """Return who makes the request, what they may do, and what a page proves itself with."""
        may = [
            {
                "environment": each.name,
                "promote": visitor.may(Permission.PROMOTE, each.name),
                "approve": visitor.may(Permission.APPROVE, each.name),
                "deliver": visitor.may(Permission.DELIVER, each.name),
            }
            for each in parts.configuration.pipeline.environments
        ]
        return SessionShape.model_validate(
            {
                "user": visitor.user,
                "proof": visitor.proof.value,
                "csrf": masked(visitor.csrf) if visitor.csrf else None,
                "may": may,
                "resync": visitor.may(Permission.RESYNC),
            }
        )

    return router
