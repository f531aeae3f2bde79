"""Document: foreign JSON, read by path; what is not there or not of the kind is None."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tidegate.errors.server import WebhookInvalid

_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object, or whatever stands in its place."""

    value: object

    @classmethod
    def parse(cls, body: bytes) -> Document:
        """Return the object that `body` spells.

        Raises:
            WebhookInvalid: it spells none.
        """
        try:
            value: object = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise WebhookInvalid("the body is not JSON", hint="set the webhook's content type to JSON") from error
        if not isinstance(value, dict):
            raise WebhookInvalid("the body is no JSON object", hint="see docs/how-to/serve.md for what is understood")
        return cls(value)

    def at(self, *path: str) -> Document:
        """Return what stands at `path`."""
        value = self.value
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return Document(value)

    def text(self, *path: str) -> str | None:
        """Return the text at `path`; one that is longer than any name is None."""
        value = self.at(*path).value
        return value if isinstance(value, str) and len(value) <= _LONGEST else None

    def number(self, *path: str) -> int | None:
        """Return the whole number at `path`."""
        value = self.at(*path).value
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def each(self, *path: str) -> Iterator[Document]:
        """Yield the items of the list at `path`."""
        value = self.at(*path).value
        yield from map(Document, value if isinstance(value, list) else ())
