"""Compressed answers: what is, what never is, and secrets that no length gives away."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from support.asgi import ask, ask_while
from support.board_scene import crowd, settled, store_of
from support.board_stand import board_parts
from support.engine_world import EngineWorld
from support.server_parts import Stand
from tidegate.server.access.masks import masked, unmasked
from tidegate.server.app import make_app
from tidegate.server.compression import takes_gzip
from tidegate.server.parts import Parts

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return board_parts(tmp_path, store_of(*crowd(200)), EngineWorld())


@pytest.fixture
def app(parts: Parts) -> FastAPI:
    return make_app(parts)


@pytest.mark.parametrize(
    ("field", "takes"),
    [
        ("gzip", True),
        ("br;q=1.0, GZIP;q=0.8, *;q=0.1", True),
        ("x-gzip", True),
        ("", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000, br", False),
        ("gzipped", False),
    ],
)
def test_who_takes_gzip(field: str, takes: bool) -> None:  # noqa: FBT001 - a parameter
    assert takes_gzip(field) is takes


@pytest.mark.parametrize(
    "path", ["/", "/services/inventory/e2e", "/static/board.css", "/api/v1/openapi.json", "/metrics"]
)
def test_what_is_read_is_compressed_for_those_who_take_it(app: FastAPI, path: str) -> None:
    plain, packed = ask(app, "GET", path), ask(app, "GET", path, headers=GZIP)
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in plain.headers
    if path != "/metrics":  # those change with each request
        assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    assert packed.headers.get("content-length") in {None, str(len(packed.body))}


def test_the_first_rows_of_a_board_are_readable_before_the_last_are_made(app: FastAPI) -> None:
    pieces: list[bytes] = []

    async def read() -> None:
        async def receive() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            pieces.append(message.get("body", b""))

        headers = [(b"accept-encoding", b"gzip")]
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": headers,
            "scheme": "http",
        }
        await app({**scope, "asgi": {"version": "3.0"}, "http_version": "1.1", "root_path": ""}, receive, send)

    asyncio.run(read())
    unpacker = zlib.decompressobj(31)
    read_so_far = [unpacker.decompress(piece).decode() for piece in pieces if piece]
    assert len(read_so_far) > 5
    first = next(number for number, text in enumerate(read_so_far) if "service-0000" in text)
    last = next(number for number, text in enumerate(read_so_far) if "service-0199" in text)
    assert first < len(read_so_far) / 3
    assert last > first + 2
    assert unpacker.eof


def test_what_is_short_is_left_as_it_is(app: FastAPI) -> None:
    for path in ("/healthz", "/api/v1/session"):
        assert "content-encoding" not in ask(app, "GET", path, headers=GZIP).headers


def test_events_are_never_held_back(parts: Parts, app: FastAPI) -> None:
    answer = ask_while(app, "/api/v1/events", GZIP, parts.stopping.set)
    assert "content-encoding" not in answer.headers
    assert answer.body.startswith(b"retry: ")


def test_the_boards_document_is_compressed_once_and_has_a_tag_of_its_own(parts: Parts, app: FastAPI) -> None:
    plain, packed = ask(app, "GET", "/api/v1/board"), ask(app, "GET", "/api/v1/board", headers=GZIP)
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] == f'{plain.headers["etag"][:-1]}-gzip"'
    for answer, more in ((plain, {}), (packed, GZIP)):
        again = ask(app, "GET", "/api/v1/board", headers={"If-None-Match": answer.headers["etag"], **more})
        assert (again.status, again.body, again.headers["vary"]) == (304, b"", "Accept-Encoding")
    assert ask(app, "GET", "/api/v1/board", headers={"If-None-Match": packed.headers["etag"]}).status == 200
    parts.board.renew([settled("service-0001", "dev", "9.9.9", timedelta())], parts.board.look())
    newer = ask(app, "GET", "/api/v1/board", headers={**GZIP, "If-None-Match": packed.headers["etag"]})
    assert b"9.9.9" in gzip.decompress(newer.body)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50))
def test_a_mask_comes_off_again(secret: str) -> None:
    assert unmasked(masked(secret)) == secret.encode()


@given(st.text(max_size=60))
def test_what_masks_nothing_unmasks_to_no_secret(text: str) -> None:
    assert isinstance(unmasked(text), bytes)


def test_each_page_has_another_proof_and_every_one_of_them_proves(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    cookie, told = stand.signed_in()
    pages = [stand.get("/", cookie).body.decode() for _ in range(2)]
    proofs = {*(re.findall('name="csrf" value="([^"]+)"', page)[0] for page in pages), told}
    assert len(proofs) == 3
    secrets = {unmasked(proof) for proof in proofs}
    assert len(secrets) == 1
    for proof in (*proofs, secrets.pop().decode()):
        answer = stand.post("/api/v1/resync", headers={**cookie, "X-CSRF-Token": proof})
        assert answer.status == (202 if proof in proofs else 403), "the secret itself stands in no page"
