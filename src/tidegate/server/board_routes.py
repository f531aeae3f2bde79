"""`GET /api/v1/board`: the newest snapshot as JSON. Who has it already gets no body."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from tidegate.server.api.router import api_router
from tidegate.server.api.shapes import BoardShape
from tidegate.server.board_store import BoardStore
from tidegate.server.compression import takes_gzip
from tidegate.server.written_board import WrittenBoard


def board_routes(board: BoardStore) -> APIRouter:
    """Return the routes."""
    router = api_router("board")
    written = WrittenBoard(board)

    @router.get("/board", responses={200: {"model": BoardShape}, 304: {"description": "It is as it was."}})
    def read_board(request: Request) -> Response:
        """Return all cells."""
        packed = takes_gzip(request.headers.get("accept-encoding", ""))
        tag, body = written.newest(packed=packed)
        headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        coding = {"Content-Encoding": "gzip"} if packed else {}
        return Response(body, media_type="application/json", headers={**headers, **coding})

    return router
