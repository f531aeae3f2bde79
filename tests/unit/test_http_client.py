"""The HTTP client against scripted servers: what is followed, tried again, kept open and refused."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from support.scripted_http import CERTIFICATES, Received, Reply, ScriptedServer, by_line
from tidegate.errors.http import (
    AddressRefused,
    ConnectionBroken,
    HostUnreachable,
    ResponseTooLarge,
    ServerNotTrusted,
)
from tidegate.http import Client, Origin, Proxies, Request, Stream, Timeouts, Trust

SECRET = {"Authorization": "Basic c2VjcmV0", "X-Kept": "yes"}


@pytest.fixture
def client() -> Iterator[Client]:
    with Client("test/1", timeouts=Timeouts(5, 10)) as client:
        yield client


def _get(client: Client, url: str, limit: int = 1000) -> tuple[int, bytes]:
    with client.send(Request("GET", url)) as response:
        return response.status, response.read(limit)


def test_one_connection_serves_many_requests(client: Client) -> None:
    replies = {"GET /a": Reply(body=b"a"), "HEAD /a": Reply(fields={"Content-Length": "7"}), "GET /none": Reply(204)}
    with ScriptedServer(by_line(replies)) as server:
        for _ in range(3):
            assert _get(client, f"{server.url}/a") == (200, b"a")
            with client.send(Request("HEAD", f"{server.url}/a")) as head:
                assert head.header("content-length") == "7"
            assert _get(client, f"{server.url}/none") == (204, b"")
        assert server.connections == 1
        assert server.requests[0].fields["User-Agent"] == "test/1"


def test_each_exchange_is_logged_without_secrets(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", "tidegate.http"), ScriptedServer(lambda _: Reply(204)) as server:
        assert _get(client, f"{server.url}/v2/?token=hidden")[0] == 204
    assert caplog.messages == [f"GET {server.url}/v2/: 204"]


def test_an_answer_that_was_not_read_whole_costs_its_connection(client: Client) -> None:
    with ScriptedServer(by_line({"GET /a": Reply(body=b"a" * 100_000)})) as server:
        client.send(Request("GET", f"{server.url}/a")).close()
        assert _get(client, f"{server.url}/a", 100_000)[0] == 200
        assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(client: Client) -> None:
    with ScriptedServer(by_line({"POST /a": Reply(hang_up=True)})) as server:
        for _ in range(3):
            with client.send(Request("POST", f"{server.url}/a", body=b"x")) as response:
                assert response.read(10) == b""
            _wait_until(lambda: not any(kept.is_alive for kept in client._pool._idle[Origin.of(server.url)]))
        assert server.connections == 3


@pytest.mark.parametrize(("method", "tried_again"), [("GET", True), ("PUT", True), ("POST", False)])
def test_only_what_may_be_repeated_is_sent_again_when_a_kept_connection_breaks(
    client: Client, method: str, *, tried_again: bool
) -> None:
    answers: list[Reply | None] = [Reply(), None, Reply(201)]
    with ScriptedServer(lambda _: answers.pop(0)) as server:
        assert _get(client, f"{server.url}/")[0] == 200
        if tried_again:
            with client.send(Request(method, f"{server.url}/")) as response:
                assert response.status == 201
        else:
            with pytest.raises(ConnectionBroken):
                client.send(Request(method, f"{server.url}/"))


def test_a_fresh_connection_that_breaks_is_an_error(client: Client) -> None:
    with ScriptedServer(lambda _: None) as server:
        with pytest.raises(ConnectionBroken, match="before an answer") as caught:
            client.send(Request("GET", f"{server.url}/a?token=hidden"))
        assert caught.value.where == f"GET {server.url}/a"
        assert len(server.requests) == 1


def test_redirects_are_followed_for_reading(client: Client) -> None:
    replies = {
        "GET /a": Reply(302, b"there", {"Location": "b/c?d=e"}),
        "GET /b/c?d=e": Reply(307, b"", {"Location": "/end"}),
        "GET /end": Reply(body=b"here"),
    }
    with ScriptedServer(by_line(replies)) as server:
        assert _get(client, f"{server.url}/a") == (200, b"here")
        assert server.connections == 1


def test_credentials_stay_with_their_host(client: Client) -> None:
    with ScriptedServer(by_line({"GET /blob?sig=1": Reply(body=b"x")})) as other:
        replies = {
            "GET /out": Reply(307, fields={"Location": f"{other.url}/blob?sig=1"}),
            "GET /in": Reply(307, fields={"Location": "/out"}),
        }
        with ScriptedServer(by_line(replies)) as server:
            with client.send(Request("GET", f"{server.url}/in", SECRET)) as response:
                assert response.read(10) == b"x"
            assert [request.fields.get("Authorization") for request in server.requests] == [SECRET["Authorization"]] * 2
        assert "Authorization" not in other.requests[0].fields
        assert other.requests[0].fields["X-Kept"] == "yes"


def test_other_methods_are_not_redirected(client: Client) -> None:
    with (
        ScriptedServer(by_line({"PUT /a": Reply(307, fields={"Location": "/b"})})) as server,
        client.send(Request("PUT", f"{server.url}/a", body=b"x")) as response,
    ):
        assert response.status == 307


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/",
        "/a",
        "file:///etc/passwd",
        "http://[",
        "http://[fe80::1%25eth0]/",
        "http://host:0/",
        "http://a host/",
    ],
)
def test_redirects_to_nowhere_good_are_refused(client: Client, location: str) -> None:
    with ScriptedServer(by_line({"GET /a": Reply(302, fields={"Location": location})})) as server:
        with pytest.raises(AddressRefused) as caught:
            client.send(Request("GET", f"{server.url}/a"))
        assert f"{server.url}/a" in str(caught.value.where), "it says which request led there"
        assert len(server.requests) == (6 if location == "/a" else 1)


def test_no_redirect_leads_from_https_to_http() -> None:
    with (
        Client("test/1", trust=Trust(CERTIFICATES / "ca.pem")) as client,
        ScriptedServer(by_line({"GET /a": Reply(302, fields={"Location": "http://127.0.0.1:1/"})}), tls=True) as server,
        pytest.raises(AddressRefused, match="from https"),
    ):
        client.send(Request("GET", f"{server.url}/a"))


@pytest.mark.parametrize(
    ("fields", "match"),
    [({"Content-Length": "50"}, "20 bytes early"), ({"Transfer-Encoding": "chunked"}, "broke in the middle")],
)
def test_an_answer_that_ends_early_is_an_error(client: Client, fields: dict[str, str], match: str) -> None:
    body = b"28\r\nthis chunk should be forty by\r\n" if "Transfer-Encoding" in fields else b"x" * 30
    with (
        ScriptedServer(lambda _: Reply(200, body, fields, hang_up=True)) as server,
        pytest.raises(ConnectionBroken, match=match),
    ):
        _get(client, f"{server.url}/a")


def test_a_server_that_falls_silent_is_an_error() -> None:
    with (
        Client("test/1", timeouts=Timeouts(5, 0.1)) as client,
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(ConnectionBroken, match="no answer in time"),
    ):
        client.send(Request("GET", f"http://127.0.0.1:{server.getsockname()[1]}/"))


def test_nobody_there(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(HostUnreachable, match="refused") as caught:
        client.send(Request("GET", f"http://127.0.0.1:{port}/"))
    assert caught.value.hint


def test_no_more_than_the_limit_is_read(client: Client) -> None:
    with ScriptedServer(by_line({"GET /a": Reply(body=b"x" * 1001)})) as server, pytest.raises(ResponseTooLarge):
        _get(client, f"{server.url}/a", 1000)


def test_a_streamed_body_arrives_and_its_connection_is_kept(client: Client) -> None:
    with ScriptedServer(by_line({"PUT /a": Reply(201)})) as server:
        for _ in range(2):
            body = Stream(600_000, iter([b"a" * 300_000, b"b" * 300_000]))
            with client.send(Request("PUT", f"{server.url}/a", body=body)) as response:
                assert response.status == 201
        assert server.requests[1].body == b"a" * 300_000 + b"b" * 300_000
        assert server.connections == 1


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_who_took_much_may_think_about_it_for_longer(*, tls: bool) -> None:
    """For that one answer: the next one on the connection comes in time, or not at all."""
    ended, piece = threading.Event(), bytes(1024 * 1024)

    def script(_: Received) -> Reply:
        ended.wait(1)
        return Reply(201)

    trust = Trust(CERTIFICATES / "ca.pem")
    with ScriptedServer(script, tls=tls) as server, Client("test/1", timeouts=Timeouts(5, 0.5), trust=trust) as client:
        url = f"{server.url}/a"
        with pytest.raises(ConnectionBroken, match="no answer in time"):
            client.send(Request("PUT", url, body=Stream(len(piece), iter([piece]))))
        client.send(Request("PUT", url, body=Stream(16 * len(piece), iter([piece] * 16)))).close()
        with pytest.raises(ConnectionBroken, match="no answer in time"):
            client.send(Request("POST", url))
        ended.set()
        assert server.connections == 2, "the last one was sent where patience had been longer"


def test_an_error_of_the_streamed_source_comes_out_as_it_is(client: Client) -> None:
    def breaks() -> Iterator[bytes]:
        yield b"abc"
        raise KeyError("the source")

    with ScriptedServer(lambda _: Reply()) as server, pytest.raises(KeyError, match="the source"):
        client.send(Request("PUT", f"{server.url}/a", body=Stream(10, breaks())))


def test_a_server_that_refuses_in_mid_transfer_is_heard(client: Client) -> None:
    refused = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            refused.set()

        def pieces() -> Iterator[bytes]:
            yield b"x" * 10_000
            refused.wait(5)
            for _ in range(3):
                time.sleep(0.02)  # the end of the connection takes a moment to arrive
                yield b"x" * 10_000

        thread = threading.Thread(target=refuse)
        thread.start()
        request = Request("PUT", f"http://127.0.0.1:{server.getsockname()[1]}/", body=Stream(40_000, pieces()))
        with client.send(request) as response:
            assert response.status == 413
        thread.join()


def test_tls_is_verified(tmp_path: Path) -> None:
    replies = by_line({"GET /a": Reply(body=b"safe")})
    with ScriptedServer(replies, tls=True) as server:
        with Client("test/1") as strict, pytest.raises(ServerNotTrusted, match="self-signed") as caught:
            strict.send(Request("GET", f"{server.url}/a"))
        assert "SSL_CERT_FILE" in (caught.value.hint or "")
        for trust in (Trust(CERTIFICATES / "ca.pem"), Trust(verify=False)):
            with Client("test/1", trust=trust) as client:
                assert _get(client, f"{server.url}/a") == (200, b"safe")
                assert _get(client, f"{server.url}/a") == (200, b"safe")
        assert server.connections == 3
    with Client("test/1", trust=Trust(tmp_path / "missing.pem")) as client, pytest.raises(ServerNotTrusted):
        client.send(Request("GET", "https://127.0.0.1:1/"))


def test_plain_http_goes_through_the_proxy() -> None:
    with ScriptedServer(by_line({"GET http://registry.example.com/a?b": Reply(body=b"by proxy")})) as proxy:
        proxies = Proxies.of({"HTTP_PROXY": f"http://me:s%40fe@{proxy.host}"})
        with Client("test/1", proxies=proxies) as client:
            assert _get(client, "http://registry.example.com/a?b") == (200, b"by proxy")
        assert proxy.requests[0].fields["Host"] == "registry.example.com"
        assert proxy.requests[0].fields["Proxy-Authorization"] == "Basic bWU6c0BmZQ=="


def test_https_goes_through_a_tunnel() -> None:
    with ScriptedServer(by_line({"GET /a": Reply(body=b"tunnelled")}), tls=True) as server, _Tunnel(server) as tunnel:
        proxies = Proxies.of({"https_proxy": tunnel.host})
        with Client("test/1", trust=Trust(CERTIFICATES / "ca.pem"), proxies=proxies) as client:
            assert _get(client, "https://registry.example.com/a") == (200, b"tunnelled")
        assert tunnel.asked == "CONNECT registry.example.com:443 HTTP/1.1"


def test_a_name_that_leads_to_a_link_local_address_is_refused(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.setattr("tidegate.http.sockets.is_link_local", lambda address: address == "127.0.0.1")
    with ScriptedServer(by_line({"GET /a": Reply()})) as server:
        assert _get(client, f"{server.url}/a")[0] == 200
        client.close()
        with pytest.raises(AddressRefused):
            client.send(Request("GET", f"{server.url}/a", given_by_server=True))


def test_a_redirect_to_a_name_that_leads_to_a_link_local_address_is_refused(
    monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    """The address that is ours is asked, whatever it is; the same one, named by the server, is not."""
    monkeypatch.setattr("tidegate.http.sockets.is_link_local", lambda address: address in {"127.0.0.1", "::1"})
    with ScriptedServer(lambda _: Reply(307, fields={"Location": f"http://localhost:{server.port}/b"})) as server:
        with pytest.raises(AddressRefused, match="link-local"):
            client.send(Request("GET", f"{server.url}/a"))
        assert server.lines == ["GET /a"]


def test_what_is_allowed_is_followed_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sockets", "url"):
        monkeypatch.setattr(f"tidegate.http.{module}.is_link_local", lambda address: address == "127.0.0.1")
    with (
        Client("test/1", trust=Trust(CERTIFICATES / "ca.pem")) as client,
        ScriptedServer(by_line({"GET /b": Reply(body=b"there")})) as there,
        ScriptedServer(by_line({"GET /a": Reply(302, fields={"Location": f"{there.url}/b"})}), tls=True) as server,
    ):
        request = Request("GET", f"{server.url}/a", SECRET)
        with pytest.raises(AddressRefused):
            client.send(request)
        with client.send(replace(request, allowed=frozenset({Origin.of(there.url)}))) as response:
            assert response.read(10) == b"there"
        assert "Authorization" not in there.requests[0].fields


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


class _Tunnel:
    """A proxy that knows CONNECT, once, and leads to `server` whatever it is asked for."""

    def __init__(self, server: ScriptedServer) -> None:
        self._there = server.port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked = ""
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listener.close()

    def _run(self) -> None:
        here, _ = self._listener.accept()
        with here, socket.create_connection(("127.0.0.1", self._there)) as there:
            self.asked = here.recv(1000).decode().splitlines()[0]
            here.sendall(b"HTTP/1.0 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(there, here))
            back.start()
            _pump(here, there)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other direction may be done first
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_what_a_server_sends_behind_an_answer_is_no_answer_to_the_next_request_over_tls() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as server, Client("test/1", trust=Trust(verify=False)) as client:

        def serve() -> None:
            for body in (b"first" + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", b"second"):
                with context.wrap_socket(server.accept()[0], server_side=True) as there:
                    there.recv(10_000)
                    there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body.partition(b"HTTP")[0]))
                    there.sendall(body)  # a record of its own: the client has all of it as soon as it reads a part
                    there.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        assert [_get(client, url), _get(client, url)] == [(200, b"first"), (200, b"second")]
        client.close()
        thread.join()


def test_a_proxy_is_told_no_more_of_a_url_than_the_server_would_be() -> None:
    with ScriptedServer(by_line({"GET http://registry.example.com/?b": Reply(body=b"by proxy")})) as proxy:
        with Client("test/1", proxies=Proxies.of({"HTTP_PROXY": f"http://{proxy.host}"})) as client:
            assert _get(client, "http://me:s3cret@registry.example.com?b#f") == (200, b"by proxy")
        assert proxy.lines == ["GET http://registry.example.com/?b"]
