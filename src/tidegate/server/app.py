"""The HTTP face: a table of routes."""

from __future__ import annotations

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from tidegate import __version__
from tidegate.server.access.doorkeeper import Doorkeeper
from tidegate.server.access.headers import SecurityHeaders
from tidegate.server.access.provider_routes import provider_routes
from tidegate.server.access.sign_in_routes import sign_in_routes
from tidegate.server.api.actions import action_routes
from tidegate.server.api.events import event_routes
from tidegate.server.api.reads import read_routes
from tidegate.server.api.session import session_routes
from tidegate.server.board_routes import board_routes
from tidegate.server.compression import Compression
from tidegate.server.hook_routes import hook_routes
from tidegate.server.news import News
from tidegate.server.pages.routes import page_routes
from tidegate.server.parts import Parts
from tidegate.server.problems import answer_problems
from tidegate.server.request_ids import RequestIds
from tidegate.server.request_traces import RequestTraces


def make_app(parts: Parts) -> FastAPI:
    """Return the application. It does nothing by itself: queue and workers are the process's."""
    app = FastAPI(
        title="Tidegate", version=__version__, openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None
    )
    app.add_middleware(Compression)
    app.add_middleware(Doorkeeper, access=parts.access)
    app.add_middleware(SecurityHeaders, secure=parts.access.cookie.secure)
    app.add_middleware(RequestIds)
    if parts.traces is not None:
        app.add_middleware(RequestTraces, telemetry=parts.traces)  # the last one added is the first to see a request
    answer_problems(app)
    news = News(parts.board)
    app.router.routes.extend(hook_routes(parts))  # what comes most often is looked for first
    app.include_router(sign_in_routes(parts.access))
    app.include_router(provider_routes(parts.access))
    app.include_router(board_routes(parts.board))
    app.include_router(session_routes(parts))
    app.include_router(event_routes(parts, news))
    app.include_router(read_routes(parts))
    app.include_router(action_routes(parts))
    app.include_router(page_routes(parts, news))

    @app.get("/healthz", tags=["process"])
    async def healthz() -> JSONResponse:
        """Say that the process is alive."""
        return JSONResponse({"alive": True})

    @app.get("/readyz", tags=["process"])
    async def readyz() -> JSONResponse:
        """Say whether everything has been looked at once and keys are handled."""
        record = {
            "ready": parts.is_ready,
            "resynced": parts.resynced.is_set(),
            "queue": parts.queue.is_alive,
            "stopping": parts.stopping.is_set(),
        }
        return JSONResponse(record, 200 if parts.is_ready else 503)

    @app.get("/metrics", tags=["process"])
    def metrics() -> Response:
        """Return figures for Prometheus."""
        return Response(parts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return app
