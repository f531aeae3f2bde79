"""Reading a blob: verified to its last piece, resumed where it broke."""

from __future__ import annotations

import re

import pytest

from support.remote_registry import BLOB, error_body, remote_registry
from support.scripted_http import Received, Reply, by_line
from tidegate.errors.registry import BlobMissing, DigestMismatch, RegistryFailed, RegistryUnreachable
from tidegate.model.digest import Digest


def test_a_blob_that_breaks_off_goes_on_where_it_stopped() -> None:
    data = bytes(range(256)) * 40

    def script(request: Received) -> Reply:
        asked = re.fullmatch(r"bytes=(\d+)-", request.fields.get("Range", ""))
        start = int(asked[1]) if asked else 0
        fields = {"Content-Length": str(len(data) - start)}
        if asked:
            fields["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return Reply(206 if asked else 200, data[start : start + 4000], fields, hang_up=True)

    with remote_registry(script) as (registry, server), registry.read_blob("app", Digest.of(data)) as pieces:
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
        remote_registry(script) as (registry, _),
        registry.read_blob("app", Digest.of(b"0123456789")) as pieces,
        pytest.raises(RegistryFailed, match="can't resume"),
    ):
        list(pieces)


def test_a_blob_that_brings_nothing_is_not_asked_for_again() -> None:
    def script(_: Received) -> Reply:
        return Reply(200, b"", {"Content-Length": "10"}, hang_up=True)

    with remote_registry(script) as (registry, server), registry.read_blob("app", BLOB.digest) as pieces:
        with pytest.raises(RegistryUnreachable):
            list(pieces)
        assert len(server.requests) == 1


def test_the_last_piece_of_a_wrong_blob_is_not_given_away() -> None:
    given: list[bytes] = []
    with (
        remote_registry(lambda _: Reply(200, b"not these")) as (registry, _),
        registry.read_blob("app", BLOB.digest) as pieces,
        pytest.raises(DigestMismatch),
    ):
        given.extend(pieces)
    assert given == []


def test_a_missing_blob_behind_a_redirect() -> None:
    line = f"GET /v2/app/blobs/{BLOB.digest}"
    lines = {line: Reply(307, fields={"Location": "/store"}), "GET /store": Reply(404, error_body("BLOB_UNKNOWN"))}
    with (
        remote_registry(by_line(lines)) as (registry, _),
        pytest.raises(BlobMissing),
        registry.read_blob("app", BLOB.digest) as pieces,
    ):
        next(pieces)
