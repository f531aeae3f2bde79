"""The HTTP adapter against scripted registries: authorization, and what registries do besides the specification."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest

from support.scripted_http import Received, Reply, Script, ScriptedServer, by_line
from tidegate.errors import TidegateError
from tidegate.errors.http import AddressRefused
from tidegate.errors.registry import (
    BlobMissing,
    DigestMismatch,
    ManifestInvalid,
    RegistryDenied,
    RegistryFailed,
    RegistryRefused,
    RegistryThrottled,
    RegistryUnauthorized,
    RegistryUnreachable,
    RepositoryMissing,
)
from tidegate.http import Client, Origin, Retry, Timeouts
from tidegate.model.digest import Digest
from tidegate.model.manifest import OCI_MANIFEST, Descriptor
from tidegate.registry.authorization import Authorizer
from tidegate.registry.credentials import Credentials
from tidegate.registry.remote import RemoteRegistry
from tidegate.testing.images import build_image

IMAGE = build_image("inventory")
ROOT = IMAGE.root
FOUND = {"Docker-Content-Digest": str(ROOT.digest), "Content-Type": OCI_MANIFEST, "Content-Length": str(len(ROOT.data))}
ME = Credentials("me", "s3cret", "the test")
BASIC = f"Basic {base64.b64encode(b'me:s3cret').decode()}"
BLOB = Descriptor("application/octet-stream", Digest.of(b"blob"), 4)


@contextmanager
def _registry(
    script: Script, credentials: Credentials | None = None
) -> Iterator[tuple[RemoteRegistry, ScriptedServer]]:
    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        authorizer = Authorizer(Origin.of(server.url), client, lambda: credentials, hint=lambda: "docker login here")
        yield RemoteRegistry(server.url, client, authorizer, Retry(attempts=1)), server


def _error(code: str, message: str = "as it is") -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


class _TokenServer:
    """A registry that wants a Bearer token, with its token server; tokens are numbered."""

    def __init__(self, *, realm_status: int = 200, life: float = 300) -> None:
        self.url = ""
        self.tokens = 0
        self.accepted = True
        self.asked: list[Received] = []
        self._status = realm_status
        self._life = life

    def __call__(self, request: Received) -> Reply:
        if request.path.startswith("/token"):
            self.asked.append(request)
            self.tokens += 1
            body = json.dumps({"access_token": f"t{self.tokens}", "expires_in": self._life}).encode()
            return Reply(self._status, body)
        if not self.accepted or request.fields.get("Authorization") != f"Bearer t{self.tokens}":
            challenge = f'Bearer realm="{self.url}/token?x=1",service="reg, istry",scope="ignored"'
            return Reply(401, _error("UNAUTHORIZED"), {"WWW-Authenticate": ["Basic realm=x", challenge]})
        return Reply(200, fields=FOUND)


@pytest.mark.parametrize("credentials", [None, ME])
def test_a_token_is_asked_for_once_and_sent_from_then_on(credentials: Credentials | None) -> None:
    script = _TokenServer()
    with _registry(script, credentials) as (registry, server):
        script.url = server.url
        for _ in range(3):
            assert registry.resolve("team/app", "1.0.0") == ROOT.descriptor
        assert len(server.requests) == 1 + 1 + 3
    asked = script.asked[0]
    assert asked.path == "/token?x=1&service=reg%2C+istry&scope=repository%3Ateam%2Fapp%3Apull"
    assert asked.fields.get("Authorization") == (BASIC if credentials else None)


@pytest.mark.parametrize(
    "life", [10**400, float("inf"), float("nan"), -(10**400), 1e308], ids=lambda life: str(life)[:9]
)
def test_a_token_of_a_life_without_end_is_one_of_a_day_at_most(life: float) -> None:
    now = [0.0]
    script = _TokenServer(life=life)
    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        script.url = server.url
        authorizer = Authorizer(
            Origin.of(server.url), client, lambda: None, hint=lambda: "here", monotonic=lambda: now[0]
        )
        registry = RemoteRegistry(server.url, client, authorizer, Retry(attempts=1))
        for seconds in (0.0, 40.0, 86_400.0):
            now[0] = seconds
            assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    assert script.tokens == 2


def test_each_repository_has_its_token() -> None:
    script = _TokenServer()
    with _registry(script) as (registry, server):
        script.url = server.url
        registry.resolve("one", "1.0.0")
        registry.resolve("two", "1.0.0")
    assert script.tokens == 2


def test_an_identity_token_is_exchanged() -> None:
    script = _TokenServer()
    with _registry(script, Credentials("", "refresh-me", "the test", is_identity_token=True)) as (registry, server):
        script.url = server.url
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    asked = script.asked[0]
    assert asked.line == "POST /token?x=1"
    assert b"grant_type=refresh_token" in asked.body
    assert b"refresh_token=refresh-me" in asked.body
    assert "Authorization" not in asked.fields


def test_a_token_that_is_refused_is_replaced_once() -> None:
    script = _TokenServer()
    with _registry(script) as (registry, server):
        script.url = server.url
        registry.resolve("app", "1.0.0")
        script.tokens = 7  # the registry has forgotten the first
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        script.accepted = False
        with pytest.raises(RegistryUnauthorized):
            registry.resolve("app", "1.0.0")


def test_a_token_is_renewed_before_it_expires() -> None:
    script, now = _TokenServer(life=100), [0.0]
    with ScriptedServer(script) as server, Client("test/1") as client:
        script.url = server.url
        authorizer = Authorizer(Origin.of(server.url), client, lambda: None, hint=lambda: "", monotonic=lambda: now[0])
        registry = RemoteRegistry(server.url, client, authorizer, Retry(attempts=1))
        for now[0], tokens in ((0, 1), (74, 1), (76, 2)):
            registry.resolve("app", "1.0.0")
            assert script.tokens == tokens


def test_basic_credentials_are_sent_when_they_are_asked_for() -> None:
    def script(request: Received) -> Reply:
        if request.fields.get("Authorization") != BASIC:
            return Reply(401, b"who?", {"WWW-Authenticate": 'Basic realm="r"'})
        return Reply(200, fields=FOUND)

    with _registry(script, ME) as (registry, server):
        for _ in range(2):
            assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("credentials", "challenge", "what", "hint"),
    [
        (None, 'Basic realm="r"', "there are none", "docker login here"),
        (ME, 'Basic realm="r"', "does not accept", "check the test"),
        (ME, "Negotiate", "not known", "docker login here"),
        (ME, "", "not known", "docker login here"),
    ],
)
def test_what_is_said_when_credentials_do_not_do(
    credentials: Credentials | None, challenge: str, what: str, hint: str
) -> None:
    script = by_line({"HEAD /v2/app/manifests/1.0.0": Reply(401, fields={"WWW-Authenticate": challenge})})
    with _registry(script, credentials) as (registry, server):
        with pytest.raises(RegistryUnauthorized, match=what) as caught:
            registry.resolve("app", "1.0.0")
        assert caught.value.where == f"HEAD {server.url}/v2/app/manifests/1.0.0"
    assert hint in (caught.value.hint or "")
    assert "s3cret" not in f"{caught.value!r} {caught.value.hint}"


@pytest.mark.parametrize(("status", "error"), [(401, RegistryUnauthorized), (503, RegistryFailed)])
def test_a_token_server_that_refuses(status: int, error: type[TidegateError]) -> None:
    script = _TokenServer(realm_status=status)
    with _registry(script, ME) as (registry, server):
        script.url = server.url
        with pytest.raises(error):
            registry.resolve("app", "1.0.0")


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        ("https://registry.example.com", "http://auth.example.com/token"),
        ("https://registry.example.com", "https://169.254.169.254/token"),
        ("http://registry.example.com", "http://169.254.169.254/token"),
    ],
)
def test_realms_that_are_not_asked(registry: str, realm: str) -> None:
    with Client("test/1") as client:
        authorizer = Authorizer(Origin.of(registry), client, lambda: ME, hint=lambda: "")
        with pytest.raises(AddressRefused):
            authorizer.answer([f'Bearer realm="{realm}"'], ("repository:app:pull",), None)


def test_a_realm_that_is_allowed_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("http.sockets", "registry.authorization"):
        monkeypatch.setattr(f"tidegate.{module}.is_link_local", lambda address: address == "127.0.0.1")
    with Client("test/1") as client, ScriptedServer(lambda _: Reply(body=b'{"token": "t"}')) as there:
        challenge = [f'Bearer realm="{there.url}/token"']
        for follow in (frozenset[Origin](), frozenset({Origin.of(there.url)})):
            authorizer = Authorizer(
                Origin.of("https://registry.example.com"), client, lambda: ME, hint=lambda: "", follow=follow
            )
            if follow:
                assert authorizer.answer(challenge, ("repository:app:pull",), None) == "Bearer t"
            else:
                with pytest.raises(AddressRefused):
                    authorizer.answer(challenge, ("repository:app:pull",), None)


@pytest.mark.parametrize(
    ("status", "body", "fields", "error", "text"),
    [
        (403, _error("DENIED", "no\nno"), {}, RegistryDenied, "403 DENIED: no no"),
        (429, _error("TOOMANYREQUESTS"), {"Retry-After": "7"}, RegistryThrottled, "429"),
        (500, b"<html>sorry</html>", {"Content-Type": "text/html"}, RegistryFailed, "answered 500$"),
        (503, b"busy", {"Content-Type": "text/plain"}, RegistryFailed, "503: busy"),
        (404, _error("NAME_UNKNOWN"), {}, RepositoryMissing, "NAME_UNKNOWN"),
        (400, _error("TAG_INVALID", "no name"), {}, RegistryRefused, "TAG_INVALID: no name"),
        (404, b"404 page not found", {"Content-Type": "text/plain"}, RegistryRefused, "page not found"),
        (302, b"", {"Location": "/login"}, RegistryFailed, "302"),
        (400, b'{"errors": null}', {}, RegistryRefused, "400"),
    ],
)
def test_what_answers_mean(
    status: int, body: bytes, fields: dict[str, str], error: type[TidegateError], text: str
) -> None:
    with _registry(by_line({"PUT /v2/app/manifests/1.0.0": Reply(status, body, fields)})) as (registry, server):
        with pytest.raises(error, match=text) as caught:
            registry.put_manifest("app", "1.0.0", ROOT)
        assert caught.value.where == f"PUT {server.url}/v2/app/manifests/1.0.0"
        assert caught.value.hint
    if isinstance(caught.value, RegistryThrottled):
        assert caught.value.retry_after == 7


def test_retry_after_may_be_a_date() -> None:
    def script(_: Received) -> Reply:  # http.server adds the Date
        return Reply(503, fields={"Retry-After": formatdate(time.time() + 30, usegmt=True)})

    with _registry(script) as (registry, _), pytest.raises(RegistryFailed) as caught:
        registry.has_blob("app", BLOB.digest)
    assert caught.value.retry_after == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    "head",
    [
        Reply(200, fields={**FOUND, "Docker-Content-Digest": ""}),
        Reply(200, fields={**FOUND, "Content-Type": "text/plain"}),
        Reply(405),
    ],
)
def test_a_head_that_does_not_tell_is_followed_by_a_get(head: Reply) -> None:
    get = Reply(200, ROOT.data, {"Content-Type": "application/json; charset=utf-8"})
    lines = {"HEAD /v2/app/manifests/1.0.0": head, "GET /v2/app/manifests/1.0.0": get}
    with _registry(by_line(lines)) as (registry, server):
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        assert OCI_MANIFEST in server.requests[0].fields["Accept"]


def test_a_registry_that_lies_is_caught() -> None:
    other = build_image("other").root
    digest = str(ROOT.digest)
    lines = {
        f"HEAD /v2/app/manifests/{digest}": Reply(200, fields={**FOUND, "Docker-Content-Digest": str(other.digest)}),
        f"GET /v2/app/manifests/{digest}": Reply(200, other.data, {"Content-Type": OCI_MANIFEST}),
        "GET /v2/app/manifests/1.0.0": Reply(200, other.data, {**FOUND, "Content-Length": str(len(other.data))}),
        "PUT /v2/app/manifests/1.0.0": Reply(201, fields={"Docker-Content-Digest": str(other.digest)}),
        "HEAD /v2/app/manifests/1.0.0": Reply(404),
    }
    with _registry(by_line(lines)) as (registry, _):
        for call in (
            lambda: registry.resolve("app", digest),
            lambda: registry.manifest("app", digest),
            lambda: registry.manifest("app", "1.0.0"),
            lambda: registry.put_manifest("app", "1.0.0", ROOT),
        ):
            with pytest.raises(DigestMismatch):
                call()


def test_a_put_without_a_digest_in_its_answer_is_looked_up() -> None:
    lines = {"PUT /v2/app/manifests/1.0.0": Reply(201), "HEAD /v2/app/manifests/1.0.0": Reply(200, fields=FOUND)}
    with _registry(by_line(lines)) as (registry, server):
        registry.put_manifest("app", "1.0.0", ROOT)
        assert server.requests[0].fields["Content-Type"] == OCI_MANIFEST
        assert server.requests[0].body == ROOT.data
        assert server.lines[1].startswith("HEAD")


def test_a_manifest_of_any_size_is_not_read() -> None:
    huge = Reply(200, b" " * (4 * 1024 * 1024 + 1), {"Content-Type": OCI_MANIFEST})
    with _registry(by_line({"GET /v2/app/manifests/1.0.0": huge})) as (registry, _), pytest.raises(ManifestInvalid):
        registry.manifest("app", "1.0.0")


def test_pages_of_tags_follow_relative_and_absolute_links() -> None:
    with _registry(by_line({})) as (registry, server):
        following = f"<{server.url}/v2/app/tags/list?last=b&n=2>; rel=next"
        answers = {
            "GET /v2/app/tags/list?n=1000": Reply(
                200, b'{"tags":["a"]}', {"Link": '</v2/app/tags/list?last=a>; rel="next"'}
            ),
            "GET /v2/app/tags/list?last=a": Reply(200, b'{"name":"app","tags":["b"]}', {"Link": following}),
            "GET /v2/app/tags/list?last=b&n=2": Reply(200, b'{"tags":null}', {"Link": '</first>; rel="first"'}),
        }
        server.script = by_line(answers)
        assert list(registry.tags("app")) == ["a", "b"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b'{"tags":["a"]}', {"Link": '<http://127.0.0.2:1/next>; rel="next"'}),
        Reply(200, b'{"tags":[1]}'),
        Reply(200, b"[]"),
        Reply(200, b"<html>"),
    ],
)
def test_lists_of_tags_that_are_not_believed(reply: Reply) -> None:
    script = by_line({"GET /v2/app/tags/list?n=1000": reply})
    with _registry(script) as (registry, _), pytest.raises(RegistryFailed):
        list(registry.tags("app"))


@pytest.mark.parametrize("location", ["/up/1?_state=a%2Fb", "{url}/up/1?_state=a%2Fb", "../../../../up/1?_state=a%2Fb"])
def test_an_upload_goes_where_the_registry_says_with_its_query(location: str) -> None:
    with _registry(by_line({})) as (registry, server):
        begun = Reply(202, fields={"Location": location.format(url=server.url)})
        lines = {
            "POST /v2/app/blobs/uploads/": begun,
            f"PUT /up/1?_state=a%2Fb&digest={BLOB.digest}": Reply(201),
        }
        server.script = by_line(lines)
        registry.write_blob("app", BLOB, iter([b"blob"]))
        assert server.requests[1].body == b"blob"


def test_a_mount_that_begins_an_upload_is_used_for_it_once() -> None:
    digest = BLOB.digest
    lines = {
        f"POST /v2/app/blobs/uploads/?mount={digest}&from=base": Reply(202, fields={"Location": "/up/1"}),
        f"PUT /up/1?digest={digest}": Reply(404, _error("BLOB_UPLOAD_UNKNOWN")),
        "POST /v2/app/blobs/uploads/": Reply(202, fields={"Location": "/up/2"}),
        f"PUT /up/2?digest={digest}": Reply(201),
    }
    with _registry(by_line(lines)) as (registry, server):
        assert not registry.mount_blob("app", digest, "base")
        with pytest.raises(RegistryFailed):
            registry.write_blob("app", BLOB, iter([b"blob"]))
        registry.write_blob("app", BLOB, iter([b"blob"]))
        assert len(server.requests) == 4


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_a_registry_that_can_not_mount_is_not_asked_again(status: int) -> None:
    line = f"POST /v2/app/blobs/uploads/?mount={BLOB.digest}&from=base"
    with _registry(by_line({line: Reply(status)})) as (registry, _):
        assert not registry.mount_blob("app", BLOB.digest, "base")


def test_an_upload_elsewhere_gets_no_credentials() -> None:
    with ScriptedServer(lambda _: Reply(201)) as store:

        def script(request: Received) -> Reply:
            if "Authorization" not in request.fields:
                return Reply(401, fields={"WWW-Authenticate": "Basic"})
            return Reply(202, fields={"Location": f"{store.url}/up?sig=1"})

        with _registry(script, ME) as (registry, _):
            registry.write_blob("app", BLOB, iter([b"blob"]))
        assert store.requests[0].line == f"PUT /up?sig=1&digest={BLOB.digest}"
        assert "Authorization" not in store.requests[0].fields


def test_no_more_than_the_described_size_is_sent() -> None:
    with _registry(lambda _: Reply(202, fields={"Location": "/up"})) as (registry, server):
        with pytest.raises(DigestMismatch):
            registry.write_blob("app", BLOB, iter([b"bl", b"obs"]))
        deadline = time.monotonic() + 5
        while len(server.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.requests[1].body == b"bl"


def test_a_blob_that_breaks_off_goes_on_where_it_stopped() -> None:
    data = bytes(range(256)) * 40

    def script(request: Received) -> Reply:
        asked = re.fullmatch(r"bytes=(\d+)-", request.fields.get("Range", ""))
        start = int(asked[1]) if asked else 0
        fields = {"Content-Length": str(len(data) - start)}
        if asked:
            fields["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return Reply(206 if asked else 200, data[start : start + 4000], fields, hang_up=True)

    with _registry(script) as (registry, server), registry.read_blob("app", Digest.of(data)) as pieces:
        assert b"".join(pieces) == data
        assert [request.fields.get("Range") for request in server.requests] == [None, "bytes=4000-", "bytes=8000-"]


@pytest.mark.parametrize(
    ("status", "fields"),
    [(200, {}), (206, {"Content-Range": "bytes 0-9/10"}), (206, {})],
)
def test_a_registry_that_does_not_know_ranges(status: int, fields: dict[str, str]) -> None:
    def script(request: Received) -> Reply:
        if "Range" in request.fields:
            return Reply(status, b"0123456789", fields)
        return Reply(200, b"01234", {"Content-Length": "10"}, hang_up=True)

    with (
        _registry(script) as (registry, _),
        registry.read_blob("app", Digest.of(b"0123456789")) as pieces,
        pytest.raises(RegistryFailed, match="can't resume"),
    ):
        list(pieces)


def test_a_blob_that_brings_nothing_is_not_asked_for_again() -> None:
    def script(_: Received) -> Reply:
        return Reply(200, b"", {"Content-Length": "10"}, hang_up=True)

    with _registry(script) as (registry, server), registry.read_blob("app", BLOB.digest) as pieces:
        with pytest.raises(RegistryUnreachable):
            list(pieces)
        assert len(server.requests) == 1


def test_the_last_piece_of_a_wrong_blob_is_not_given_away() -> None:
    given: list[bytes] = []
    with (
        _registry(lambda _: Reply(200, b"not these")) as (registry, _),
        registry.read_blob("app", BLOB.digest) as pieces,
        pytest.raises(DigestMismatch),
    ):
        given.extend(pieces)
    assert given == []


def test_a_missing_blob_behind_a_redirect() -> None:
    line = f"GET /v2/app/blobs/{BLOB.digest}"
    lines = {line: Reply(307, fields={"Location": "/store"}), "GET /store": Reply(404, _error("BLOB_UNKNOWN"))}
    with (
        _registry(by_line(lines)) as (registry, _),
        pytest.raises(BlobMissing),
        registry.read_blob("app", BLOB.digest) as pieces,
    ):
        next(pieces)


def test_authorization_that_ends_in_mid_upload_may_be_tried_again() -> None:
    def script(request: Received) -> Reply:
        if request.method == "POST":
            return Reply(202, fields={"Location": "/up"})
        return Reply(401, fields={"WWW-Authenticate": "Basic"})

    with _registry(script, ME) as (registry, _), pytest.raises(RegistryFailed, match="mid-transfer"):
        registry.write_blob("app", BLOB, iter([b"blob"]))
