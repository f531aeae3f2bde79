"""Requests to a server's API, and its errors as the errors that they are."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from tidegate import __version__
from tidegate.cli.document import Document
from tidegate.errors import Place, TidegateError
from tidegate.errors.http import InvalidUrl
from tidegate.errors.server import AnswerUnreadable, ServerUnsafe
from tidegate.http import Client, Proxies, Request, Response, Timeouts, Trust
from tidegate.model.json import Json

_MOST_BYTES: Final = 64 * 1024 * 1024
_FAILED: Final = 400
_PATIENCE: Final = 1800.0
"""Seconds: a delivery copies images before it answers."""


@contextmanager
def open_client(url: str, token: str | None, environ: Mapping[str, str]) -> Iterator[ServerClient]:
    """Give what asks the server at `url`; at the end, connections are closed.

    Args:
        url: http or https.
        token: an API token, or None.
        environ: environment variables: `SSL_CERT_FILE` and proxies.

    Raises:
        InvalidUrl: it is none.
        ServerUnsafe: the token would be sent in the clear.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # e.g. brackets that hold no address
        raise _no_address() from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or "@" in url:
        raise _no_address()
    if token and parts.scheme == "http" and not _is_here(parts.hostname):
        raise ServerUnsafe("a token is not sent without TLS", where="--server", hint="write https://")
    authorities = environ.get("SSL_CERT_FILE")
    with Client(
        f"tidegate/{__version__}",
        timeouts=Timeouts(silence=_PATIENCE),
        trust=Trust(Path(authorities) if authorities else None),
        proxies=Proxies.of(environ),
    ) as http:
        yield ServerClient(http, f"{url.rstrip('/')}/api/v1", token)


def _no_address() -> InvalidUrl:
    return InvalidUrl("this is no server's address", where="--server", hint="e.g. https://tidegate.example.com")


class ServerClient:
    """Asks a server.

    Args:
        http: sends requests.
        base: the API's address.
        token: an API token, or None.
    """

    def __init__(self, http: Client, base: str, token: str | None) -> None:
        self._http = http
        self._base = base
        self._headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str | Sequence[str], query: Sequence[tuple[str, str]]) -> Document:
        """Return what is at a path: a text, or parts that are to be quoted."""
        return self._ask(Request("GET", f"{self._url(path)}{'?' if query else ''}{urlencode(query)}", self._headers))

    def post(self, path: str | Sequence[str], body: Mapping[str, Json]) -> Document:
        """Return the answer to a change."""
        headers = {**self._headers, "Content-Type": "application/json"}
        return self._ask(Request("POST", self._url(path), headers, json.dumps(body).encode()))

    def _url(self, path: str | Sequence[str]) -> str:
        if not isinstance(path, str):
            path = "".join(f"/{quote(part, safe='')}" for part in path)
        return f"{self._base}{path}"

    def _ask(self, request: Request) -> Document:
        with self._http.send(request) as response:
            document = _document(response)
            if response.status >= _FAILED:
                raise error_of(document)
            return document


def error_of(document: Document) -> TidegateError:
    """Return the error that a document tells: of the very class that the engine raised, where this version has it."""
    told = document.inner("error")
    if told is None:
        raise AnswerUnreadable("the answer has no error", hint="is there a Tidegate at --server?")
    at = told.inner("place")
    where: Place | str | None = told.maybe("where")
    if at is not None:
        line, column = (None if at.values.get(key) is None else at.number(key) for key in ("line", "column"))
        where = Place(at.text("file"), line, column)
    return _leaf(told)(told.text("what"), where=where, hint=told.maybe("hint"))


def _leaf(told: Document) -> type[TidegateError]:
    """Return the class with the code that was told; one made of code and exit code, where this version has none."""
    from importlib import import_module

    code = told.text("code")
    subject = code.partition("/")[0]
    if subject.isidentifier():
        with suppress(ModuleNotFoundError):
            import_module(f"tidegate.errors.{subject}")
    waiting = [TidegateError]
    while waiting:
        found = waiting.pop()
        if found.code == code and found.__init__ is TidegateError.__init__:
            return found
        waiting += found.__subclasses__()
    return type("Told", (TidegateError,), {"code": code, "exit_code": told.number("exitCode")})


def _document(response: Response) -> Document:
    data = response.read(_MOST_BYTES)
    try:
        values: object = json.loads(data)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise AnswerUnreadable(
            f"the answer is no JSON object (status {response.status})",
            where=str(response.request),
            hint="is there a Tidegate at --server?",
        )
    return Document(values)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
