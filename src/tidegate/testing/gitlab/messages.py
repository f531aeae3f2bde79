"""Calls and answers of the fake GitLab, and GitLab's own words for what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from tidegate.testing.gitlab.state import Access

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, whoever has read it off the wire.

    Args:
        method: e.g. `GET`.
        path: as it was sent, with its percent signs.
        query: what stands after the question mark.
        headers: by name in small letters.
        body: all of it.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Call:
    """A request of the API.

    Args:
        method: e.g. `GET`.
        template: the route, as GitLab's OpenAPI file writes it.
        path: what the route's braces stand for.
        query: parameters of the URL.
        body: parameters of the JSON body.
        access: whose token it carries.
    """

    method: str
    template: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Json]
    access: Access

    def text(self, name: str) -> str:
        """Return a parameter as text, "" when it is not there. GitLab takes it from the body and from the URL."""
        value = self.body.get(name, self.query.get(name))
        return value if isinstance(value, str) else ""

    def flag(self, name: str) -> bool:
        """Return a parameter as true or false, in any of the words that Grape takes for true."""
        return str(self.body.get(name, self.query.get(name))).lower() in {"true", "t", "1", "yes", "y", "on"}

    def numbers(self, name: str) -> list[int]:
        """Return a parameter as numbers: a list, or a text with commas between them."""
        value = self.body.get(name, self.query.get(name))
        parts = value if isinstance(value, list) else str(value).split(",")
        return [int(part) for part in parts if isinstance(part, int) or (isinstance(part, str) and part.isdecimal())]

    def has(self, name: str) -> bool:
        """Return whether a parameter was given."""
        return name in self.body or name in self.query


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered. A list in `body` is paged; `text` and `content` are sent as they are."""

    status: int = 200
    body: Json = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None

    @property
    def data(self) -> bytes:
        """The body's bytes."""
        if self.content is not None:
            return self.content
        if self.text is not None:
            return self.text.encode()
        return b"" if self.status == NO_CONTENT else json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True)
class Exchange:
    """A call and what was answered; None when the answer was lost."""

    call: Call
    answer: Answer | None


NO_CONTENT = 204


class Refusal(Exception):
    """An answer that says no."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.body))
        self.answer = answer


def no(status: int, message: Json) -> Refusal:
    """Return the refusal `{"message": …}`."""
    return Refusal(Answer(status, {"message": message}))


def not_found(thing: str = "") -> Refusal:
    """Return `404 THING Not Found`; of no thing, Rails' own `404 Not found`."""
    return no(404, f"404 {thing} Not Found" if thing else "404 Not found")


def unauthorized() -> Refusal:
    """Return `401 Unauthorized`."""
    return no(401, "401 Unauthorized")


def not_allowed() -> Refusal:
    """Return `405 Method Not Allowed`: whatever can't be merged, for whatever reason."""
    return no(405, "405 Method Not Allowed")


def parameter_missing(name: str) -> Refusal:
    """Return Grape's answer to a missing parameter: under `error`, not `message`."""
    return Refusal(Answer(400, {"error": f"{name} is missing"}))


def no_such_route() -> Refusal:
    """Return the router's answer: the call does not exist, at least in this edition."""
    return Refusal(Answer(404, {"error": "404 Not Found"}))
