"""How far Flux is with a service, in a table's cell and below a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tidegate.cli.document import Document
from tidegate.cli.report import Cell, Style

_WORDS: Final = {
    "live": ("live", None),
    "not-applied": ("not applied yet", Style.DIM),
    "rolling-out": ("rolling out", Style.DIM),
    "failed": ("✗ failed", Style.BAD),
    "suspended": ("suspended", Style.DIM),
    "missing": ("✗ missing", Style.BAD),
    "unknown": ("? unknown", Style.DIM),
}
"""State → what a person reads."""


def live_cell(cell: Document) -> str | Cell:
    """Return what a table says of a cell's cluster: the tag that it has where git declares another, and how far it is.

    Args:
        cell: as `tidegate status -o json` has it.
    """
    live = cell.inner("live")
    if live is None:
        return ""
    state, tag = live.text("state"), live.maybe("tag")
    word, style = _WORDS.get(state, (state, None))
    text = f"{tag} {word}" if tag is not None and tag != cell.maybe("tag") else word
    return text if style is None else Cell(text, style)


def live_lines(cells: Sequence[Document]) -> Iterator[str]:
    """Yield what takes more room: why Flux failed, and why it can't be told what runs; of a cluster once."""
    told: set[tuple[str, str]] = set()
    for cell in cells:
        live = cell.inner("live")
        environment = cell.text("environment")
        match live.text("state") if live else None:
            case "failed" if live is not None:
                said = f"{live.text('reason')}: {live.text('message')}"
                yield f"{cell.text('service')} in {environment}: Flux failed to roll out {live.maybe('tag')}: {said}"
            case "unknown" if live is not None and (environment, live.text("message")) not in told:
                told.add((environment, live.text("message")))
                hint = live.maybe("hint")
                yield f"what runs in {environment} can't be told: {live.text('message')}{f' ({hint})' if hint else ''}"
