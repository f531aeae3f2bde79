"""Fields: a JSON object of GitLab's, asked for fields of a type. Unknown fields are passed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import NoReturn, TypeVar

from tidegate.errors.forge import ForgeUnreadable

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON value that should be an object.

    Every miss is a `ForgeUnreadable` that names the field.

    Args:
        value: what `json.loads` made.
        where: the request that it answers, or what it is.
    """

    value: object
    where: str

    def __contains__(self, name: str) -> bool:
        return isinstance(self.value, dict) and name in self.value

    def text(self, name: str) -> str:
        """Return a text."""
        found = self._get(name)
        return found if isinstance(found, str) else self._miss(name, "is not a text")

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None when it is null or not there."""
        return self._optional(name, self.text)

    def number(self, name: str) -> int:
        """Return a whole number."""
        found = self._get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) else self._miss(name, "is not a number")

    def optional_number(self, name: str) -> int | None:
        """Return a whole number, or None when it is null or not there."""
        return self._optional(name, self.number)

    def flag(self, name: str) -> bool:
        """Return true or false; what is null or not there is false."""
        found = self._get(name, None)
        return bool(found) if found is None or isinstance(found, bool) else self._miss(name, "is not true or false")

    def time(self, name: str) -> datetime:
        """Return a moment (UTC)."""
        try:
            moment = datetime.fromisoformat(self.text(name))
            return moment.astimezone(UTC) if moment.tzinfo else self._miss(name, "has no time zone")
        except (ValueError, OverflowError):
            return self._miss(name, "is not a time")

    def optional_time(self, name: str) -> datetime | None:
        """Return a moment (UTC), or None when it is null or not there."""
        return self._optional(name, self.time)

    def optional_date(self, name: str) -> date | None:
        """Return a day, or None when it is null or not there; of a moment, its day."""

        def day(name: str) -> date:
            try:
                return date.fromisoformat(self.text(name)[:10])
            except ValueError:
                return self._miss(name, "is not a date")

        return self._optional(name, day)

    def part(self, name: str) -> Fields:
        """Return an object."""
        found = self._get(name)
        return Fields(found, self.where) if isinstance(found, dict) else self._miss(name, "is not an object")

    def optional_part(self, name: str) -> Fields | None:
        """Return an object, or None when it is null or not there."""
        return self._optional(name, self.part)

    def parts(self, name: str) -> tuple[Fields, ...]:
        """Return the objects of a list."""
        return rows(self._get(name), self.where)

    def _get(self, name: str, *default: object) -> object:
        if not isinstance(self.value, dict):
            return self._miss(name, "was looked for where no object is")
        if name not in self.value and not default:
            return self._miss(name, "is missing")
        return self.value.get(name)

    def _optional(self, name: str, read: Callable[[str], _T]) -> _T | None:
        return None if self._get(name, None) is None else read(name)

    def _miss(self, name: str, why: str) -> NoReturn:
        raise unreadable(self.where, f"{name} {why}")


def rows(value: object, where: str) -> tuple[Fields, ...]:
    """Return the objects of a JSON list.

    Raises:
        ForgeUnreadable: `value` is no list.
    """
    if not isinstance(value, list):
        raise unreadable(where, "a list was expected")
    return tuple(Fields(one, where) for one in value)


def unreadable(where: str, why: str) -> ForgeUnreadable:
    """Return the error for an answer that can't be read."""
    return ForgeUnreadable(
        f"the answer is not what GitLab's API v4 answers: {why}",
        where=where,
        hint="is forge.url GitLab's own address, and nothing in between that answers instead, such as a login page?",
    )
