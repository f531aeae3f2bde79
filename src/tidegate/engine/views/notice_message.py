"""The words of a message: one notice in full, or many in a digest. Pure; golden-tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tidegate.counted import counted
from tidegate.model.notice import Message, Notice, NoticeEvent, Tone

_MOST_LINES: Final = 20
"""Of a digest; programs on telephones cut what is longer."""
_NAMED: Final = 5
"""How many services a line names; of more, it tells the number."""
_LONGEST: Final = 300
"""Characters of a line in a digest."""
_TITLES: Final = {
    NoticeEvent.FAILED: "failed",
    NoticeEvent.WAITING: "waiting for approval",
    NoticeEvent.OPENED: "promotion opened",
    NoticeEvent.DELIVERED: "delivered",
}
_HEADS: Final = {
    NoticeEvent.FAILED: "Failed",
    NoticeEvent.WAITING: "Waiting for approval",
    NoticeEvent.OPENED: "Promotions opened",
    NoticeEvent.DELIVERED: "Delivered",
}
_TONES: Final = {
    NoticeEvent.FAILED: Tone.FAILURE,
    NoticeEvent.WAITING: Tone.WARNING,
    NoticeEvent.OPENED: Tone.INFO,
    NoticeEvent.DELIVERED: Tone.SUCCESS,
}


def still_so(notices: Sequence[Notice]) -> tuple[Notice, ...]:
    """Return those that are not over by the end of `notices`, in order: of what was delivered since, only that is told.

    Of a service in an environment, a later notice takes the place of an earlier one of the same kind. What failed and
    what waits is over when the same environment gets its release.
    """
    last: dict[tuple[str, str, NoticeEvent], Notice] = {}
    for each in notices:
        place = each.environment, each.service
        if each.event is NoticeEvent.DELIVERED:
            for event in NoticeEvent:
                last.pop((*place, event), None)
        last.pop((*place, each.event), None)
        last[*place, each.event] = each
    return tuple(last.values())


def compose(notices: Sequence[Notice], left_out: Mapping[NoticeEvent, int], board: str | None) -> Message:
    """Return one message of all that is to be told.

    An opened merge request says itself whom it waits for: that is not told twice. What one merge request does to many
    services is one line.

    Args:
        notices: at least one, of the events that the reader wants; none of them over.
        left_out: of which event how many more there were than were kept.
        board: the server's address, where people reach it, or None.
    """
    groups = _groups(_without_echoes(notices))
    if len(groups) == 1 and not any(left_out.values()):
        return _in_full(groups[0], board)
    return _digest(groups, left_out, board)


def _without_echoes(notices: Sequence[Notice]) -> Iterator[Notice]:
    opened = {(each.environment, each.service, each.merge_request) for each in notices if _is(each, NoticeEvent.OPENED)}
    for each in notices:
        is_echo = (each.environment, each.service, each.merge_request) in opened
        if not (is_echo and each.event is NoticeEvent.WAITING):
            yield each


def _is(notice: Notice, event: NoticeEvent) -> bool:
    return notice.event is event


def _groups(notices: Iterable[Notice]) -> list[tuple[Notice, ...]]:
    """Return the notices by what they are about: event, environment and merge request; what only acting ends, first."""
    found: dict[tuple[str, ...], list[Notice]] = {}
    for each in notices:
        about = (each.event.value, each.environment, each.merge_request or f"service {each.service}")
        found.setdefault(about, []).append(each)
    order = list(NoticeEvent)
    return sorted(map(tuple, found.values()), key=lambda group: order.index(group[0].event))


def _in_full(group: tuple[Notice, ...], board: str | None) -> Message:
    first = group[0]
    moves = [_move(each) for each in group[:_MOST_LINES]]
    more = [f"… and {len(group) - _MOST_LINES} more"] if len(group) > _MOST_LINES else []
    code = f" ({first.code})" if first.code else ""
    hint = [f"What to do: {first.hint}"] if first.hint else []
    links = [each for each in (first.url, _page(group, board)) if each]
    return Message(
        title=f"{_subject(group)} to {first.environment}: {_TITLES[first.event]}",
        body="\n".join((*moves, *more, f"{first.text}{code}", *hint, *links)),
        tone=_TONES[first.event],
    )


def _page(group: tuple[Notice, ...], board: str | None) -> str | None:
    if board is None:
        return None
    first = group[0]
    return f"{board}/services/{first.service}/{first.environment}" if len(group) == 1 else f"{board}/"


def _subject(group: tuple[Notice, ...]) -> str:
    if len(group) > 1:
        return f"{len(group)} services"
    return f"{group[0].service} {group[0].after}" if group[0].after else group[0].service


def _move(notice: Notice) -> str:
    """Return what moves from where to where."""
    if notice.before == notice.after or notice.after is None:
        return f"{notice.service} in {notice.environment}: {notice.before or 'nothing yet'}"
    return f"{notice.service} in {notice.environment}: {notice.before or 'nothing yet'} → {notice.after}"


def _digest(groups: Sequence[tuple[Notice, ...]], left_out: Mapping[NoticeEvent, int], board: str | None) -> Message:
    """Return a message of many: how many of what, then a line for each, up to a number of lines."""
    counts = Counter(left_out)
    for group in groups:
        counts[group[0].event] += 1
    told = [event for event in NoticeEvent if counts[event]]
    shown = groups[:_MOST_LINES]
    hidden = sum(counts.values()) - len(shown)
    lines: list[str] = []
    for event in told:
        of_event = [_line(group) for group in shown if group[0].event is event]
        lines += [f"{_HEADS[event]}:", *of_event] if of_event else []
    if hidden:
        lines.append(f"… and {hidden} more")
    if board is not None:
        lines.append(f"{board}/")
    return Message(
        title=", ".join(_counted(event, counts[event]) for event in told),
        body="\n".join(lines),
        tone=_TONES[told[0]],
    )


def _counted(event: NoticeEvent, number: int) -> str:
    if event is NoticeEvent.OPENED:
        return f"{counted(number, 'promotion')} opened"
    return f"{number} {_TITLES[event]}"


def _line(group: tuple[Notice, ...]) -> str:
    first = group[0]
    names = ", ".join(f"{each.service} {each.before or '–'} → {each.after or '?'}" for each in group[:_NAMED])
    more = f" and {counted(len(group) - _NAMED, 'more service')}" if len(group) > _NAMED else ""
    code = f" ({first.code})" if first.code else ""
    text = f"{names}{more} in {first.environment}: {first.text}{code}"
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f"- {short}{f' {first.url}' if first.url else ''}"
