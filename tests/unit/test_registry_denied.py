"""A 403 that may mean that a password has ended, as ECR's after twelve hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import pytest

from support.remote_registry import BLOB, FOUND, ROOT, patient, remote_registry
from support.scripted_http import Received, Reply, ScriptedServer
from tidegate.errors import TidegateError
from tidegate.errors.registry import RegistryDenied, RegistryFailed, RegistryUnauthorized
from tidegate.http import Client, Origin, Retry
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry

ENDED: Final = Reply(403, b"Your Authorization Token has expired.", {"Content-Type": "text/plain"})


@dataclass
class Ecr:
    """Gives passwords that end when `valid` becomes the next one; `now` is the time in seconds."""

    life: float | None = 12 * 3600
    now: float = 0
    given: int = 0
    valid: int = 1
    sent: list[str] = field(default_factory=list)

    def find(self) -> Credentials:
        self.given += 1
        return Credentials("AWS", f"p{self.given}", "AWS", life=self.life)

    def __call__(self, request: Received) -> Reply:
        sent = request.fields.get("Authorization")
        if sent is None:
            return Reply(401, fields={"WWW-Authenticate": 'Basic realm="ecr"'})
        if sent != Credentials("AWS", f"p{self.valid}", "").basic:
            return ENDED
        self.sent.append(request.method)
        answers = {"POST": Reply(202, fields={"Location": "/up"}), "PUT": Reply(201)}
        return answers.get(request.method) or Reply(200, fields=FOUND)


@pytest.fixture
def ecr() -> Ecr:
    return Ecr()


@pytest.fixture
def registry(ecr: Ecr) -> Iterator[RemoteRegistry]:
    with ScriptedServer(ecr) as server, Client("test/1") as client:
        origin = Origin.of(server.url)
        authorizer = Authorizer(origin, client, ecr.find, hint=lambda: "", monotonic=lambda: ecr.now)
        yield RemoteRegistry(Calls(server.url, client, authorizer, Retry(attempts=1)))


def test_a_password_that_ended_is_looked_up_anew(ecr: Ecr, registry: RemoteRegistry) -> None:
    assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    ecr.now, ecr.valid = 61, 2  # the machine slept: its clock did not go on
    for _ in range(2):
        assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    assert ecr.given == 2


def test_who_is_denied_asks_for_a_password_once_a_minute(ecr: Ecr, registry: RemoteRegistry) -> None:
    assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    ecr.valid = 99
    for ecr.now, given in ((59, 1), (61, 2), (62, 2), (120, 2), (122, 3)):
        with pytest.raises(RegistryDenied, match="403"):
            registry.resolve("app", "1.0.0")
        assert ecr.given == given


def test_a_password_of_which_nobody_says_when_it_ends_is_not_looked_up(ecr: Ecr, registry: RemoteRegistry) -> None:
    ecr.life = None
    assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    ecr.now, ecr.valid = 10**6, 2
    with pytest.raises(RegistryDenied):
        registry.resolve("app", "1.0.0")
    assert ecr.given == 1


def test_a_blob_whose_upload_was_refused_so_is_sent_again(ecr: Ecr, registry: RemoteRegistry) -> None:
    def pieces() -> Iterator[bytes]:
        ecr.now, ecr.valid = 61, 2
        yield b"blob"

    assert registry.resolve("app", "1.0.0") == ROOT.descriptor
    with pytest.raises(RegistryFailed, match="mid-transfer") as caught:
        registry.write_blob("app", BLOB, pieces())
    assert caught.value.retryable
    registry.write_blob("app", BLOB, iter((b"blob",)))
    assert ecr.sent[-2:] == ["POST", "PUT"]


@pytest.mark.parametrize(("status", "error"), [(403, RegistryDenied), (401, RegistryUnauthorized)])
def test_a_source_that_refuses_while_a_target_is_written_is_named(status: int, error: type[TidegateError]) -> None:
    refusal = Reply(status, fields={"WWW-Authenticate": "Basic"})

    def script(request: Received) -> Reply:
        return refusal if "Range" in request.fields else Reply(200, b"bl", {"Content-Length": "4"}, hang_up=True)

    upload = Reply(202, fields={"Location": "/up"})
    with (
        remote_registry(script, retry=patient([])) as (source, there),
        remote_registry(lambda _: upload) as (target, _),
    ):
        with source.read_blob("app", BLOB.digest) as pieces, pytest.raises(error) as caught:
            target.write_blob("app", BLOB, pieces)
        assert caught.value.where == f"GET {there.url}/v2/app/blobs/{BLOB.digest}"
