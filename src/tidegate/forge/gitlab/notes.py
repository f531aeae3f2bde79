"""The one note of a merge request that Tidegate keeps up to date, found again by its first line and its author."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tidegate.errors import TidegateError
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.forge.gitlab.parse import Note, note
from tidegate.model.approval_record import MARK

_OLDEST_FIRST = {"sort": "asc", "order_by": "created_at"}


class StatusNotes:
    """Which note of a merge request is the kept one, and what it says, as this run has seen it: saves a look."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, ...], tuple[int, str]] = {}

    def look(self, path: tuple[str, ...], notes: Iterable[Note], me: Callable[[], str]) -> None:
        """Take in the notes of a merge request, the oldest first, as they were read for something else."""
        marked = [one for one in notes if not one.is_system and one.text.startswith(MARK)]
        ours = [one for one in marked if one.by == me()]
        if len(ours) == 1:  # of several, all but one are still to be deleted
            self.keep(path, ours[0].id, ours[0].text)

    def keep(self, path: tuple[str, ...], number: int, text: str) -> None:
        """Remember what the note says now."""
        self._seen[path] = (number, text)

    def of(self, path: tuple[str, ...]) -> tuple[int, str] | None:
        """Return number and text of the note; None when it has not been seen."""
        return self._seen.get(path)


def keep_note(
    api: GitLabClient, path: tuple[str, ...], me: Callable[[], str], text: str, *, is_first: bool = False
) -> tuple[int, bool]:
    """Have one note with `text`; return its number, and whether anything was written.

    A note that somebody else has begun with the same line is theirs: it is left alone. Of two that two runs made at
    the same moment, the younger goes.

    Args:
        api: calls with the project's token.
        path: the merge request's.
        me: tells the token's user.
        text: begins with the line that the note is found by.
        is_first: there can't be one yet.
    """
    kept = None if is_first else _kept(api, path, me)
    if kept is None:
        made = note(api.send("POST", *path, "notes", body={"body": text}))
        oldest = _kept(api, path, me, made.id)
        if oldest is None or oldest.id == made.id or is_same(oldest.text, text):
            return (oldest or made).id, True
        kept = oldest
    if is_same(kept.text, text):
        return kept.id, False
    change_note(api, path, kept.id, text)
    return kept.id, True


def change_note(api: GitLabClient, path: tuple[str, ...], number: int, text: str) -> None:
    """Give a note of ours another text.

    Raises:
        ForgeRefused: it is gone.
    """
    api.send("PUT", *path, "notes", str(number), body={"body": text})


def all_notes(api: GitLabClient, path: tuple[str, ...], *, missing: TidegateError | None = None) -> Iterator[Note]:
    """Yield the notes, the oldest first, GitLab's own reports among them.

    Raises:
        TidegateError: `missing`, when there is no such merge request. And as `GitLabClient.list`.
    """
    return map(note, api.list(*path, "notes", query=_OLDEST_FIRST, missing=missing))


def _kept(api: GitLabClient, path: tuple[str, ...], me: Callable[[], str], made: int | None = None) -> Note | None:
    """Return our oldest note of the kind; younger ones are deleted. What is `made` is ours without asking."""
    found = [one for one in all_notes(api, path) if not one.is_system and one.text.startswith(MARK)]
    ours = [one for one in found if one.id == made or one.by == me()]
    for younger in ours[1:]:
        api.send("DELETE", *path, "notes", str(younger.id))
    return ours[0] if ours else None


def is_same(text: str, other: str) -> bool:
    """Return whether two texts are the same to GitLab, which keeps its own line ends."""
    return text.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
