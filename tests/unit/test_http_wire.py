"""HTTP/1.1 as bytes: heads, frames of bodies, and what is refused."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.errors.http import FieldInvalid
from tidegate.http import Client, Request
from tidegate.http.inflow import Body, EndedEarly, Inflow
from tidegate.http.wire import NotHttp, parse_head, request_head

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'5;name="v"\r\nhello\r\nA \r\n, world of\r\n000\r\nTrailer: x\r\n\r\n'
)


@contextmanager
def _arriving(*parts: bytes, whole: bool = True) -> Iterator[Inflow]:
    """What arrives when a server sends `parts`, each in a call of its own, and closes."""
    here, there = socket.socketpair()
    with here, there:

        def send() -> None:
            with contextlib.suppress(BrokenPipeError):  # whoever reads has had enough
                for part in parts:
                    there.sendall(part)
                there.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield Inflow(here, whole=whole)
        finally:
            here.close()
            sender.join()


def _read(inflow: Inflow, method: str = "GET", size: int = 1000) -> tuple[bytes, Body]:
    body = Body(inflow, inflow.head(), method)
    return b"".join(iter(lambda: body.read(size), b"")), body


def test_a_requests_head() -> None:
    assert request_head("GET", "/v2/?n=1", "h:5000", {"Accept": "a, b"}) == (
        b"GET /v2/?n=1 HTTP/1.1\r\nHost: h:5000\r\nAccept-Encoding: identity\r\nAccept: a, b\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["a\r\nX-Injected: yes", "a\nb", "a\0b", "a\x7f"])
def test_a_field_with_a_line_break_is_never_sent(value: str) -> None:
    with Client("test/1") as client, socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(FieldInvalid, match="Content-Type"):
            client.send(Request("PUT", url, {"Content-Type": value}, b"{}"))
        with pytest.raises(FieldInvalid):
            client.send(Request("GET", url, {"A B": "c"}))


def test_fields_are_found_in_any_case_and_spacing() -> None:
    head = parse_head(b"HTTP/1.1 200\r\nLink:<a>\r\nlink: \t<b> \r\nEmpty:\r\nLong: a\r\n  b\r\n\r\n")
    assert head.status == 200
    assert head.fields == {"link": ("<a>", "<b>"), "empty": ("",), "long": ("a b",)}


@pytest.mark.parametrize(
    ("text", "keeps_open"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nConnection: x, close\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\nConnection: keep-alive\n\n", True),
    ],
)
def test_which_connections_are_kept(text: bytes, *, keeps_open: bool) -> None:
    assert parse_head(text).keeps_open == keeps_open


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nspace : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: first\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\na: " + b"x" * 100_000,
        b"HTTP/1.1 200 OK\r\nCut: off\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nabc",
        b"HTTP/1.1 101 Switching\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000 + b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nno trailer\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello, world\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 10_000,
    ],
)
def test_what_can_be_read_in_two_ways_or_in_none_is_refused(text: bytes) -> None:
    with _arriving(text) as inflow, pytest.raises(NotHttp):
        _read(inflow)


def test_a_long_field_takes_no_longer_than_its_length_allows() -> None:
    spaces = b" " * 60_000
    start = time.thread_time()
    parse_head(b"HTTP/1.1 200 OK\r\nA: b" + spaces + b"c\r\n\r\n")
    assert time.thread_time() - start < 1


@pytest.mark.parametrize(("length", "missing"), [(9, "6 bytes"), (4, "1 byte")])
def test_a_body_that_ends_early_says_how_much_is_missing(length: int, missing: str) -> None:
    with (
        _arriving(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\nabc".encode()) as inflow,
        pytest.raises(EndedEarly, match=f"{missing} early"),
    ):
        _read(inflow)


def test_interim_answers_are_passed_over() -> None:
    hints = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with _arriving(hints + b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok") as inflow:
        body, state = _read(inflow)
    assert body == b"ok"
    assert state.leaves_reusable


@pytest.mark.parametrize(
    ("method", "text", "body", "reusable"),
    [
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", True),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", b"hello", True),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", b"hello", False),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"", True),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"", True),
        ("DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"", True),
        ("GET", b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end", False),
        ("GET", b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        ("GET", CHUNKED, b"hello, world of", True),
        ("GET", CHUNKED.replace(b"chunked\r\n", b"Chunked\r\nContent-Length: 1\r\n"), b"hello, world of", False),
    ],
)
@pytest.mark.parametrize("whole", [True, False])
def test_where_a_body_ends(method: str, text: bytes, body: bytes, *, reusable: bool, whole: bool) -> None:
    with _arriving(text, whole=whole) as inflow:
        found, state = _read(inflow, method)
        assert found == body
        assert state.leaves_reusable == reusable


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_it_does_not_matter_how_the_bytes_arrive(data: st.DataObject) -> None:
    large = bytes(range(256)) * 100
    text = data.draw(
        st.sampled_from([CHUNKED, b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(large), large)])
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    parts = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    with _arriving(*parts, whole=data.draw(st.booleans())) as inflow:
        body, state = _read(inflow, size=data.draw(st.integers(1, 40_000)))
        assert body == (b"hello, world of" if text == CHUNKED else large)
        assert state.leaves_reusable
