"""Proxies: which requests go through one, and what is said when it does not let us through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tidegate.errors.http import HostUnreachable, InvalidUrl, ProxyRefused
from tidegate.http import Client, Origin, Proxies, Request

SECRET = {"Authorization": "Basic c2VjcmV0"}


@pytest.mark.parametrize(
    ("exempt", "url", "proxied"),
    [
        ("", "http://registry.example.com/", True),
        ("", "http://localhost:5000/", False),
        ("", "http://127.0.0.9/", False),
        ("", "http://[::1]:5000/", False),
        ("*", "http://registry.example.com/", False),
        ("other.org, example.com", "http://registry.example.com/", False),
        (".example.com", "http://registry.example.com/", False),
        ("example.com", "http://notexample.com/", True),
        ("registry.example.com:5000", "http://registry.example.com/", True),
        ("registry.example.com:5000", "http://registry.example.com:5000/", False),
        ("example.com:5000", "http://registry.example.com:5000/", False),
        (".example.com:5000", "http://registry.example.com:5000/", False),
        ("*.example.com:5000", "http://registry.example.com/", True),
        ("[fd00::7]:5000", "http://[fd00::7]:5000/", False),
        ("[fd00::7]:5000", "http://[fd00::7]/", True),
        ("fd00::/8", "http://[fd00::7]/", False),
        ("10.0.0.0/8", "http://10.1.2.3/", False),
        ("10.0.0.0/8", "http://11.1.2.3/", True),
        ("nonsense/99", "http://10.1.2.3/", True),
    ],
)
def test_what_goes_through_a_proxy(exempt: str, url: str, *, proxied: bool) -> None:
    proxies = Proxies.of({"HTTP_PROXY": "proxy:3128", "NO_PROXY": exempt})
    assert (proxies.find(Origin.of(url)) is not None) == proxied
    assert proxies.find(Origin.of(url.replace("http", "https", 1))) is None


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy"])
@pytest.mark.parametrize(
    "text", ["https://proxy:3128", "socks5://me:c2VjcmV0@proxy", "http://proxy:port", "me:c2Vjc/mV0@proxy"]
)
def test_proxies_that_are_not_supported_are_refused_by_the_variables_name(name: str, text: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        Proxies.of({name: text})
    assert caught.value.what == f"{name} is not the address of an http proxy"
    assert "c2Vjc" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy"])
def test_one_proxy_for_all_holds_where_a_scheme_has_none_of_its_own(name: str) -> None:
    http, https = Origin.of("http://registry.example.com/"), Origin.of("https://registry.example.com/")
    both = Proxies.of({name: "http://all:1", "HTTPS_PROXY": "own:2"})
    assert [str(found.origin) for found in (both.find(http), both.find(https)) if found] == [
        "http://all:1",
        "http://own:2",
    ]
    socks = Proxies.of({name: "socks5h://all:1", "HTTPS_PROXY": "own:2"})
    assert socks.find(http) is None
    assert socks.find(https) == both.find(https)
    with pytest.raises(InvalidUrl, match=r"^ALL_PROXY is not"):
        Proxies.of({name: "http://all:port"})


def test_a_proxys_password_is_not_shown() -> None:
    proxies = Proxies.of({"HTTP_PROXY": "http://me:c2VjcmV0@proxy:3128"})
    assert "c2VjcmV0" not in repr(proxies)
    assert "Basic" not in repr(proxies)


@pytest.mark.parametrize(
    ("user", "status", "hint"),
    [
        ("me:pw@", 407, "does not accept the user"),
        ("", 407, "wants a user"),
        ("", 401, "wants a user"),
        ("me:pw@", 403, "NO_PROXY"),
        ("", 405, "NO_PROXY"),
    ],
)
def test_a_proxy_that_does_not_let_us_through_is_named(user: str, status: int, hint: str) -> None:
    with _refusing_proxy(status) as (host, asked):
        proxies = Proxies.of({"https_proxy": f"http://{user}{host}"})
        with Client("test/1", proxies=proxies) as client, pytest.raises(ProxyRefused) as caught:
            client.send(Request("GET", "https://registry.example.com/a", SECRET))
    assert caught.value.what == f"the proxy 127.0.0.1 answered {status}"
    assert caught.value.where == "https://registry.example.com"
    assert hint in (caught.value.hint or "")
    assert "pw" not in f"{caught.value} {caught.value.hint}"
    assert (b"\r\nProxy-Authorization: Basic bWU6cHc=\r\n" in asked[0]) == bool(user)
    assert b"c2VjcmV0" not in asked[0]


def test_a_proxy_that_finds_nobody_may_be_asked_again() -> None:
    with (
        _refusing_proxy(503) as (host, _),
        Client("test/1", proxies=Proxies.of({"https_proxy": host})) as client,
        pytest.raises(HostUnreachable, match=f"through the proxy {host}: it answered 503") as caught,
    ):
        client.send(Request("GET", "https://registry.example.com/a", SECRET))
    assert "HTTPS_PROXY" in (caught.value.hint or "")


@contextmanager
def _refusing_proxy(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """Give the address of a proxy that answers one CONNECT with `status`, and what it was asked."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked: list[bytes] = []

        def refuse() -> None:
            here, _ = listener.accept()
            with here:
                asked.append(here.recv(1000))
                here.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())

        thread = threading.Thread(target=refuse)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        thread.join()
