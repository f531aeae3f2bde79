"""Reading a blob: verified to its last piece, resumed where it broke."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import repeat

import pytest

from support.remote_registry import BLOB, error_body, patient, remote_registry
from support.scripted_http import Received, Reply, ScriptedServer, by_line
from tidegate.errors.registry import BlobMissing, DigestMismatch, RegistryFailed, RegistryUnreachable
from tidegate.http import Retry
from tidegate.model.digest import Digest
from tidegate.registry.remote.registry import RemoteRegistry


class _Breaking:
    """The script of a registry whose answers break off after `stretch` bytes of `data`.

    Args:
        data: the blob.
        stretch: bytes of one answer.
        between: what it says instead to the first requests that go on, in order; None hangs up.
    """

    def __init__(self, data: bytes, stretch: int, between: Iterable[Reply | None] = ()) -> None:
        self._data = data
        self._stretch = stretch
        self._between = iter(between)

    def __call__(self, request: Received) -> Reply | None:
        asked = re.fullmatch(r"bytes=(\d+)-", request.fields.get("Range", ""))
        for reply in self._between if asked else ():
            return reply
        start = int(asked[1]) if asked else 0
        fields = {"Content-Length": str(len(self._data) - start)}
        if asked:
            fields["Content-Range"] = f"bytes {start}-{len(self._data) - 1}/{len(self._data)}"
        return Reply(206 if asked else 200, self._data[start : start + self._stretch], fields, hang_up=True)


def _ranges(server: ScriptedServer) -> list[str | None]:
    return [request.fields.get("Range") for request in server.requests]


def _read(registry: RemoteRegistry, data: bytes) -> bytes:
    with registry.read_blob("app", Digest.of(data)) as pieces:
        return b"".join(pieces)


def test_a_blob_that_breaks_off_goes_on_where_it_stopped() -> None:
    data = bytes(range(256)) * 40
    with remote_registry(_Breaking(data, 4000), retry=patient([])) as (registry, server):
        assert _read(registry, data) == data
        assert _ranges(server) == [None, "bytes=4000-", "bytes=8000-"]


def test_what_fails_while_a_blob_is_resumed_is_tried_again_from_where_it_stood() -> None:
    data, waits = bytes(range(256)) * 40, list[float]()
    between = [Reply(503), None, Reply(429, fields={"Retry-After": "7"})]
    with remote_registry(_Breaking(data, 6000, between), retry=patient(waits)) as (registry, server):
        assert _read(registry, data) == data
        assert _ranges(server) == [None, *["bytes=6000-"] * 4]
    assert waits == [
        0.25,
        0.5,
        7,
    ]  # a connection that was kept, and is over, is replaced at once


def test_a_blob_that_can_not_be_resumed_ends_with_its_patience() -> None:
    data, waits = bytes(range(256)) * 40, list[float]()
    with remote_registry(_Breaking(data, 6000, repeat(Reply(503))), retry=patient(waits)) as (registry, server):
        with pytest.raises(RegistryFailed, match="503"):
            _read(registry, data)
        assert _ranges(server) == [None, *["bytes=6000-"] * 4]
    assert len(waits) == 4


def test_a_blob_that_is_gone_when_it_is_resumed_is_missing_at_once() -> None:
    data, gone = bytes(range(256)) * 40, Reply(404, error_body("BLOB_UNKNOWN"))
    with remote_registry(_Breaking(data, 6000, repeat(gone)), retry=patient([])) as (registry, server):
        with pytest.raises(BlobMissing):
            _read(registry, data)
        assert len(server.requests) == 2


def test_who_brings_much_before_he_breaks_off_is_given_as_much_patience_again() -> None:
    data = bytes(range(256)) * 4096 * 4
    twice = Retry(attempts=2, sleep=lambda _seconds: None)
    with remote_registry(_Breaking(data, 1024 * 1024), retry=twice) as (registry, server):
        assert _read(registry, data) == data
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("status", "fields"),
    [(200, {}), (206, {"Content-Range": "bytes 0-9/10"}), (206, {}), (416, {"Content-Range": "bytes */5"})],
)
def test_a_registry_that_does_not_know_ranges(status: int, fields: dict[str, str]) -> None:
    def script(request: Received) -> Reply:
        if "Range" in request.fields:
            return Reply(status, b"0123456789", fields)
        return Reply(200, b"01234", {"Content-Length": "10"}, hang_up=True)

    with (
        remote_registry(script, retry=patient([])) as (registry, _),
        registry.read_blob("app", Digest.of(b"0123456789")) as pieces,
        pytest.raises(RegistryFailed, match="can't resume"),
    ):
        list(pieces)


def test_a_blob_that_brings_nothing_is_not_asked_for_again() -> None:
    def script(_: Received) -> Reply:
        return Reply(200, b"", {"Content-Length": "10"}, hang_up=True)

    with (
        remote_registry(script, retry=patient([])) as (registry, server),
        registry.read_blob("app", BLOB.digest) as pieces,
    ):
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
