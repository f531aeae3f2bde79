"""What is new about a cell of the board, compared with what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tidegate.engine.views.board import BoardCell, BoardState, Fault, MergeRequestLink
from tidegate.model import Answer, Reason
from tidegate.model.notice import Notice, NoticeEvent, same_failure

_APPROVALS: Final = frozenset({"approvals", "forge-rules"})
"""Gates that wait for somebody's approval."""
_STATE: Final = "state"
"""The gate that waits while a merge request is a draft: nobody is asked to approve it yet."""
_MOST_REMEMBERED: Final = 8
_LONGEST: Final = 500
"""Characters of a notice's text. An announcement between processes holds more."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a cell: it was so at the first look, or has been told.

    Args:
        tag: what the environment has.
        brought_by: the merge request that brought it.
        merge_requests: those that were open, the newest last; a few.
        moving: the tag that the newest of them brings.
        url: where a person looks at the newest of them.
        unjudged: one was open at the first look, and nobody had seen its verdict yet: that is part of the first look.
        untried: at the first look something was about to be done. If it fails, it may have failed before, too.
        waiting: whose approval it waits for, in words.
        failures: what failed, code and words.
    """

    tag: str | None = None
    brought_by: str | None = None
    merge_requests: tuple[str, ...] = ()
    moving: str | None = None
    url: str | None = None
    unjudged: bool = False
    untried: bool = False
    waiting: str | None = None
    failures: frozenset[str] = frozenset()


def news(known: Known | None, cell: BoardCell) -> tuple[Known | None, tuple[Notice, ...]]:
    """Return what is known after a look at `cell`, and what is to be told.

    What can't be read changes nothing. The first look tells nothing: what it shows may have been so for long.

    Args:
        known: what was known; None before the first look.
        cell: of an environment that is promoted to.
    """
    if cell.state is BoardState.UNKNOWN and cell.merge_request is None and cell.failure is None:
        return known, ()
    if known is None:
        is_read = cell.tag is not None or (cell.state is not BoardState.UNKNOWN and not cell.faults)
        return (_first(cell) if is_read else None), ()
    found: list[Notice] = []
    for look in (_delivered, _opened, _waiting, _failed):
        known, notices = look(known, cell)
        found += notices
    return known, tuple(found)


def _first(cell: BoardCell) -> Known:
    known, link = Known(cell.tag, cell.brought_by), cell.merge_request
    if link is not None and not cell.reasons:
        known, _ = _failed(known, cell)
        return replace(known, merge_requests=(link.ref,), unjudged=True)
    return _counted_as_told(known, cell)


def _counted_as_told(known: Known, cell: BoardCell) -> Known:
    """Return what is known once all that is so of a promotion counts as told."""
    if cell.merge_request is not None:
        known = _at(known, cell, cell.merge_request)
    known, _ = _waiting(known, cell)
    known, _ = _failed(known, cell)
    is_next = cell.state is BoardState.MOVING and cell.failure is None and not any(_obstacles(cell))
    return replace(known, untried=is_next)


def _at(known: Known, cell: BoardCell, link: MergeRequestLink) -> Known:
    """Return what is known when a merge request is the newest, and nobody has heard of whom it waits for."""
    refs = (*(each for each in known.merge_requests if each != link.ref), link.ref)[-_MOST_REMEMBERED:]
    return Known(known.tag, known.brought_by, refs, cell.moving, link.url)


def _delivered(known: Known, cell: BoardCell) -> tuple[Known, tuple[Notice, ...]]:
    if (cell.tag, cell.brought_by) == (known.tag, known.brought_by) or cell.tag is None or cell.digest is None:
        return known, ()  # what is declared and not there is not delivered
    after = replace(_recovered(known), tag=cell.tag, brought_by=cell.brought_by, waiting=None, unjudged=False)
    by = cell.brought_by or cell.actor
    told = Notice(
        event=NoticeEvent.DELIVERED,
        service=cell.service,
        environment=cell.environment,
        before=known.tag,
        after=cell.tag,
        merge_request=cell.brought_by,
        url=known.url if cell.brought_by in known.merge_requests[-1:] else None,
        text=_line(f"{cell.environment} has {cell.service} {cell.tag}{f', brought by {by}' if by else ''}"),
    )
    return after, (told,)


def _opened(known: Known, cell: BoardCell) -> tuple[Known, tuple[Notice, ...]]:
    link = cell.merge_request
    if link is None:
        return replace(known, unjudged=False), ()
    if not cell.reasons:
        return known, ()
    if known.unjudged:
        return _counted_as_told(known, cell), ()
    if (link.ref, cell.moving) == (next(iter(known.merge_requests[-1:]), None), known.moving):
        return known, ()
    after = _at(known, cell, link)
    if link.ref in known.merge_requests:  # it brings something else by now, or is the one that counts again
        return after, ()
    hint = next((reason.hint for reason in _obstacles(cell) if reason.hint), None)
    return after, (_notice(NoticeEvent.OPENED, cell, cell.sentence, hint),)


def _waiting(known: Known, cell: BoardCell) -> tuple[Known, tuple[Notice, ...]]:
    if cell.merge_request is None or not cell.reasons:
        return known, ()
    obstacles = tuple(_obstacles(cell))
    missing = tuple(each for each in obstacles if each.gate in _APPROVALS)
    is_asked = bool(missing) and all(each.answer is Answer.WAIT and each.gate != _STATE for each in obstacles)
    text = "; ".join(each.text for each in missing) if is_asked else None
    if text is None or text == known.waiting:
        return replace(known, waiting=text), ()
    hints = dict.fromkeys(each.hint for each in missing if each.hint)
    told = _notice(NoticeEvent.WAITING, cell, text, "; ".join(hints) or None)
    return replace(known, waiting=text), (told,)


def _failed(known: Known, cell: BoardCell) -> tuple[Known, tuple[Notice, ...]]:
    failures = tuple(_failures(cell))
    if not failures:
        return (_recovered(known) if _is_over(cell) else known), ()
    named = {f"{each.code} {same_failure(each.what)}": each for each in failures}
    new = {name: each for name, each in named.items() if name not in known.failures}
    kept = known.failures if len(known.failures) < _MOST_REMEMBERED else frozenset()
    after = replace(known, failures=kept | frozenset(new), untried=False)
    if known.untried or known.unjudged:  # it may have failed before the start just as well
        return after, ()
    return after, tuple(
        replace(_notice(NoticeEvent.FAILED, cell, each.what, each.hint), code=each.code) for each in new.values()
    )


def _recovered(known: Known) -> Known:
    """Return what is known when whatever fails from now on has not failed before."""
    return replace(known, failures=frozenset(), untried=False)


def _is_over(cell: BoardCell) -> bool:
    """Whether what failed is not about to be tried again: nothing is to be moved, or somebody else's turn has come."""
    return cell.state is BoardState.SETTLED or any(each.answer is Answer.WAIT for each in _obstacles(cell))


def _failures(cell: BoardCell) -> Iterator[Fault]:
    """Yield what failed, and why the merge request is refused, in one."""
    if cell.failure is not None and not cell.failure.waits:
        yield cell.failure
    refused = [each for each in _obstacles(cell) if each.answer is Answer.NO]
    if refused:
        hints = dict.fromkeys(each.hint for each in refused if each.hint)
        what = f"is refused: {'; '.join(each.text for each in refused)}"
        yield Fault(refused[0].code or "tidegate/blocked", what, "; ".join(hints) or None)


def _obstacles(cell: BoardCell) -> Iterator[Reason]:
    return (each for each in cell.reasons if each.answer is not Answer.GO)


def _notice(event: NoticeEvent, cell: BoardCell, text: str, hint: str | None = None) -> Notice:
    link = cell.merge_request
    return Notice(
        event=event,
        service=cell.service,
        environment=cell.environment,
        before=cell.tag,
        after=cell.moving,
        merge_request=link.ref if link else None,
        url=link.url if link else None,
        text=_line(text),
        hint=_line(hint) if hint else None,
    )


def _line(text: str) -> str:
    """Return `text` as one line that is not too long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
