"""Pure rules of HTTP: URLs, retries, links."""

from __future__ import annotations

import socket
import time

import pytest

from tidegate.errors import TidegateError
from tidegate.errors.http import AddressRefused, InvalidUrl
from tidegate.errors.registry import ManifestMissing, RegistryThrottled, RegistryUnreachable
from tidegate.http import Origin, Request, Response, Retry, next_link, retry_after
from tidegate.http.inflow import Body, Inflow
from tidegate.http.url import resolve, without_secrets
from tidegate.http.wire import Head


@pytest.mark.parametrize(
    "text", ["registry.example.com", "ftp://host/", "http://", "http://h/a b", "http://h/\r\nX: y", "https://.h/"]
)
def test_urls_that_are_none(text: str) -> None:
    with pytest.raises(InvalidUrl):
        Origin.of(text)


@pytest.mark.parametrize("port", ["0", "65536", "99999", "123456"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    with pytest.raises(InvalidUrl, match=f"https://h: {port} is no port$"):
        Origin.of(f"https://h:{port}/")


def test_a_requests_secrets_are_not_shown() -> None:
    request = Request("PUT", "https://h/up?sig=c2VjcmV0", {"Authorization": "Basic c2VjcmV0"}, b"c2VjcmV0")
    assert str(request) == "PUT https://h/up"
    assert "Authorization" not in repr(request)
    assert "body" not in repr(request)


def test_what_is_shown_of_a_url() -> None:
    assert without_secrets("https://me:pass@Registry.example.com:443/v2/?X-Amz-Signature=1#f") == (
        "https://registry.example.com/v2/"
    )
    assert without_secrets("http://[::1]:5000/v2/") == "http://[::1]:5000/v2/"


def test_locations_keep_their_query() -> None:
    assert resolve("http://h:1/v2/a/blobs/uploads/", "/x?_state=a%2Fb&n=1") == "http://h:1/x?_state=a%2Fb&n=1"
    assert resolve("http://h:1/v2/", "https://other/x") == "https://other/x"
    for begins in ("", "http://h:1"):  # what is added to the query must not end in a fragment
        assert resolve("http://h:1/v2/", f"{begins}/x?n=1#part") == "http://h:1/x?n=1"


@pytest.mark.parametrize(("location", "hint"), [("http://h/x", "X-Forwarded-Proto"), ("http://store/x", "changed on")])
def test_what_leads_from_https_to_http_says_what_to_do(location: str, hint: str) -> None:
    with pytest.raises(AddressRefused, match="points from https") as caught:
        resolve("https://h/v2/a/blobs/uploads/", location)
    assert hint in (caught.value.hint or "")
    assert resolve("https://h/v2/", location, frozenset({Origin.of(location)})) == location


class _Calls:
    """An action that fails as told, then succeeds; and the time that passes while it is waited for."""

    def __init__(self, *errors: TidegateError) -> None:
        self.errors = list(errors)
        self.waits: list[float] = []
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def retry(self, *, attempts: int = 5, total: float = 120) -> Retry:
        return Retry(
            attempts,
            first=1,
            longest=3,
            total=total,
            sleep=self.waits.append,
            monotonic=lambda: sum(self.waits),
            jitter=lambda: 0.0,
        )


def test_what_may_pass_is_tried_again_and_waits_grow() -> None:
    calls = _Calls(*[RegistryUnreachable("down") for _ in range(4)])
    assert calls.retry().call(calls) == "done"
    assert calls.waits == [1, 2, 3, 3]


def test_jitter_shortens_a_wait_by_half_at_most() -> None:
    waits: list[float] = []
    calls = _Calls(RegistryUnreachable("down"))
    assert Retry(first=1, sleep=waits.append, jitter=lambda: 0.999).call(calls) == "done"
    assert waits == [pytest.approx(0.5, abs=0.01)]


def test_the_last_error_comes_out() -> None:
    calls = _Calls(*[RegistryUnreachable(str(number)) for number in range(9)])
    with pytest.raises(RegistryUnreachable, match="2"):
        calls.retry(attempts=3).call(calls)
    assert calls.count == 3


def test_what_stays_wrong_is_not_tried_again() -> None:
    calls = _Calls(ManifestMissing("none"))
    with pytest.raises(ManifestMissing):
        calls.retry().call(calls)
    assert calls.waits == []


def test_retry_after_is_kept() -> None:
    calls = _Calls(RegistryThrottled("slow", retry_after=7), RegistryThrottled("slow", retry_after=0))
    assert calls.retry().call(calls) == "done"
    assert calls.waits == [7, 2]


def test_no_wait_passes_the_total() -> None:
    calls = _Calls(RegistryThrottled("slow", retry_after=7), RegistryThrottled("slow", retry_after=600))
    with pytest.raises(RegistryThrottled):
        calls.retry(total=60).call(calls)
    assert calls.waits == [7]


def _linked(*fields: str) -> Response:
    """An answer with these fields called Link."""
    return _answer(link=fields)


def _answer(**fields: tuple[str, ...]) -> Response:
    """An answer with these fields; `_` in a name stands for `-`."""
    head = Head(200, is_old=False, fields={name.replace("_", "-"): values for name, values in fields.items()})
    with socket.socket() as unused:
        return Response(
            Request("GET", "http://h/"), head, Body(Inflow(unused, whole=True), head, "HEAD"), lambda _: None
        )


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (('</v2/a/tags/list?n=2&last=b>; rel="next"',), "/v2/a/tags/list?n=2&last=b"),
        (
            ('<https://h/a?page=1>; rel="prev", <https://h/a?b=c,d&page=3>; title=x; REL=next',),
            "https://h/a?b=c,d&page=3",
        ),
        (('<a>; rel="first"', "<b> ; rel = next"), "b"),
        (('<a>; rel="last", <b>; rel="nextlike", <c>; xrel=next', "<d> rel=next"), None),
        (("<a>, rel=next", "rel=next; <a>", "<>"), None),
        (('<a>; rel="last next", <b>; rel="next"',), "a"),
        (('<a>; title="b, <c>; \\"d\\""; rel="next"',), "a"),
        (('<a>; title="rel=last"; rel="prev nextlike"',), None),
    ],
)
def test_the_next_page(fields: tuple[str, ...], found: str | None) -> None:
    assert next_link(_linked(*fields)) == found


@pytest.mark.parametrize(
    "field",
    [
        "<>;" * 20_000,
        "<" * 60_000,
        "<a>;" + "rel " * 15_000,
        "<a>;rel" + " " * 60_000,
        '<>;\\"' * 12_000,
        '<>;"\\' * 12_000,
    ],
)
def test_a_hostile_list_of_links_takes_no_longer_than_its_length_allows(field: str) -> None:
    start = time.thread_time()
    assert next_link(_linked(field)) is None
    assert time.thread_time() - start < 1


@pytest.mark.parametrize(
    "date", ["Mon, 23 Nov 2026 00:00:30 GMT", "Monday, 23-Nov-26 00:00:30 GMT", "Mon Nov 23 00:00:30 2026"]
)
def test_the_three_forms_of_a_date_mean_the_same_wherever_we_are(date: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        answer = _answer(retry_after=(date,), date=("Mon, 23 Nov 2026 00:00:00 GMT",))
        assert retry_after(answer) == 30
    finally:
        monkeypatch.undo()
        time.tzset()
