"""Document: a JSON object that is read by key and type, whether this process made it or a server sent it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tidegate.errors.server import AnswerUnreadable
from tidegate.model.json import Json

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Document:
    """An object.

    Args:
        values: its keys and values.

    Every reader raises `AnswerUnreadable` where the value is something else: the server is of another version.
    """

    values: Mapping[str, Json]

    def text(self, key: str) -> str:
        """Return the text at `key`."""
        return _of(str, self.values.get(key), key)

    def maybe(self, key: str) -> str | None:
        """Return the text at `key`, or None where it is null."""
        return None if self.values.get(key) is None else self.text(key)

    def flag(self, key: str) -> bool:
        """Return the truth value at `key`."""
        return _of(bool, self.values.get(key), key)

    def number(self, key: str) -> int:
        """Return the whole number at `key`."""
        return _of(int, self.values.get(key), key)

    def inner(self, key: str) -> Document | None:
        """Return the object at `key`, or None where it is null."""
        value = self.values.get(key)
        return None if value is None else Document(_object(value, key))

    def each(self, key: str) -> tuple[Document, ...]:
        """Return the objects of the list at `key`."""
        return tuple(Document(_object(item, key)) for item in _list(self.values.get(key), key))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts of the list at `key`."""
        return tuple(_of(str, item, key) for item in _list(self.values.get(key), key))

    def only(self, *keys: str) -> dict[str, Json]:
        """Return these keys and their values."""
        return {key: self.values[key] for key in keys if key in self.values}


def _of(kind: type[_Value], value: Json, key: str) -> _Value:
    if isinstance(value, kind):
        return value
    raise _unreadable(key)


def _object(value: Json, key: str) -> Mapping[str, Json]:
    if isinstance(value, Mapping):
        return value
    raise _unreadable(key)


def _list(value: Json, key: str) -> Sequence[Json]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    raise _unreadable(key)


def _unreadable(key: str) -> AnswerUnreadable:
    return AnswerUnreadable(
        f"the answer has no {key!r} as this version knows it",
        hint="install the server's version of Tidegate here: /api/v1/openapi.json names it",
    )
