"""`GET /api/v1/board`: the newest snapshot as JSON. The bytes of one revision are made once."""

from __future__ import annotations

import json
from threading import Lock

from fastapi import APIRouter, Request, Response

from tidegate.server.board_record import board_record
from tidegate.server.board_store import BoardStore


def board_routes(board: BoardStore) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/api/v1", tags=["board"])
    written = _Written(board)

    @router.get("/board")
    def read_board(request: Request) -> Response:
        """Return all cells."""
        tag, body = written.newest()
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    return router


class _Written:
    """The newest snapshot's bytes. Processes count revisions anew: the tag has a number of this one."""

    def __init__(self, board: BoardStore) -> None:
        self._board = board
        self._lock = Lock()
        self._revision = -1
        self._body = b""

    def newest(self) -> tuple[str, bytes]:
        """Return the entity tag and the body."""
        with self._lock:
            snapshot = self._board.snapshot
            if snapshot.revision != self._revision:
                self._body = json.dumps(board_record(snapshot), ensure_ascii=False).encode()
                self._revision = snapshot.revision
            return f'"{id(self._board):x}-{self._revision}"', self._body
