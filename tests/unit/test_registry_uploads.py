"""Writing a blob: where it goes, how it is mounted, how much of it is sent."""

from __future__ import annotations

import time

import pytest

from support.remote_registry import BLOB, ME, error_body, patient, remote_registry
from support.scripted_http import Received, Reply, ScriptedServer, by_line
from tidegate.errors.registry import DigestMismatch, RegistryFailed, RegistryRefused


@pytest.mark.parametrize("location", ["/up/1?_state=a%2Fb", "{url}/up/1?_state=a%2Fb", "../../../../up/1?_state=a%2Fb"])
def test_an_upload_goes_where_the_registry_says_with_its_query(location: str) -> None:
    with remote_registry(by_line({})) as (registry, server):
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
        f"PUT /up/1?digest={digest}": Reply(404, error_body("BLOB_UPLOAD_UNKNOWN")),
        "POST /v2/app/blobs/uploads/": Reply(202, fields={"Location": "/up/2"}),
        f"PUT /up/2?digest={digest}": Reply(201),
    }
    with remote_registry(by_line(lines)) as (registry, server):
        assert not registry.mount_blob("app", BLOB, "base")
        with pytest.raises(RegistryFailed):
            registry.write_blob("app", BLOB, iter([b"blob"]))
        registry.write_blob("app", BLOB, iter([b"blob"]))
        assert len(server.requests) == 4


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500])
def test_a_registry_that_can_not_mount_is_not_asked_again(status: int) -> None:
    line = f"POST /v2/app/blobs/uploads/?mount={BLOB.digest}&from=base"
    with remote_registry(by_line({line: Reply(status)})) as (registry, _):
        assert not registry.mount_blob("app", BLOB, "base")


def test_a_registry_that_is_busy_is_asked_for_the_mount_again() -> None:
    line, waits = f"POST /v2/app/blobs/uploads/?mount={BLOB.digest}&from=base", list[float]()
    answers = [Reply(503), Reply(201), *[Reply(503)] * 5]
    with remote_registry(lambda _: answers.pop(0), retry=patient(waits)) as (registry, server):
        assert registry.mount_blob("app", BLOB, "base")
        assert server.lines == [line] * 2
        assert not registry.mount_blob("app", BLOB, "base")  # to the end: it may be mounts that it can't do
        assert not answers


def test_an_upload_elsewhere_gets_no_credentials() -> None:
    with ScriptedServer(lambda _: Reply(201)) as store:

        def script(request: Received) -> Reply:
            if "Authorization" not in request.fields:
                return Reply(401, fields={"WWW-Authenticate": "Basic"})
            return Reply(202, fields={"Location": f"{store.url}/up?sig=1"})

        with remote_registry(script, lambda: ME) as (registry, _):
            registry.write_blob("app", BLOB, iter([b"blob"]))
        assert store.requests[0].line == f"PUT /up?sig=1&digest={BLOB.digest}"
        assert "Authorization" not in store.requests[0].fields


def test_what_a_redirect_leads_to_is_not_answered_with_credentials() -> None:
    """Neither in its Authorization nor at the token server that it names."""
    with ScriptedServer(lambda _: Reply(401, fields={"WWW-Authenticate": challenge})) as store:
        challenge = f'Bearer realm="{store.url}/token",service="store"'

        def script(request: Received) -> Reply:
            if "Authorization" not in request.fields:
                return Reply(401, fields={"WWW-Authenticate": "Basic"})
            return Reply(307, fields={"Location": f"{store.url}/layer?sig=1"})

        with remote_registry(script, lambda: ME) as (registry, _):
            with registry.read_blob("app", BLOB.digest) as pieces, pytest.raises(RegistryRefused) as caught:
                list(pieces)
            assert caught.value.where == f"GET {store.url}/layer"
        assert store.lines == ["GET /layer?sig=1"]
        assert "Authorization" not in store.requests[0].fields


def test_no_more_than_the_described_size_is_sent() -> None:
    with remote_registry(lambda _: Reply(202, fields={"Location": "/up"})) as (registry, server):
        with pytest.raises(DigestMismatch):
            registry.write_blob("app", BLOB, iter([b"bl", b"obs"]))
        deadline = time.monotonic() + 5
        while len(server.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.requests[1].body == b"bl"


def test_authorization_that_ends_in_mid_upload_may_be_tried_again() -> None:
    def script(request: Received) -> Reply:
        if request.method == "POST":
            return Reply(202, fields={"Location": "/up"})
        return Reply(401, fields={"WWW-Authenticate": "Basic"})

    with remote_registry(script, lambda: ME) as (registry, _), pytest.raises(RegistryFailed, match="mid-transfer"):
        registry.write_blob("app", BLOB, iter([b"blob"]))
