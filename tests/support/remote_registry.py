"""The HTTP adapter in front of a scripted registry, and what such scripts are made of."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from support.scripted_http import Received, Reply, Script, ScriptedServer
from tidegate.http import Client, Origin, Retry, Timeouts
from tidegate.model.digest import Digest
from tidegate.model.manifest import OCI_MANIFEST, Descriptor
from tidegate.registry.auth.authorization import Authorizer
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.remote.calls import Calls
from tidegate.registry.remote.registry import RemoteRegistry
from tidegate.testing.images import build_image

ROOT: Final = build_image("inventory").root
FOUND: Final = {
    "Docker-Content-Digest": str(ROOT.digest),
    "Content-Type": OCI_MANIFEST,
    "Content-Length": str(len(ROOT.data)),
}
"""The fields of an answer to a HEAD of ROOT."""
BLOB: Final = Descriptor("application/octet-stream", Digest.of(b"blob"), 4)
ME: Final = Credentials("me", "s3cret", "the test")
BASIC: Final = f"Basic {base64.b64encode(b'me:s3cret').decode()}"


@contextmanager
def remote_registry(
    script: Script, find: Callable[[], Credentials | None] = lambda: None, retry: Retry | None = None
) -> Iterator[tuple[RemoteRegistry, ScriptedServer]]:
    """Return a context whose value is the adapter in front of a server that answers as `script` says, and the server.

    Args:
        script: what the registry answers.
        find: gives the credentials.
        retry: how often to try; once by default.
    """
    with ScriptedServer(script) as server, Client("test/1", timeouts=Timeouts(5, 10)) as client:
        authorizer = Authorizer(Origin.of(server.url), client, find, hint=lambda: "docker login here")
        yield RemoteRegistry(Calls(server.url, client, authorizer, retry or Retry(attempts=1))), server


def patient(waits: list[float]) -> Retry:
    """Return what tries five times, and notes in `waits` how long it would wait."""
    return Retry(attempts=5, sleep=waits.append, jitter=lambda: 0.0)


def error_body(code: str, message: str = "as it is") -> bytes:
    """Return the body of an error as the specification has it."""
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


class TokenServer:
    """The script of a registry that wants a Bearer token, with its token server; tokens are numbered.

    Set `url` to the server's before the first request.

    Args:
        realm_status: what the token server answers with.
        life: seconds that it says a token lives.
    """

    def __init__(self, *, realm_status: int = 200, life: float = 300) -> None:
        self.url = ""
        self.tokens = 0
        self.accepted = True
        self.asked: list[Received] = []
        self._status = realm_status
        self._life = life

    def __call__(self, request: Received) -> Reply:
        """Answer `request`."""
        if request.path.startswith("/token"):
            self.asked.append(request)
            self.tokens += 1
            body = json.dumps({"access_token": f"t{self.tokens}", "expires_in": self._life}).encode()
            return Reply(self._status, body)
        if not self.accepted or request.fields.get("Authorization") != f"Bearer t{self.tokens}":
            challenge = f'Bearer realm="{self.url}/token?x=1",service="reg, istry",scope="ignored"'
            return Reply(401, error_body("UNAUTHORIZED"), {"WWW-Authenticate": ["Basic realm=x", challenge]})
        return Reply(200, fields=FOUND)
