"""Our reading of answers beside h11's: what we take, h11 takes as the very same answer. We may refuse more."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from typing import Final

import h11
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.http.inflow import Body, EndedEarly, Inflow
from tidegate.http.wire import NotHttp

OURS: Final = (NotHttp, EndedEarly)


@dataclass(frozen=True)
class Answer:
    """What was read, and whether another request may follow on the connection."""

    status: int
    body: bytes
    reusable: bool


def by_us(method: str, data: bytes) -> Answer | None:
    """Return the answer as we read it, or None."""
    here, there = socket.socketpair()
    with here, there:
        there.sendall(data)
        there.shutdown(socket.SHUT_WR)
        inflow = Inflow(here, whole=True)
        with contextlib.suppress(*OURS):
            head = inflow.head()
            body = Body(inflow, head, method)
            read = b"".join(iter(lambda: body.read(1000), b""))
            return Answer(head.status, read, body.leaves_reusable)
    return None


def by_h11(method: str, data: bytes) -> Answer | None:
    """Return the answer as h11 reads it, or None."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=10**6)
    client.send(h11.Request(method=method, target="/", headers=[("Host", "h")]))
    client.send(h11.EndOfMessage())
    status, body = 0, b""
    with contextlib.suppress(h11.RemoteProtocolError):
        client.receive_data(data)
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(b"")
            elif isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return Answer(status, body, client.their_state is h11.DONE and client.trailing_data == (b"", False))
            elif not isinstance(event, h11.InformationalResponse):
                return None
    return None


ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"", b"\x0b", b"\x85"])
STATUS = st.sampled_from(
    [
        *(
            b"HTTP/1.1 200 OK",
            b"HTTP/1.1 200 OK",
            b"HTTP/1.0 200 OK",
            b"HTTP/1.1 204 No",
            b"HTTP/1.1 304 ",
            b"HTTP/1.1 404",
        ),
        *(b"HTTP/1.1 100 Go on", b"HTTP/1.1 101 Other", b"HTTP/1.1 103 Hints", b"HTTP/1.2 200 OK", b"HTTP/1.1  200 OK"),
        *(b"HTTP/1.1 2000 OK", b"HTTP/1.1 20x OK", b"http/1.1 200 OK", b"HTTP/1.1 200 a\0b", b"HTTP/1.1 200 \xff", b""),
    ]
)
FIELD = st.sampled_from(
    [
        *(
            b"Content-Length: 5",
            b"content-length:5",
            b"Content-Length: 5, 5",
            b"Content-Length: 5,",
            b"Content-Length: 05",
        ),
        *(
            b"Content-Length: +5",
            b"Content-Length: 0x5",
            b"Content-Length:",
            b"Content-Length: 5 5",
            b"Content-Length: 6",
        ),
        *(
            b"Content-Length: \xb2",
            b"Content-Length: 99999999999999999999",
            b"Content-Length\t: 5",
            b"Content Length: 5",
        ),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked", b"Transfer-Encoding: chunked, chunked"),
        *(b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding:", b"TE: x"),
        *(b"Transfer-Encoding: \x0bchunked", b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: ,chunked"),
        *(
            b"Connection: close",
            b"Connection: keep-alive",
            b"Connection: x, Close",
            b"Connection: ",
            b"X: a\0b",
            b"X: a\rb",
        ),
        *(
            b"X: y",
            b" folded",
            b"\tContent-Length: 5",
            b"no colon",
            b": none",
            b"X:",
            b"X: \xe4 \t ",
            b"X: a\x0bb",
            b"X: \x7f",
        ),
    ]
)
BODY = st.sampled_from(
    [
        *(
            b"hello",
            b"hello world",
            b"",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"5\r\nhello\r\n0\r\nT: x\r\n\r\n",
            b"5\nhello\n0\n\n",
        ),
        *(
            b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
            b"5 \r\nhello\r\n00\r\n\r\n",
            b" 5\r\nhello\r\n0\r\n\r\n",
            b"0x5\r\nhello\r\n0\r\n\r\n",
        ),
        *(
            b"5\r\nhello\r\r\n0\r\n\r\n",
            b"5\r\nhelloXX0\r\n\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhello\r\n0\r\nno colon\r\n\r\n",
        ),
        *(
            b"5\r\nhello\r\n0\r\n\r\nmore",
            b"5\r\nhello\r\n0\r\n",
            b"5\r\nhel",
            b"\r\n0\r\n\r\n",
            b"5\x0b\r\nhello\r\n0\r\n\r\n",
        ),
        *(b"-5\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\n folded\r\n\r\n", b"f" * 30 + b"\r\nhello\r\n0\r\n\r\n"),
        *(b"5;a\rb\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\r\n0\r\nT : x\r\n\r\n", b"5\r\nhello\r\n0\r\nT: a\0b\r\n\r\n"),
        *(b"helloHTTP/1.1 200 OK\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    ]
)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """Return what a server may send, and what none should."""
    parts = [draw(STATUS), draw(ENDS)]
    for field in draw(st.lists(FIELD, max_size=4)):
        parts += [field, draw(ENDS)]
    text = b"".join([*parts, draw(ENDS), draw(BODY)])
    return b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + text if draw(st.integers(0, 9)) == 0 else text


@settings(max_examples=3000, deadline=None)
@given(method=st.sampled_from(["GET", "HEAD", "DELETE"]), data=answers())
@example(
    method="GET",
    data=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
)
def test_what_we_take_h11_takes_as_the_same(method: str, data: bytes) -> None:
    ours, theirs = by_us(method, data), by_h11(method, data)
    if ours is not None:
        assert theirs is not None, "we are less strict"
        assert (ours.status, ours.body) == (theirs.status, theirs.body)
        is_old = b"HTTP/1.0" in data  # h11 keeps no connection of those, though they may ask for it
        assert theirs.reusable or not ours.reusable or is_old


def test_the_property_is_not_empty() -> None:
    sound = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    assert by_us("GET", sound) == by_h11("GET", sound) == Answer(200, b"hello", reusable=True)
    assert by_us("GET", sound + b"x") == by_h11("GET", sound + b"x") == Answer(200, b"hello", reusable=False)
    assert by_us("GET", sound[:-1]) is by_h11("GET", sound[:-1]) is None
