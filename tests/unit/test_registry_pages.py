"""Lists that come in pages: whole, or an error. Whoever takes half a list for the whole leaves signatures behind."""

from __future__ import annotations

import pytest

from support.remote_registry import ROOT, error_body, remote_registry
from support.scripted_http import Reply, ScriptedServer, by_line
from tidegate.errors.http import AddressRefused
from tidegate.errors.registry import RegistryFailed
from tidegate.http import Client, Origin, Retry
from tidegate.model.manifest import OCI_INDEX
from tidegate.model.referrers import ReferrerList, entry_of
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry
from tidegate.testing.images import build_referrer

TAGS = "GET /v2/app/tags/list"
LIST = f"GET /v2/app/referrers/{ROOT.digest}"
SBOM = build_referrer(ROOT.descriptor, "sbom")
LISTED = ReferrerList().with_entries([entry_of(SBOM.root)]).manifest().data


def _begins(line: str, body: bytes) -> Reply:
    """The first page of a list that goes on at `line`."""
    fields = {"Content-Type": OCI_INDEX, "Link": f'<{line.removeprefix("GET ")}?last=a>; rel="next"'}
    return Reply(200, body, fields)


@pytest.mark.parametrize("second", [Reply(404, b"404 page not found"), Reply(404, error_body("NAME_UNKNOWN"))])
def test_a_list_of_tags_that_does_not_go_on_is_no_whole_one(second: Reply) -> None:
    answers = {f"{TAGS}?n=1000": _begins(TAGS, b'{"tags":["a"]}'), f"{TAGS}?last=a": second}
    with remote_registry(by_line(answers)) as (registry, server):
        with pytest.raises(RegistryFailed, match="does not go on") as caught:
            list(registry.tags("app"))
        assert caught.value.where == f"GET {server.url}/v2/app/tags/list"


@pytest.mark.parametrize(
    "second",
    [
        Reply(404, b"404 page not found"),
        Reply(404, error_body("NAME_UNKNOWN")),
        Reply(400),
        Reply(200, b"<html>", {"Content-Type": "text/html"}),
    ],
)
def test_a_list_of_referrers_that_does_not_go_on_is_no_whole_one(second: Reply) -> None:
    answers = {LIST: _begins(LIST, LISTED), f"{LIST}?last=a": second}
    with remote_registry(by_line(answers)) as (registry, _), pytest.raises(RegistryFailed, match="does not go on"):
        registry.referrers("app", ROOT.digest)


def test_a_tag_that_pages_repeat_comes_once() -> None:
    answers = {
        f"{TAGS}?n=1000": _begins(TAGS, b'{"tags":["a","b"]}'),
        f"{TAGS}?last=a": Reply(200, b'{"tags":["b","c","c"]}'),
    }
    with remote_registry(by_line(answers)) as (registry, _):
        assert list(registry.tags("app")) == ["a", "b", "c"]


def test_other_json_is_no_empty_list_of_tags() -> None:
    login = Reply(200, b'{"message":"log in first"}')
    with remote_registry(by_line({f"{TAGS}?n=1000": login})) as (registry, _), pytest.raises(RegistryFailed):
        list(registry.tags("app"))


@pytest.mark.parametrize("kind", ["application/json", "text/plain", OCI_INDEX.title(), ""])
def test_a_list_of_referrers_is_known_by_its_own_words_too(kind: str) -> None:
    with remote_registry(by_line({LIST: Reply(200, LISTED, {"Content-Type": kind})})) as (registry, _):
        found = registry.referrers("app", ROOT.digest)
    assert found is not None
    assert found.digests == (SBOM.digest,)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<html>log in", {"Content-Type": "text/html"}),
        Reply(200, b"x" * (17 * 1024 * 1024), {"Content-Type": "text/html"}),
        Reply(501, b"not implemented"),
        Reply(405),
    ],
    ids=["a page", "a large page", "501", "405"],
)
def test_a_registry_that_knows_no_referrers(reply: Reply) -> None:
    with remote_registry(by_line({LIST: reply})) as (registry, _):
        assert registry.referrers("app", ROOT.digest) is None


def test_a_list_may_come_from_where_the_registry_may_send_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidegate.http.url.is_link_local", lambda host: host == "localhost")
    with ScriptedServer(by_line({"GET /tags": Reply(200, b'{"tags":["a"]}')})) as store, Client("test/1") as client:
        there = store.url.replace("127.0.0.1", "localhost")
        sent_on = Reply(307, fields={"Location": f"{there}/tags"})
        with ScriptedServer(by_line({f"{TAGS}?n=1000": sent_on})) as server:

            def tags(follow: frozenset[Origin]) -> list[str]:
                authorizer = Authorizer(Origin.of(server.url), client, lambda: None, hint=lambda: "")
                calls = Calls(server.url, client, authorizer, Retry(attempts=1), follow)
                return list(RemoteRegistry(calls).tags("app"))

            with pytest.raises(AddressRefused):
                tags(frozenset())
            assert tags(frozenset({Origin.of(there)})) == ["a"]
