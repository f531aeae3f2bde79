"""The HTTP adapter against scripted registries: what their answers mean, manifests, lists of tags."""

from __future__ import annotations

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import pytest

from support.remote_registry import BLOB, FOUND, ROOT, error_body, patient, remote_registry
from support.scripted_http import Received, Reply, by_line
from tidegate.errors import TidegateError
from tidegate.errors.registry import (
    BlobMissing,
    DigestMismatch,
    ManifestInvalid,
    ManifestMissing,
    RegistryDenied,
    RegistryFailed,
    RegistryRefused,
    RegistryThrottled,
    RepositoryMissing,
)
from tidegate.http.retry import Retry
from tidegate.model.manifest import OCI_INDEX, OCI_MANIFEST
from tidegate.model.referrers import ReferrerList
from tidegate.registry.copy.copier import Copier
from tidegate.registry.tree import Home
from tidegate.testing.images import build_image
from tidegate.testing.registry import FakeRegistry

SHA512 = f"sha512:{hashlib.sha512(ROOT.data).hexdigest()}"
EMPTY_LIST = b'{"schemaVersion":2,"manifests":[]}'


@pytest.mark.parametrize(
    ("status", "body", "fields", "error", "text"),
    [
        (403, error_body("DENIED", "no\nno"), {}, RegistryDenied, "403 DENIED: no no"),
        (429, error_body("TOOMANYREQUESTS"), {"Retry-After": "7"}, RegistryThrottled, "429"),
        (500, b"<html>sorry</html>", {"Content-Type": "text/html"}, RegistryFailed, "answered 500$"),
        (503, b"busy", {"Content-Type": "text/plain"}, RegistryFailed, "503: busy"),
        (404, error_body("NAME_UNKNOWN"), {}, RepositoryMissing, "NAME_UNKNOWN"),
        (400, error_body("TAG_INVALID", "no name"), {}, RegistryRefused, "TAG_INVALID: no name"),
        (404, b"404 page not found", {"Content-Type": "text/plain"}, RegistryRefused, "page not found"),
        (302, b"", {"Location": "/login"}, RegistryFailed, "302"),
        (408, b"", {}, RegistryFailed, "408"),
        (425, b"", {}, RegistryFailed, "425"),
        (400, b'{"errors": null}', {}, RegistryRefused, "400"),
    ],
)
def test_what_answers_mean(
    status: int, body: bytes, fields: dict[str, str], error: type[TidegateError], text: str
) -> None:
    with remote_registry(by_line({"PUT /v2/app/manifests/1.0.0": Reply(status, body, fields)})) as (registry, server):
        with pytest.raises(error, match=text) as caught:
            registry.put_manifest("app", "1.0.0", ROOT)
        assert caught.value.where == f"PUT {server.url}/v2/app/manifests/1.0.0"
        assert caught.value.hint
    if isinstance(caught.value, RegistryThrottled):
        assert caught.value.retry_after == 7
        assert "asks to wait for 7 seconds; try again later" in str(caught.value.hint)


def test_what_a_target_misses_is_not_mended_by_pushing_to_the_source() -> None:
    lines = {
        "PUT /v2/app/manifests/1.0.0": Reply(400, error_body("MANIFEST_BLOB_UNKNOWN")),
        f"GET /v2/app/blobs/{BLOB.digest}": Reply(404, error_body("BLOB_UNKNOWN")),
    }
    with remote_registry(by_line(lines)) as (registry, _):
        with pytest.raises(BlobMissing) as at_the_target:
            registry.put_manifest("app", "1.0.0", ROOT)
        with registry.read_blob("app", BLOB.digest) as pieces, pytest.raises(BlobMissing) as at_the_source:
            list(pieces)
    assert "try again" in str(at_the_target.value.hint)
    assert "push the image again" in str(at_the_source.value.hint)


def test_retry_after_may_be_a_date() -> None:
    def script(_: Received) -> Reply:  # http.server adds the Date
        return Reply(503, fields={"Retry-After": formatdate(time.time() + 30, usegmt=True)})

    with remote_registry(script) as (registry, _), pytest.raises(RegistryFailed) as caught:
        registry.has_blob("app", BLOB)
    assert caught.value.retry_after == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    "head",
    [
        Reply(200, fields={**FOUND, "Docker-Content-Digest": ""}),
        Reply(200, fields={**FOUND, "Docker-Content-Digest": SHA512}),
        Reply(200, fields={**FOUND, "Content-Type": "text/plain"}),
        Reply(405),
        Reply(501),
    ],
)
def test_a_head_that_does_not_tell_is_followed_by_a_get(head: Reply) -> None:
    get = Reply(200, ROOT.data, {"Content-Type": "application/json; charset=utf-8"})
    lines = {"HEAD /v2/app/manifests/1.0.0": head, "GET /v2/app/manifests/1.0.0": get}
    with remote_registry(by_line(lines)) as (registry, server):
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        assert OCI_MANIFEST in server.requests[0].fields["Accept"]


@pytest.mark.parametrize("head", [Reply(200, fields={**FOUND, "Docker-Content-Digest": ""}), Reply(405)])
def test_a_registry_whose_head_does_not_tell_is_asked_by_get_from_then_on(head: Reply) -> None:
    get = Reply(200, ROOT.data, {"Content-Type": OCI_MANIFEST})
    lines = {"HEAD /v2/app/manifests/1.0.0": head, "GET /v2/app/manifests/1.0.0": get}
    lines["GET /v2/app/manifests/2.0.0"] = Reply(404)
    with remote_registry(by_line(lines)) as (registry, server):
        for _ in range(2):
            assert registry.resolve("app", "1.0.0") == ROOT.descriptor
        assert registry.resolve("app", "2.0.0") is None
        assert [line.partition(" ")[0] for line in server.lines] == ["HEAD", "GET", "GET", "GET"]


def test_what_is_not_there_costs_no_connection() -> None:
    missing = Reply(404, error_body("MANIFEST_UNKNOWN"))
    with remote_registry(by_line({"GET /v2/app/manifests/1.0.0": missing})) as (registry, server):
        for _ in range(3):
            with pytest.raises(ManifestMissing):
                registry.manifest("app", "1.0.0")
        assert server.connections == 1


@pytest.mark.parametrize(("tag", "hint"), [("1.0.0", "was it pushed"), ("latest", "without a tag means latest")])
def test_a_tag_that_nobody_typed_is_told_where_it_comes_from(tag: str, hint: str) -> None:
    with remote_registry(lambda _: Reply(404, error_body("MANIFEST_UNKNOWN"))) as (registry, server):
        home = Home(registry, "dev", "app")
        for look in (
            lambda: registry.manifest("app", tag),
            lambda: Copier(Retry()).copy(home, tag, Home(FakeRegistry(), "prd", "app"), "1.0.0"),
            lambda: Copier(Retry()).copy(home, tag, _holding("1.0.0"), "1.0.0"),
        ):
            with pytest.raises(ManifestMissing, match=tag) as caught:
                look()
            assert hint in (caught.value.hint or "")
            host = server.url.removeprefix("http://")
            assert f"`tidegate image ls {host}/app` shows which tags there are" in (caught.value.hint or "")
        with pytest.raises(ManifestMissing) as caught:
            registry.manifest("app", str(BLOB.digest))
        assert caught.value.hint == "was it pushed, and to this registry account?"


@pytest.mark.parametrize(
    ("length", "is_there"), [(BLOB.size, True), (BLOB.size - 1, False), (BLOB.size + 1, False), (0, True), (None, True)]
)
def test_a_blob_of_another_length_is_not_there(length: int | None, *, is_there: bool) -> None:
    """A length that is not told says nothing; 0 is what some servers say then."""
    head = Reply(200, fields={"Content-Length": () if length is None else str(length)})
    with remote_registry(by_line({f"HEAD /v2/app/blobs/{BLOB.digest}": head})) as (registry, server):
        assert registry.has_blob("app", BLOB) is is_there
        assert len(server.requests) == 1


def _holding(tag: str) -> Home:
    there = Home(FakeRegistry(), "prd", "app")
    build_image("app").push(there.registry, "app", tag)
    return there


@pytest.mark.parametrize(
    ("reply", "asked"), [(Reply(404), 1), (Reply(200, EMPTY_LIST, {"Content-Type": OCI_INDEX}), 4)]
)
def test_the_first_answer_tells_many_whether_there_is_a_referrers_api(reply: Reply, asked: int) -> None:
    ready = threading.Barrier(4)
    lines = {f"GET /v2/app/referrers/{ROOT.digest}": reply}
    with remote_registry(by_line(lines)) as (registry, server), ThreadPoolExecutor(4) as pool:

        def ask() -> ReferrerList | None:
            ready.wait(10)
            return registry.referrers("app", ROOT.digest)

        found = [each.result() for each in [pool.submit(ask) for _ in range(4)]]
        assert len(server.requests) == asked
        assert found == [ReferrerList() if reply.status == 200 else None] * 4


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
    with remote_registry(by_line(lines)) as (registry, _):
        for call in (
            lambda: registry.resolve("app", digest),
            lambda: registry.manifest("app", digest),
            lambda: registry.manifest("app", "1.0.0"),
            lambda: registry.put_manifest("app", "1.0.0", ROOT),
        ):
            with pytest.raises(DigestMismatch):
                call()


@pytest.mark.parametrize("delete", [Reply(202), Reply(405)], ids=["deletes", "does not delete"])
def test_a_manifest_that_was_changed_on_the_way_is_taken_back(delete: Reply) -> None:
    """Its bytes are still a manifest, so the registry has tagged it."""
    other = build_image("other").root
    held = {**FOUND, "Docker-Content-Digest": str(other.digest), "Content-Length": str(len(other.data))}
    lines = {
        "PUT /v2/app/manifests/1.0.0": Reply(201, fields={"Docker-Content-Digest": str(other.digest)}),
        "HEAD /v2/app/manifests/1.0.0": Reply(200, fields=held),
        f"DELETE /v2/app/manifests/{other.digest}": delete,
    }
    with remote_registry(by_line(lines), retry=patient([])) as (registry, server):
        with pytest.raises(DigestMismatch, match=f"has {other.digest}"):
            registry.put_manifest("app", "1.0.0", ROOT)
        assert [line.partition(" ")[0] for line in server.lines] == [*["PUT"] * 5, "HEAD", "DELETE"]


def test_what_others_wrote_in_place_of_a_changed_manifest_stays() -> None:
    other = build_image("other").root
    lines = {
        "PUT /v2/app/manifests/1.0.0": Reply(201, fields={"Docker-Content-Digest": str(other.digest)}),
        "HEAD /v2/app/manifests/1.0.0": Reply(200, fields=FOUND),
    }
    with remote_registry(by_line(lines)) as (registry, server):
        with pytest.raises(DigestMismatch):
            registry.put_manifest("app", "1.0.0", ROOT)
        assert server.lines == list(lines)


def test_a_put_without_a_digest_in_its_answer_is_looked_up() -> None:
    lines = {"PUT /v2/app/manifests/1.0.0": Reply(201), "HEAD /v2/app/manifests/1.0.0": Reply(200, fields=FOUND)}
    with remote_registry(by_line(lines)) as (registry, server):
        registry.put_manifest("app", "1.0.0", ROOT)
        assert server.requests[0].fields["Content-Type"] == OCI_MANIFEST
        assert server.requests[0].body == ROOT.data
        assert server.lines[1].startswith("HEAD")


def test_a_manifest_of_any_size_is_not_read() -> None:
    huge = Reply(200, b" " * (4 * 1024 * 1024 + 1), {"Content-Type": OCI_MANIFEST})
    with (
        remote_registry(by_line({"GET /v2/app/manifests/1.0.0": huge})) as (registry, _),
        pytest.raises(ManifestInvalid),
    ):
        registry.manifest("app", "1.0.0")


def test_pages_of_tags_follow_relative_and_absolute_links() -> None:
    with remote_registry(by_line({})) as (registry, server):
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
    with remote_registry(script) as (registry, _), pytest.raises(RegistryFailed):
        list(registry.tags("app"))
