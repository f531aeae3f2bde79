"""A blob in one request: who takes it, who does not, and what that costs. docs/adr/0022 says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from support.scripted_http import Received, Reply, Script, ScriptedServer, by_line
from support.whole_registry import WholeRegistry
from tidegate.errors.registry import BlobMissing, DigestMismatch, RegistryUnauthorized
from tidegate.http import Client, Origin, Retry, Timeouts
from tidegate.model.digest import Digest
from tidegate.model.manifest import EMPTY, EMPTY_DATA, LARGEST_WHOLE, Descriptor
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.copy.copier import Copier, Referrers, Wish
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry
from tidegate.registry.remote.whole import WholeBlobs
from tidegate.registry.tree import Home
from tidegate.testing.images import BuiltImage, build_image, build_referrer
from tidegate.testing.registry import FakeRegistry

BLOB = Descriptor("application/octet-stream", Digest.of(b"blob"), 4)
WHOLE = f"POST /v2/app/blobs/uploads/?digest={BLOB.digest}"
BEGIN, FILL = "POST /v2/app/blobs/uploads/", f"PUT /up?digest={BLOB.digest}"
STORED = Reply(201, fields={"Location": f"/v2/app/blobs/{BLOB.digest}"})
SESSION = {BEGIN: Reply(202, fields={"Location": "/up"}), FILL: Reply(201)}
NO_WAIT = Retry(attempts=3, sleep=lambda _seconds: None)
PLAIN = Wish(referrers=Referrers.NEVER)


@contextmanager
def _registry(script: Script, user: str = "") -> Iterator[tuple[RemoteRegistry, ScriptedServer]]:
    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        found = Credentials(user, "secret", "a test") if user else None
        authorizer = Authorizer(Origin.of(server.url), client, lambda: found, hint=lambda: "docker login here")
        yield RemoteRegistry(Calls(server.url, client, authorizer, NO_WAIT)), server


def _source(image: BuiltImage, repository: str = "app") -> Home:
    registry = FakeRegistry()
    image.push(registry, repository, "built")
    registry.calls.clear()
    return Home(registry, "dev", repository)


def _bring(registry: RemoteRegistry) -> None:
    """Write BLOB as a copy does."""
    if not registry.write_whole("app", BLOB, b"blob"):
        registry.write_blob("app", BLOB, iter((b"blob",)))


def test_a_fresh_image_of_four_blobs_costs_eleven_requests_where_blobs_go_by_one() -> None:
    image, dev, prd = build_image("fresh", layers=3), WholeRegistry(), WholeRegistry()
    image.push(dev.held, "app", "built")
    with ExitStack() as stack:
        source, from_dev = stack.enter_context(_registry(dev))
        target, to_prd = stack.enter_context(_registry(prd))
        home = Home(target, "prd", "app")
        report = Copier(NO_WAIT).copy(Home(source, "dev", "app"), "built", home, "1.0.0", wish=PLAIN)
        assert (report.blobs_sent, len(from_dev.requests) + len(to_prd.requests)) == (4, 11)
    assert prd.held.resolve("app", "1.0.0") == image.root.descriptor
    assert all(_held(prd.held, blob) == data for blob, data in image.blobs.items())


def _held(registry: FakeRegistry, blob: Descriptor) -> bytes:
    with registry.read_blob("app", blob.digest) as pieces:
        return b"".join(pieces)


def test_what_is_known_to_be_in_another_repository_is_mounted_and_not_sent() -> None:
    image = build_image("shared")
    source, target = _source(image), FakeRegistry(largest_whole=LARGEST_WHOLE)
    copier = Copier(NO_WAIT)
    copier.copy(source, image.digest, Home(target, "prd", "one"), "1.0.0")
    report = copier.copy(source, image.digest, Home(target, "prd", "two"), "1.0.0")
    assert (report.blobs_sent, report.blobs_present) == (0, 3)
    assert sum(call.startswith("write_whole one") for call in target.calls) == 3


def test_a_larger_blob_is_asked_for_before_it_is_sent() -> None:
    image = build_image("large", layers=1, layer_bytes=LARGEST_WHOLE + 1)
    source, target = _source(image), FakeRegistry(largest_whole=LARGEST_WHOLE)
    Copier(NO_WAIT).copy(source, image.digest, Home(target, "prd", "app"), "1.0.0")
    kinds = sorted(call.split()[0] for call in target.calls)
    assert kinds == ["mount_blob", "put_manifest", "resolve", "write_blob", "write_whole"]


def test_an_empty_config_is_not_read() -> None:
    signature = build_referrer(build_image("signed").root.descriptor, "a signature")
    source, target = _source(signature), FakeRegistry()
    assert EMPTY in signature.blobs
    Copier(NO_WAIT).copy(source, signature.digest, Home(target, "prd", "app"), "1.0.0", wish=PLAIN)
    assert isinstance(source.registry, FakeRegistry)
    assert not any(call == f"read_blob app {EMPTY.digest}" for call in source.registry.calls)
    assert _held(target, EMPTY) == EMPTY_DATA


# Who does not


def test_a_whole_blob_that_begins_an_upload_is_put_there_and_it_is_not_tried_again() -> None:
    lines = {WHOLE: SESSION[BEGIN], BEGIN: Reply(202, fields={"Location": "/up"}), FILL: Reply(201)}
    with _registry(by_line(lines)) as (registry, server):
        _bring(registry)
        assert server.lines == [WHOLE, FILL]
        assert server.requests[1].body == b"blob"
        assert not registry.takes_whole(1)
        _bring(registry)
        assert server.lines[2:] == [BEGIN, FILL]


@pytest.mark.parametrize("status", [200, 202, 400, 403, 404, 405, 411, 413, 415, 416, 500, 501, 503])
def test_a_registry_that_refuses_whole_blobs_gets_them_the_usual_way(status: int) -> None:
    with _registry(by_line({WHOLE: Reply(status), **SESSION})) as (registry, server):
        _bring(registry)
        _bring(registry)
        assert server.lines == [WHOLE, BEGIN, FILL, BEGIN, FILL]


def test_a_session_that_has_counted_the_bytes_is_left_alone() -> None:
    counted = Reply(202, fields={"Location": "/counted", "Range": "0-3"})
    with _registry(by_line({WHOLE: counted, **SESSION})) as (registry, server):
        _bring(registry)
        assert server.lines == [WHOLE, BEGIN, FILL]


def test_created_is_a_session_when_its_location_is_one() -> None:
    begun = Reply(201, fields={"Location": "/v2/app/blobs/uploads/7"})
    lines = {WHOLE: begun, f"PUT /v2/app/blobs/uploads/7?digest={BLOB.digest}": Reply(201)}
    with _registry(by_line(lines)) as (registry, server):
        _bring(registry)
        assert len(server.lines) == 2


def test_an_answer_of_another_request_says_nothing_of_this_blob() -> None:
    other = Reply(201, fields={"Docker-Content-Digest": str(EMPTY.digest)})
    with _registry(by_line({WHOLE: other, **SESSION})) as (registry, server):
        _bring(registry)
        assert server.lines == [WHOLE, BEGIN, FILL]


def test_a_registry_that_hangs_up_at_a_whole_blob_gets_it_the_usual_way() -> None:
    script = by_line(SESSION)
    with _registry(lambda request: None if request.line == WHOLE else script(request)) as (registry, server):
        _bring(registry)
        assert server.lines == [WHOLE, BEGIN, FILL]


def test_throttling_says_nothing_of_whole_blobs() -> None:
    answers = [Reply(429), STORED, STORED]
    with _registry(lambda _: answers.pop(0)) as (registry, server):
        _bring(registry)
        _bring(registry)
        assert server.lines == [WHOLE] * 3


def test_who_asks_for_a_login_gets_the_whole_blob_again() -> None:
    def script(request: Received) -> Reply:
        asked = "Authorization" not in request.fields
        return Reply(401, fields={"WWW-Authenticate": 'Basic realm="r"'}) if asked else STORED

    with _registry(script, "me") as (registry, server):
        _bring(registry)
        assert [request.body for request in server.requests] == [b"blob", b"blob"]
    with _registry(script) as (registry, _), pytest.raises(RegistryUnauthorized):
        _bring(registry)


def test_a_registry_that_lost_what_it_took_whole_gets_it_the_usual_way() -> None:
    image = build_image("lost", layers=3)
    prd = WholeRegistry()
    sent: list[str] = []

    def script(request: Received) -> Reply:
        if request.method == "POST" and "?digest=" in request.path and not request.path.startswith("/up"):
            return STORED  # and drops it
        if request.method == "POST":
            digest = request.path.partition("mount=")[2].partition("&")[0]
            return Reply(202, fields={"Location": f"/up/{digest}"})
        if request.path.startswith("/up/"):
            sent.append(request.path)
            blob = Descriptor("", Digest.parse(request.path.partition("digest=")[2]), len(request.body))
            prd.held.write_blob("app", blob, iter((request.body,)))
            return Reply(201)
        return prd(request)

    with _registry(script) as (registry, _):
        target = Home(registry, "prd", "app")
        assert Copier(NO_WAIT).copy(_source(image), image.digest, target, "1.0.0").blobs_sent == 4
    assert len(sent) == 4
    assert prd.held.resolve("app", "1.0.0") == image.root.descriptor


def test_a_blob_that_is_longer_than_its_descriptor_says_is_not_held_in_memory() -> None:
    class Endless(FakeRegistry):
        """Its blobs go on for long."""

        read = 0

        @contextmanager
        def read_blob(self, repository: str, digest: Digest) -> Iterator[Iterator[bytes]]:
            del repository, digest

            def pieces() -> Iterator[bytes]:
                for _ in range(10_000):
                    self.read += 1
                    yield bytes(1000)

            yield pieces()

    source, image = Endless(), build_image("endless", layers=1)
    image.push(source, "app", "built")
    target = Home(FakeRegistry(largest_whole=LARGEST_WHOLE), "prd", "app")
    with pytest.raises(DigestMismatch, match="is not the"):
        Copier(Retry(attempts=1)).copy(Home(source, "dev", "app"), image.digest, target, "1.0.0")
    assert source.read < 10


def test_one_at_a_time_finds_out_and_the_others_do_not_wait() -> None:
    whole = WholeBlobs()
    assert not whole.may_go(64 * 1024 + 1)
    assert whole.begin(1)
    assert not whole.may_go(1)
    assert not whole.begin(1)
    whole.learn(None)  # the connection was throttled: nothing is known
    assert whole.begin(64 * 1024)
    whole.learn(taken=True)
    assert whole.may_go(LARGEST_WHOLE)
    assert not whole.may_go(LARGEST_WHOLE + 1)
    whole.learn(taken=False)
    assert not whole.may_go(0)


def test_a_manifest_that_misses_its_blobs_ends_whole_blobs() -> None:
    missing = json.dumps({"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": ""}]}).encode()
    root = build_image("app").root
    lines = {WHOLE: STORED, "PUT /v2/app/manifests/1.0.0": Reply(400, missing)}
    with _registry(by_line(lines)) as (registry, _):
        assert registry.write_whole("app", BLOB, b"blob")
        with pytest.raises(BlobMissing):
            registry.put_manifest("app", "1.0.0", root)
        assert not registry.takes_whole(1)
