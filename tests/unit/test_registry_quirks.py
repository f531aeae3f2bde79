"""What registries do besides the specification, or where it leaves a choice: docs/reference/registries.md lists it.

The rest of that list is tested in other files of tests called test_registry_… and in acceptance/test_ecr.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.remote_registry import BLOB, FOUND, ROOT, error_body, patient, remote_registry
from support.scripted_http import Received, Reply, ScriptedServer, by_line
from tidegate.errors import TidegateError
from tidegate.errors.http import ProxyRefused
from tidegate.errors.registry import (
    DeletionUnsupported,
    NotAManifest,
    RegistryDenied,
    RegistryFailed,
    RegistryRefused,
    RegistryUnauthorized,
    TagExists,
)
from tidegate.model.digest import Digest
from tidegate.model.manifest import OCI_INDEX, OCI_MANIFEST, Manifest
from tidegate.testing.images import build_image

TESTS = Path(__file__).parent.parent
PAGE = TESTS.parent / "docs" / "reference" / "registries.md"

HEAD, GET, PUT = (f"{method} /v2/app/manifests/1.0.0" for method in ("HEAD", "GET", "PUT"))


# The page


def test_every_quirk_on_the_page_has_its_test() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    quirks = [line for line in rows if "`test_" in line]
    defined = "\n".join(file.read_text(encoding="utf-8") for file in TESTS.glob("*/test_*.py"))
    assert len(quirks) >= 20
    for name in re.findall(r"`(test_\w+)`", "\n".join(quirks)):
        assert f"def {name}(" in defined, f"{PAGE.name} names {name}, which is not there"


# Manifests


@pytest.mark.parametrize("left_out", ["Docker-Content-Digest", "Content-Type", "Content-Length"])
def test_a_head_without_a_field_is_followed_by_a_get(left_out: str) -> None:
    fields = {name: value for name, value in FOUND.items() if name != left_out}
    if left_out == "Content-Length":
        fields["Transfer-Encoding"] = "chunked"
    lines = {HEAD: Reply(200, fields=fields, hang_up=True), GET: Reply(200, ROOT.data, {"Content-Type": OCI_MANIFEST})}
    with remote_registry(by_line(lines)) as (registry, _):
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor


def test_a_get_without_a_digest_is_what_its_bytes_are() -> None:
    with remote_registry(by_line({GET: Reply(200, ROOT.data, {"Content-Type": OCI_MANIFEST})})) as (registry, _):
        assert registry.manifest("app", "1.0.0").digest == ROOT.digest


@pytest.mark.parametrize("said", ["", "text/plain", "application/json", "application/octet-stream", "nonsense"])
@pytest.mark.parametrize("data", [ROOT.data, b'{"schemaVersion":2,"manifests":[]}'], ids=["manifest", "index"])
def test_a_wrong_content_type_is_put_right_by_what_the_manifest_says(said: str, data: bytes) -> None:
    with remote_registry(by_line({GET: Reply(200, data, {"Content-Type": said})})) as (registry, _):
        expected = OCI_MANIFEST if data == ROOT.data else OCI_INDEX
        assert registry.manifest("app", "1.0.0").media_type == expected


@pytest.mark.parametrize(
    ("said", "body"),
    [
        ("text/html; charset=utf-8", b"<!doctype html><title>Sign in</title>"),
        ("application/json", b'{"error": "sign in first"}'),
        ("", b""),
    ],
)
def test_a_page_in_place_of_a_manifest_is_no_other_image(said: str, body: bytes) -> None:
    """Its digest would be a tag's that somebody overwrote; and a proxy's page is the same in the next second."""
    page = {"Content-Type": said}
    lines = {
        HEAD: Reply(200, fields={**page, "Content-Length": str(len(body))}, hang_up=True),
        GET: Reply(200, body, page),
        f"GET /v2/app/manifests/{ROOT.digest}": Reply(200, body, page),
    }
    with remote_registry(by_line(lines)) as (registry, server):
        for call in (
            lambda: registry.resolve("app", "1.0.0"),
            lambda: registry.manifest("app", "1.0.0"),
            lambda: registry.manifest("app", str(ROOT.digest)),
        ):
            with pytest.raises(NotAManifest) as caught:
                call()
            kind = said.partition(";")[0] or "no Content-Type"
            assert caught.value.what == f"the registry did not answer with a manifest ({kind}; {len(body)} bytes)"
            assert "a proxy or a login page" in (caught.value.hint or "")
        assert len(server.requests) == 4


def test_a_manifest_of_an_old_kind_is_told_as_what_it_is() -> None:
    old = b'{"schemaVersion": 1, "name": "app"}'
    for said in ("application/vnd.docker.distribution.manifest.v1+prettyjws", "application/json"):
        with remote_registry(by_line({GET: Reply(200, old, {"Content-Type": said})})) as (registry, _):
            assert registry.manifest("app", "1.0.0").media_type == said


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_manifest_is_taken_with_any_of_three_statuses(status: int) -> None:
    with remote_registry(by_line({PUT: Reply(status, fields=FOUND | {"Content-Length": "0"})})) as (registry, _):
        registry.put_manifest("app", "1.0.0", ROOT)


# Blobs


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_blob_is_taken_with_any_of_three_statuses(status: int) -> None:
    begun = Reply(202, fields={"Location": "/up"})
    lines = {"POST /v2/app/blobs/uploads/": begun, f"PUT /up?digest={BLOB.digest}": Reply(status)}
    with remote_registry(by_line(lines)) as (registry, _):
        registry.write_blob("app", BLOB, iter([b"blob"]))


@pytest.mark.parametrize("is_there", [True, False])
def test_a_blob_that_is_only_accepted_is_looked_for(is_there: bool) -> None:  # noqa: FBT001 - a case
    lines = {
        "POST /v2/app/blobs/uploads/": Reply(202, fields={"Location": "/up"}),
        f"PUT /up?digest={BLOB.digest}": Reply(202),
        f"HEAD /v2/app/blobs/{BLOB.digest}": Reply(200 if is_there else 404),
    }
    with remote_registry(by_line(lines)) as (registry, _):
        if is_there:
            registry.write_blob("app", BLOB, iter([b"blob"]))
            return
        with pytest.raises(RegistryFailed, match="does not have it"):
            registry.write_blob("app", BLOB, iter([b"blob"]))


@pytest.mark.parametrize("status", [200, 202, 204])
def test_an_upload_begins_with_any_of_three_statuses(status: int) -> None:
    begun = Reply(status, fields={"Location": "/up"})
    lines = {"POST /v2/app/blobs/uploads/": begun, f"PUT /up?digest={BLOB.digest}": Reply(201)}
    with remote_registry(by_line(lines)) as (registry, _):
        registry.write_blob("app", BLOB, iter([b"blob"]))


def test_an_upload_that_is_begun_nowhere_is_an_error() -> None:
    with (
        remote_registry(by_line({"POST /v2/app/blobs/uploads/": Reply(202)})) as (registry, _),
        pytest.raises(RegistryFailed, match="does not say where"),
    ):
        registry.write_blob("app", BLOB, iter([b"blob"]))


def test_a_broken_download_asks_the_registry_for_a_new_signed_address() -> None:
    data = bytes(range(256)) * 40
    signed: list[str] = []

    def registry_script(request: Received) -> Reply:
        del request
        signed.append(f"/layer?signature={len(signed)}")
        return Reply(307, fields={"Location": f"{store.url}{signed[-1]}"})

    def store_script(request: Received) -> Reply:
        if request.path != signed[-1]:
            return Reply(403, b"Request has expired")
        asked = re.fullmatch(r"bytes=(\d+)-", request.fields.get("Range", ""))
        start = int(asked[1]) if asked else 0
        fields = {"Content-Length": str(len(data) - start)}
        if asked:
            fields["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return Reply(206 if asked else 200, data[start : start + 6000], fields, hang_up=True)

    with ScriptedServer(store_script) as store, remote_registry(registry_script, retry=patient([])) as (registry, _):
        with registry.read_blob("app", Digest.of(data)) as pieces:
            assert b"".join(pieces) == data
        assert len(signed) == 2
        assert all("Authorization" not in request.fields for request in store.requests)


# Tags


@pytest.mark.parametrize(
    "link",
    [
        '</v2/app/tags/list?last=a>; rel="next"',
        "</v2/app/tags/list?last=a>;rel=next",
        '</first>; rel="first", </v2/app/tags/list?last=a>; rel="next"',
        '</v2/app/tags/list?last=a>; title="more"; REL="Next"',
    ],
)
def test_the_next_page_in_all_spellings(link: str) -> None:
    answers = {
        "GET /v2/app/tags/list?n=1000": Reply(200, b'{"tags":["a"]}', {"Link": link}),
        "GET /v2/app/tags/list?last=a": Reply(200, b'{"tags":["b"]}'),
    }
    with remote_registry(by_line(answers)) as (registry, _):
        assert list(registry.tags("app")) == ["a", "b"]


@pytest.mark.parametrize(
    ("link", "what", "requests"),
    [
        ("</v2/app/tags/list?n=1000>; rel=next", "in a circle", 1),
        ("</v2/app/tags/list?last=a>; rel=next", "in a circle", 2),
        ("<http://registry.internal:5000/v2/app/tags/list?last=a>; rel=next", "another host, http://registry.in", 1),
    ],
)
def test_pages_that_lead_nowhere_are_not_asked_for_again(link: str, what: str, requests: int) -> None:
    waits: list[float] = []
    page = Reply(200, b'{"tags":["a"]}', {"Link": link})
    with remote_registry(lambda _: page, retry=patient(waits)) as (registry, server):
        with pytest.raises(RegistryFailed, match=what) as caught:
            list(registry.tags("app"))
        assert len(server.requests) == requests
    assert (waits, bool(caught.value.hint)) == ([], True)


@pytest.mark.parametrize(
    "reply",
    [Reply(404, error_body("NAME_UNKNOWN", "")), Reply(404, b"404 page not found"), Reply(200, b'{"tags":null}')],
)
def test_no_repository_and_no_tags_are_the_same(reply: Reply) -> None:
    with remote_registry(by_line({"GET /v2/app/tags/list?n=1000": reply})) as (registry, _):
        assert list(registry.tags("app")) == []


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "TAG_INVALID", "The image tag '1.0.0' already exists … because the tag is immutable."),
        (412, "PRECONDITION", "Failed to process request due to 'app:1.0.0' configured as immutable."),
        (400, "MANIFEST_INVALID", "cannot update tag 1.0.0. The repository has enabled tag immutability"),
    ],
    ids=["ecr", "harbor", "artifact-registry"],
)
def test_a_tag_that_does_not_move(status: int, code: str, message: str) -> None:
    other = build_image("other").root
    there = FOUND | {"Docker-Content-Digest": str(other.digest)}

    def put(found: dict[str, str], manifest: Manifest) -> None:
        lines = {PUT: Reply(status, error_body(code, message)), HEAD: Reply(200, fields=found)}
        with remote_registry(by_line(lines)) as (registry, _):
            registry.put_manifest("app", "1.0.0", manifest)

    put(FOUND, ROOT)  # someone has put the same: as good as done
    with pytest.raises(TagExists, match=code):
        put(there, ROOT)


# Errors


@pytest.mark.parametrize(
    ("status", "body", "kind", "error", "text"),
    [
        (401, b"Not Authorized\n", "text/plain; charset=utf-8", RegistryUnauthorized, "there are none"),
        (403, b'{"message":"denied"}', "application/json", RegistryDenied, "answered 403$"),
        (403, b"", "", RegistryDenied, "answered 403$"),
        (502, b"<html><h1>Bad Gateway</h1></html>", "text/html", RegistryFailed, "answered 502$"),
        (400, b'{"errors":"what?"}', "application/json", RegistryRefused, "answered 400$"),
        (400, b'{"errors":[{"code":7,"message":null}]}', "application/json", RegistryRefused, "answered 400$"),
        (400, b'{"errors":[{"code":"SIZE_INVALID"', "application/json", RegistryRefused, "answered 400$"),
        (500, b"\xff\xfe\x00broken", "text/plain", RegistryFailed, "answered 500: "),
        (400, b"Client sent an HTTP request to an HTTPS server.\n", "", RegistryRefused, "to an HTTPS server"),
        (400, b"<html><h1>Bad Request</h1></html>", "", RegistryRefused, "answered 400$"),
    ],
)
def test_error_bodies_of_every_kind(status: int, body: bytes, kind: str, error: type[TidegateError], text: str) -> None:
    reply = Reply(status, body, {"Content-Type": kind, "WWW-Authenticate": 'Basic realm="r"'})
    with remote_registry(by_line({PUT: reply})) as (registry, _), pytest.raises(error, match=text) as caught:
        registry.put_manifest("app", "1.0.0", ROOT)
    assert str(caught.value).isprintable()


def test_a_proxy_that_wants_a_password_is_no_registry() -> None:
    reply = Reply(407, b"<html>", {"Content-Type": "text/html", "Proxy-Authenticate": 'Basic realm="p"'})
    with remote_registry(by_line({PUT: reply})) as (registry, _), pytest.raises(ProxyRefused) as caught:
        registry.put_manifest("app", "1.0.0", ROOT)
    assert caught.value.what == "the proxy answered 407"
    assert "HTTP_PROXY=" in (caught.value.hint or "")


@pytest.mark.parametrize("status", [400, 405, 501])
def test_a_registry_that_does_not_delete_is_said_to(status: int) -> None:
    script = by_line({"DELETE /v2/app/manifests/1.0.0": Reply(status)})
    with remote_registry(script) as (registry, _), pytest.raises(DeletionUnsupported, match=f"answered {status}"):
        registry.delete("app", "1.0.0")
