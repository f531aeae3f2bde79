"""A cell's sentence in pieces, each clause with a link to its evidence. Put together they are the very sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from tidegate.engine.board import BoardCell
from tidegate.model import Answer, Reason

_COMMAND: Final = re.compile(r"(`tidegate [^`]*`)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence.

    Args:
        text: the part.
        url: where its evidence is, or None.
        is_command: it is a command line, in its backticks.
    """

    text: str
    url: str | None = None
    is_command: bool = False


def cell_url(service: str, environment: str) -> str:
    """Return the path of a cell's own page."""
    return f"/services/{quote(service, safe='')}/{quote(environment, safe='')}"


def gate_anchor(gate: str) -> str:
    """Return the id of a gate's row on a cell's page."""
    return f"gate-{gate.replace(' ', '-')}"


def pieces(cell: BoardCell) -> tuple[Piece, ...]:
    """Return the sentence of `cell` in pieces.

    A clause that says what a gate found leads to the merge request, when that is its evidence and has a page, else to
    the gate on the cell's own page. Elsewhere the merge request's name leads to its page.
    """
    links = [
        (reason.text, _evidence_url(cell, reason))
        for reason in cell.reasons
        if reason.answer is not Answer.GO and reason.text
    ]
    if cell.merge_request is not None and cell.merge_request.url is not None:
        links.append((cell.merge_request.ref, cell.merge_request.url))
    found = _commands(cell.sentence)
    for text, url in links:
        found = tuple(part for piece in found for part in _linked(piece, text, url))
    return found


def _commands(sentence: str) -> tuple[Piece, ...]:
    """Return a sentence in pieces: command lines, and what is between them."""
    parts = _COMMAND.split(sentence)
    return tuple(Piece(part, is_command=bool(number % 2)) for number, part in enumerate(parts) if part)


def _evidence_url(cell: BoardCell, reason: Reason) -> str:
    request = cell.merge_request
    if request is not None and request.url is not None and reason.evidence == request.ref:
        return request.url
    return f"{cell_url(cell.service, cell.environment)}#{gate_anchor(reason.gate)}"


def _linked(piece: Piece, text: str, url: str) -> tuple[Piece, ...]:
    """Return `piece` with the first `text` in it as a link; a piece that is one already stays."""
    before, found, after = piece.text.partition(text)
    if piece.url is not None or piece.is_command or not found:
        return (piece,)
    return tuple(each for each in (Piece(before), Piece(found, url), Piece(after)) if each.text)
