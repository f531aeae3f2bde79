"""A cell's sentence in pieces, each clause with a link to its evidence. Put together they are the very sentence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from tidegate.engine.views.board import BoardCell
from tidegate.model import Answer, Reason

_COMMAND: Final = re.compile(r"(`tidegate [^`]*`)")
_PROMOTE: Final = "`tidegate promote "
_REFUSED: Final = " would be refused: "


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence.

    Args:
        text: the part.
        url: where its evidence is, or where the same is done; None: it is no clause by itself.
    """

    text: str
    url: str | None = None


def cell_url(service: str, environment: str) -> str:
    """Return the path of a cell's own page."""
    return f"/services/{quote(service, safe='')}/{quote(environment, safe='')}"


def gate_anchor(gate: str) -> str:
    """Return the id of a gate's row on a cell's page."""
    return f"gate-{gate.replace(' ', '-')}"


def pieces(cell: BoardCell) -> tuple[Piece, ...]:
    """Return the sentence of `cell` in pieces.

    A clause that says what a gate found leads to the merge request, when that is its evidence and has a page, else to
    the gate on the cell's own page. Elsewhere the merge request's name leads to its page. A command line leads to where
    the same is done, and why that would be refused to the plan, which shows it; a sentence without any of them, to the
    cell's page, which has its evidence.
    """
    links = [
        (reason.text, _evidence_url(cell, reason))
        for reason in cell.reasons
        if reason.answer is not Answer.GO and reason.text
    ]
    if cell.merge_request is not None and cell.merge_request.url is not None:
        links.append((cell.merge_request.ref, cell.merge_request.url))
    found = _commands(cell)
    if (refusal := cell.sentence.partition(_REFUSED)[2]) and "`" not in refusal:
        links.append((refusal, f"{cell_url(cell.service, cell.environment)}/promote"))
    for text, url in links:
        found = tuple(part for piece in found for part in linked(piece, text, url))
    if any(piece.url for piece in found):
        return found
    return (Piece(cell.sentence, cell_url(cell.service, cell.environment)),)


def _commands(cell: BoardCell) -> tuple[Piece, ...]:
    """Return a cell's sentence in pieces: command lines, and what is between them."""
    here, parts = cell_url(cell.service, cell.environment), _COMMAND.split(cell.sentence)
    return tuple(
        Piece(part, f"{here}/promote" if part.startswith(_PROMOTE) else here) if number % 2 else Piece(part)
        for number, part in enumerate(parts)
        if part
    )


def _evidence_url(cell: BoardCell, reason: Reason) -> str:
    request = cell.merge_request
    if request is not None and request.url is not None and reason.evidence == request.ref:
        return request.url
    return f"{cell_url(cell.service, cell.environment)}#{gate_anchor(reason.gate)}"


def linked(piece: Piece, text: str, url: str) -> tuple[Piece, ...]:
    """Return `piece` with the first `text` in it as a link; a piece that is one already stays."""
    before, found, after = piece.text.partition(text)
    if piece.url is not None or not found:
        return (piece,)
    return tuple(each for each in (Piece(before), Piece(found, url), Piece(after)) if each.text)
