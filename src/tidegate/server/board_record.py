"""The board as JSON."""

from __future__ import annotations

from tidegate.engine.board import BoardCell
from tidegate.model import Reason
from tidegate.server.board_store import Snapshot


def board_record(snapshot: Snapshot) -> dict[str, object]:
    """Return a snapshot: environments in order, and for each service a cell for each environment, or null."""
    environments = snapshot.board.environments
    return {
        "schemaVersion": 1,
        "revision": snapshot.revision,
        "environments": list(environments),
        "rows": [
            {"service": name, "cells": [cell_record(cells[each]) if each in cells else None for each in environments]}
            for name, cells in snapshot.board.rows.items()
        ],
    }


def cell_record(cell: BoardCell) -> dict[str, object]:
    """Return one cell."""
    found, gap = cell.merge_request, cell.gap
    return {
        "service": cell.service,
        "environment": cell.environment,
        "state": cell.state.value,
        "sentence": cell.sentence,
        "version": cell.version,
        "tag": cell.tag,
        "digest": cell.digest,
        "since": cell.since.isoformat() if cell.since else None,
        "by": cell.actor,
        "broughtBy": cell.brought_by,
        "mergeRequest": {"ref": found.ref, "title": found.title, "url": found.url} if found else None,
        "moving": cell.moving,
        "reasons": [_reason(each) for each in cell.reasons],
        "gap": {"versions": gap.versions, "since": gap.since.isoformat()} if gap else None,
        "faults": [{"code": each.code, "what": each.what, "hint": each.hint} for each in cell.faults],
    }


def _reason(reason: Reason) -> dict[str, object]:
    return {
        "gate": reason.gate,
        "answer": reason.answer.value,
        "text": reason.text,
        "evidence": reason.evidence,
        "hint": reason.hint,
        "code": reason.code,
    }
