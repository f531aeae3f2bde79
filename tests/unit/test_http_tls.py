"""TLS as it is met: certificates that can't be verified, servers that speak none, connections that end too early."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from support.scripted_http import CERTIFICATES, Reply, ScriptedServer, by_line
from tidegate.errors.http import ConnectionBroken, HostUnreachable, ServerNotTrusted
from tidegate.http import Client, Origin, Proxies, Request, Stream, Timeouts, Trust
from tidegate.http.sockets import not_trusted


@pytest.mark.parametrize(
    ("code", "hint"),
    [(9, "clock"), (10, "renew"), (62, "another server's"), (64, "another server's"), (20, "SSL_CERT_FILE")],
)
def test_what_to_do_about_a_certificate_depends_on_what_is_wrong_with_it(code: int, hint: str) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "as OpenSSL says it"
    told = not_trusted(error, Origin.of("https://registry.example.com"))
    assert told.what == "the server's certificate can't be verified: as OpenSSL says it"
    assert hint in (told.hint or "")


def test_a_certificate_of_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, **more: look_up("127.0.0.1", port, **more))
    with (
        ScriptedServer(by_line({"GET /a": Reply()}), tls=True) as server,
        Client("test/1", trust=Trust(CERTIFICATES / "ca.pem")) as client,
        pytest.raises(ServerNotTrusted, match="mismatch") as caught,
    ):
        client.send(Request("GET", f"{server.url.replace('127.0.0.1', 'other.example.com')}/a"))
    assert "another server's" in (caught.value.hint or "")


def test_a_server_that_speaks_plain_http_is_told_from_one_that_is_down() -> None:
    with (
        ScriptedServer(by_line({"GET /a": Reply()})) as server,
        Client("test/1") as client,
        pytest.raises(ServerNotTrusted, match="does not speak TLS") as caught,
    ):
        client.send(Request("GET", f"{server.url.replace('http:', 'https:')}/a"))
    assert "In tidegate.yaml" in (caught.value.hint or "")
    assert "insecure: true" in (caught.value.hint or "")


def test_a_proxy_at_a_link_local_address_is_ours_not_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.http.sockets.is_link_local", lambda address: address == "127.0.0.1")
    with (
        ScriptedServer(by_line({"GET http://store.example.com/a": Reply(body=b"x")})) as proxy,
        Client("test/1", proxies=Proxies.of({"HTTP_PROXY": proxy.host})) as client,
        client.send(Request("GET", "http://store.example.com/a", given_by_server=True)) as response,
    ):
        assert response.read(9) == b"x"


HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf"
TO_ITS_END = b"HTTP/1.1 200 OK\r\n\r\nhalf"
"""Only the end of the connection tells where this body ends."""
NO_RECORD = b"\x17\x03\x03\x00\x20" + bytes(32)


@contextlib.contextmanager
def _served(act: Callable[[ssl.SSLSocket], object]) -> Iterator[str]:
    """Yield the URL of a server that does `act` with one connection when a request's head has come, and closes it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")

    def serve() -> None:
        with context.wrap_socket(listener.accept()[0], server_side=True) as sock:
            received = b""
            while b"\r\n\r\n" not in received:
                received += sock.recv(4096)
            act(sock)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/a"
        thread.join()


def _close_in_order(sock: ssl.SSLSocket) -> None:
    sock.settimeout(0)
    with contextlib.suppress(OSError):  # it would wait for the other end's close_notify
        sock.unwrap()


@pytest.fixture
def client() -> Iterator[Client]:
    with Client("test/1", trust=Trust(CERTIFICATES / "ca.pem"), timeouts=Timeouts(5, 5)) as client:
        yield client


def test_a_body_that_ends_with_its_connection_is_whole_only_by_close_notify(client: Client) -> None:
    def close(sock: ssl.SSLSocket) -> None:
        sock.sendall(TO_ITS_END)
        _close_in_order(sock)

    with _served(close) as url, client.send(Request("GET", url)) as response:
        assert response.read(9) == b"half"
    with (
        _served(lambda sock: sock.sendall(TO_ITS_END)) as url,
        client.send(Request("GET", url)) as response,
        pytest.raises(ConnectionBroken, match="the server closed the connection"),
    ):
        response.read(9)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda _: None, "the server closed the connection"),
        (_close_in_order, "the answer ended 4 bytes early"),
        (lambda sock: socket.socket.sendall(sock, NO_RECORD), r"\(TLS: decryption failed or bad record mac\)"),
    ],
    ids=["cut", "closed", "damaged"],
)
def test_what_came_before_a_connection_broke_is_given_first(
    client: Client, end: Callable[[ssl.SSLSocket], object], told: str
) -> None:
    def half(sock: ssl.SSLSocket) -> None:
        sock.sendall(HALF)
        end(sock)

    with _served(half) as url, client.send(Request("GET", url)) as response:
        pieces = response.pieces()
        assert next(pieces) == b"half"
        with pytest.raises(ConnectionBroken, match=told):
            next(pieces)


def test_a_server_that_refuses_early_and_closes_is_heard(client: Client) -> None:
    refused = threading.Event()

    def refuse(sock: ssl.SSLSocket) -> None:
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        sock.close()
        refused.set()

    def pieces() -> Iterator[bytes]:
        yield b"x" * 10_000
        refused.wait(5)
        yield from [b"x" * 10_000] * 99

    with (
        _served(refuse) as url,
        client.send(Request("PUT", url, body=Stream(1_000_000, pieces()))) as response,
    ):
        assert (response.status, response.read(9)) == (413, b"big")


@pytest.mark.parametrize("host", ["a..example.com", f"{'x' * 64}.example.com", "a_b.example.com"])
def test_a_name_that_no_certificate_can_have_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch, client: Client, host: str
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, **more: look_up("127.0.0.1", port, **more))
    with (
        ScriptedServer(by_line({}), tls=True) as server,
        pytest.raises(ServerNotTrusted, match="mismatch"),
    ):
        client.send(Request("GET", f"https://{host}:{server.port}/a"))


def test_a_handshake_that_is_refused_is_told_in_words(client: Client) -> None:
    def refuse() -> None:
        with listener.accept()[0] as sock:
            sock.recv(4096)
            sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # an alert: 40, handshake_failure (RFC 8446, 6)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse)
        thread.start()
        with pytest.raises(HostUnreachable, match=r"TLS: .*alert handshake failure"):
            client.send(Request("GET", f"https://127.0.0.1:{listener.getsockname()[1]}/a"))
        thread.join()
