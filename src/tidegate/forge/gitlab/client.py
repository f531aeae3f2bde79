"""GitLabClient: GitLab's REST API v4 as far as a forge needs it: one call, one answer; pages; patience."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from tidegate.errors import AuthenticationError, TidegateError
from tidegate.errors.forge import ForgeFailed, ForgeUnreachable, ProjectMissing
from tidegate.errors.http import ConnectionBroken, HostUnreachable
from tidegate.forge.gitlab.answers import Answers
from tidegate.forge.gitlab.errors import failure
from tidegate.forge.gitlab.fields import Fields, rows, unreadable
from tidegate.forge.gitlab.tokens import INSTEAD, Token
from tidegate.http import Request, Response, Retry, Sender, Stream, next_link, retry_after, served_at

_LARGEST_ANSWER: Final = 32 * 1024 * 1024
_LARGEST_ERROR: Final = 64 * 1024
_PER_PAGE: Final = 100
_MOST_PAGES: Final = 1000

Query = Mapping[str, str]
Body = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class GitLabClient:
    """Calls with one token. Safe for use by many threads at once.

    Reading is repeated by the error's class. Writing is repeated only where GitLab surely did nothing (429): after
    any other failure it is for the caller to look what became of it.

    Args:
        url: address of GitLab, without `/api/v4`.
        token: who calls.
        http: sends the requests.
        retry: how often to try.
        answers: what GitLab may confirm instead of sending it again.
    """

    url: str
    token: Token
    http: Sender
    retry: Retry
    answers: Answers = field(default_factory=Answers)

    def get(self, *parts: str, query: Query | None = None, missing: TidegateError | None = None) -> Fields:
        """Return one object.

        Args:
            parts: of the path, below `/api/v4`, as they are read.
            query: parameters.
            missing: raised when it is not there (404).

        Raises:
            ForgeUnreachable, ForgeUnauthorized, ForgeThrottled and others of `tidegate.errors.forge`.
        """
        value, _ = self.retry.call(lambda: self._call("GET", parts, query or {}, None, missing, kept=True))
        return Fields(value, _where("GET", parts))

    def list(self, *parts: str, query: Query | None = None, missing: TidegateError | None = None) -> Iterator[Fields]:
        """Yield the objects of all pages.

        Raises:
            ForgeUnreadable: the pages never end. And as `get`.
        """
        wanted: dict[str, str] = {**(query or {}), "per_page": str(_PER_PAGE)}
        for _ in range(_MOST_PAGES):
            asked = dict(wanted)
            value, following = self.retry.call(lambda asked=asked: self._call("GET", parts, asked, None, missing))  # type: ignore[misc]
            yield from rows(value, _where("GET", parts))
            if following is None:
                return
            wanted.update(following)
        raise unreadable(_where("GET", parts), f"there are more than {_MOST_PAGES} pages")

    def send(self, method: str, *parts: str, body: Body | None = None, missing: TidegateError | None = None) -> Fields:
        """Change something, and return what GitLab answers; {} when it answers nothing.

        Raises:
            ForgeUnreachable, ForgeFailed: it is not known whether it was done.
            JobTokenReadsOnly: the token may not change anything.
        """
        self.token.check_writes(_where(method, parts))

        def once() -> object:
            try:
                return self._call(method, parts, {}, body or {}, missing)[0]
            except (ForgeUnreachable, ForgeFailed) as error:
                return error  # not to be tried again here

        found = self.retry.call(once)
        if isinstance(found, TidegateError):
            raise found
        return Fields(found, _where(method, parts))

    def _call(
        self,
        method: str,
        parts: tuple[str, ...],
        query: Query,
        body: Body | None,
        missing: TidegateError | None,
        *,
        kept: bool = False,
    ) -> tuple[object, Query | None]:
        request = self._request(method, parts, query, body)
        known = self.answers.of(self.token.value, request.url) if kept else None
        if known is not None:
            request = replace(request, headers={**request.headers, "If-None-Match": known[0]})
        try:
            with self.http.send(request) as response:
                if known is not None and response.status == HTTPStatus.NOT_MODIFIED:
                    return _document(known[1], str(request)), None
                if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
                    raise self._explained(_failure(response, _where(method, parts), missing), parts)
                data = response.read(_LARGEST_ANSWER)
                following = _following(response)
                tag = response.header("ETag")
        except (ConnectionBroken, HostUnreachable) as error:
            hint = error.hint or "is the address right, GitLab up and the network open?"
            raise ForgeUnreachable(error.what, where=error.where, hint=hint) from error
        document = _document(data, str(request))
        if kept and tag is not None:
            self.answers.keep(self.token.value, request.url, tag, data)
        return document, following

    def _explained(self, error: TidegateError, parts: tuple[str, ...]) -> TidegateError:
        """Say which project is missing, and of a question of rights whose they are."""
        if isinstance(error, ProjectMissing):
            what = f"GitLab has no project {parts[1]!r}, or this token can't see it"
            return ProjectMissing(what, where=error.where, hint=error.hint)
        if isinstance(error, AuthenticationError):
            error.hint = f"{INSTEAD if self.token.is_job else error.hint} (the token comes from {self.token.source})"
        return error

    def _request(self, method: str, parts: tuple[str, ...], query: Query, body: Body | None) -> Request:
        path = "/".join(quote(part, safe="") for part in parts)
        address = f"{self.url.rstrip('/')}/api/v4/{path}{'?' if query else ''}{urlencode(query)}"
        headers = {"Accept": "application/json", **self.token.headers}
        if body is None:
            return Request(method, address, headers)
        data = json.dumps(body).encode()
        # As a stream: the connection must not send it twice by itself, not even where HTTP calls the method idempotent.
        once = Stream(len(data), iter((data,)))
        return Request(method, address, {**headers, "Content-Type": "application/json"}, once)


def merge_request_path(project: str, iid: int) -> tuple[str, ...]:
    """Return the parts of a merge request's path, as `GitLabClient` takes them."""
    return ("projects", project, "merge_requests", str(iid))


def _where(method: str, parts: tuple[str, ...]) -> str:
    return f"{method} /{'/'.join(parts)}"


def _document(data: bytes, where: str) -> object:
    try:
        document: object = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        raise unreadable(where, "it is no JSON") from None
    return document


def _failure(response: Response, call: str, missing: TidegateError | None) -> TidegateError:
    try:
        body = response.read(_LARGEST_ERROR)
    except TidegateError:
        body = b""  # the status has been read: that is what counts
    error = failure(call, str(response.request), response.status, body, _patience(response))
    if missing is not None and response.status == HTTPStatus.NOT_FOUND and not isinstance(error, ProjectMissing):
        return missing
    return error


def _following(response: Response) -> Query | None:
    """Return the parameters of the next page, or None.

    Of a Link only the parameters are taken, never the address: behind a proxy it may be another one.
    """
    link = next_link(response)
    if link is not None:
        try:
            return dict(parse_qsl(urlsplit(link).query))
        except ValueError:
            raise unreadable(str(response.request), "its next page has no address") from None
    page = response.header("X-Next-Page") or ""
    return {"page": page} if page.isdecimal() else None


def _patience(response: Response) -> float | None:
    """Return the seconds that an answer asks to wait: Retry-After, else RateLimit-Reset counted from its Date."""
    asked = retry_after(response)
    reset, now = (response.header("RateLimit-Reset") or "").strip(), served_at(response)
    if asked is not None or now is None or not re.fullmatch(r"[0-9]{1,12}", reset, re.ASCII):
        return asked
    return max(0.0, float(reset) - now)
