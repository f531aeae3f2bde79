"""The board as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidegate.engine.views.board import BoardCell
from tidegate.engine.views.documents import live_document
from tidegate.model import Reason


def row_record(service: str, cells: Mapping[str, BoardCell], environments: Sequence[str]) -> dict[str, object]:
    """Return a row: for each environment a cell, or null where nobody has looked yet."""
    return {
        "service": service,
        "cells": [cell_record(cells[each]) if each in cells else None for each in environments],
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
        "live": live_document(cell.live),
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
