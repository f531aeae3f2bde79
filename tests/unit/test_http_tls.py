"""Certificates that can't be verified, and servers that speak no TLS: what is said, and what to do."""

from __future__ import annotations

import socket
import ssl

import pytest

from support.scripted_http import CERTIFICATES, Reply, ScriptedServer, by_line
from tidegate.errors.http import ServerNotTrusted
from tidegate.http import Client, Origin, Proxies, Request, Trust
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
    assert "insecure: true" in (caught.value.hint or "")


def test_a_proxy_at_a_link_local_address_is_ours_not_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.http.sockets.is_link_local", lambda address: address == "127.0.0.1")
    with (
        ScriptedServer(by_line({"GET http://store.example.com/a": Reply(body=b"x")})) as proxy,
        Client("test/1", proxies=Proxies.of({"HTTP_PROXY": proxy.host})) as client,
        client.send(Request("GET", "http://store.example.com/a", given_by_server=True)) as response,
    ):
        assert response.read(9) == b"x"
