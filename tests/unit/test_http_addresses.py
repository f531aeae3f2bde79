"""Where a server may not send us: link-local addresses and clouds' metadata, however they are spelled."""

from __future__ import annotations

import pytest

from support.scripted_http import Reply, ScriptedServer, by_line
from tidegate.errors.http import AddressRefused
from tidegate.http import Client, Origin, Proxies, Request
from tidegate.http.addresses import is_link_local
from tidegate.http.url import resolve

METADATA = [
    *("169.254.169.254", "169.254.169.254.", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"),
    *("[fe80::1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::a9fe:a9fe]"),
    *("[64:ff9b:1:a9fe:a9:fe00::]", "[2002:a9fe:a9fe::]", "[2001:0:a9fe:a9fe::]", "[2001::5601:5601]"),
    *("[fd00:ec2::254]", "[fd00:ec2::23]", "[fd20:ce::254]", "[fd00:c1::a9fe:a9fe]", "100.100.100.200"),
    *("168.63.129.16", "[::ffff:168.63.129.16]"),
]
ORDINARY = [
    *("127.0.0.1", "10.0.0.1", "100.100.100.100", "192.168.0.1", "[::1]", "[fd00:ec3::254]", "[fd12:3456::1]"),
    *("[2001:db8::a9fe:a9fe]", "[2002:a00:1::a9fe:a9fe]", "registry.example.com", "169.254.example.com", "a9fe"),
]


@pytest.mark.parametrize("host", METADATA)
def test_a_server_that_points_to_machine_credentials_is_not_followed(host: str) -> None:
    location = f"http://{host}/latest/meta-data"
    with pytest.raises(AddressRefused, match="of its own network"):
        resolve("http://registry.example.com/v2/", location)
    assert resolve("http://registry.example.com/v2/", location, frozenset({Origin.of(location)})) == location


@pytest.mark.parametrize("host", ORDINARY)
def test_other_addresses_are_followed(host: str) -> None:
    assert resolve("http://registry.example.com/v2/", f"http://{host}/") == f"http://{host}/"


def test_the_zone_of_an_address_that_a_name_has_is_passed_over() -> None:
    assert is_link_local("fe80::1%eth0")


def test_a_number_is_not_left_to_the_proxy_to_read() -> None:
    there = Reply(302, fields={"Location": "http://2852039166/latest/meta-data"})
    with (
        ScriptedServer(by_line({"GET http://registry.example.com/v2/": there})) as proxy,
        Client("test/1", proxies=Proxies.of({"HTTP_PROXY": proxy.host})) as client,
        pytest.raises(AddressRefused, match="2852039166"),
    ):
        client.send(Request("GET", "http://registry.example.com/v2/"))


def test_a_registry_of_ours_that_is_link_local_may_redirect_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("sockets", "url"):
        monkeypatch.setattr(f"tidegate.http.{module}.is_link_local", lambda address: address == "127.0.0.1")
    replies = {"GET /a": Reply(302, fields={"Location": "/b"}, hang_up=True), "GET /b": Reply(body=b"there")}
    with (
        ScriptedServer(by_line(replies)) as server,
        Client("test/1") as client,
        client.send(Request("GET", f"{server.url}/a")) as response,
    ):
        assert response.read(9) == b"there"
