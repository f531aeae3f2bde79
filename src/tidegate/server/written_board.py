"""WrittenBoard: the newest snapshot as bytes, of which only what has changed is written again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from secrets import token_hex
from threading import Lock

from tidegate.engine.views.board import BoardCell
from tidegate.server.board_record import row_record
from tidegate.server.board_store import BoardStore, Snapshot
from tidegate.server.compression import gzipped


class WrittenBoard:
    """Writes each row once for as long as it stays the same. Safe for many threads.

    Args:
        board: whose snapshots are written.
    """

    def __init__(self, board: BoardStore) -> None:
        self._board = board
        self._process = token_hex(4)
        self._lock = Lock()
        self._tag = ""
        self._body = b""
        self._packed = b""
        self._environments: tuple[str, ...] = ()
        self._rows: dict[str, tuple[Mapping[str, BoardCell], bytes]] = {}

    def newest(self, *, packed: bool = False) -> tuple[str, bytes]:
        """Return the newest snapshot's entity tag and its JSON. The tag names the process, too.

        Args:
            packed: the JSON is compressed, once for all who ask, and has a tag of its own (RFC 9110, section 8.8.3.3).
        """
        with self._lock:
            snapshot = self._board.snapshot
            tag = f"{self._process}-{snapshot.revision}"
            if tag != self._tag:
                self._body, self._packed = self._written(snapshot), b""
                self._tag = tag
            if not packed:
                return f'"{tag}"', self._body
            self._packed = self._packed or gzipped(self._body)
            return f'"{tag}-gzip"', self._packed

    def _written(self, snapshot: Snapshot) -> bytes:
        board = snapshot.board
        if board.environments != self._environments:
            self._environments, self._rows = board.environments, {}
        before, self._rows = self._rows, {}
        for name, cells in board.rows.items():
            row = before.get(name)
            if row is None or row[0] is not cells:
                row = cells, _json(row_record(name, cells, board.environments))
            self._rows[name] = row
        head = _json({"schemaVersion": 1, "revision": snapshot.revision, "environments": list(board.environments)})
        rows = b",".join(written for _, written in self._rows.values())
        return b"%b,%b[%b]}" % (head.removesuffix(b"}"), b'"rows":', rows)


def _json(record: object) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
