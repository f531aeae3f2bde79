"""A registry that wants a Bearer token with the access that each request needs, and its token server.

Follows distribution's `spec/auth/token.md` and `registry/handlers/app.go` (which request needs what).
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlsplit

from support.remote_registry import error_body
from support.scripted_http import Received, Reply, Script

_REPOSITORY: Final = re.compile(r"/v2/(.+)/(?:manifests|blobs|tags|referrers)/")

Access = dict[str, frozenset[str]]
"""Repository → what may be done there: `pull`, `push`, `delete`."""


def everything(repository: str) -> frozenset[str]:
    """Return what the owner of each repository may do."""
    del repository
    return frozenset({"pull", "push", "delete"})


class GuardedRegistry:
    """Stands before the registry that `behind` is; give it to a `ScriptedServer`. `asked` lists the scopes of tokens.

    Set `url` to the server's before the first request.

    Args:
        behind: answers what is allowed.
        may: what whoever asks may do in a repository.
        refusal: what the token server answers when more is asked for than is allowed; None: a token for less, as the
            specification has it.
        nothing: it gives a token for nothing at all then.
    """

    def __init__(
        self,
        behind: Script,
        may: Callable[[str], frozenset[str]] = everything,
        *,
        refusal: int | None = None,
        nothing: bool = False,
    ) -> None:
        self.url = ""
        self.asked: list[str] = []
        self._behind = behind
        self._may = may
        self._refusal = refusal
        self._nothing = nothing
        self._lock = threading.Lock()
        self._tokens: dict[str, Access] = {}

    def __call__(self, request: Received) -> Reply | None:
        """Answer `request`."""
        if request.path.startswith("/token"):
            return self._token(parse_qs(urlsplit(request.path).query)["scope"])
        needed = _needed(request)
        granted = self._tokens.get(request.fields.get("Authorization", "").removeprefix("Bearer "))
        if granted is not None and all(actions <= granted.get(name, frozenset()) for name, actions in needed.items()):
            return self._behind(request)
        error = "" if granted is None else ',error="insufficient_scope"'
        challenge = f'Bearer realm="{self.url}/token",service="test",scope="{_shown(needed)}"{error}'
        return Reply(401, error_body("UNAUTHORIZED"), {"WWW-Authenticate": challenge})

    def revoke(self) -> None:
        """Forget all tokens."""
        with self._lock:
            self._tokens.clear()

    def _token(self, scopes: list[str]) -> Reply:
        wanted: Access = {}
        for scope in scopes:
            _, repository, actions = scope.split(":")
            wanted[repository] = frozenset(actions.split(","))
        granted = {repository: actions & self._may(repository) for repository, actions in wanted.items()}
        with self._lock:
            self.asked.append(" ".join(scopes))
            if granted != wanted and self._refusal is not None:
                return Reply(self._refusal, error_body("DENIED", "requested access to the resource is denied"))
            token = f"t{len(self.asked)}"
            self._tokens[token] = {} if granted != wanted and self._nothing else granted
        return Reply(200, json.dumps({"token": token, "expires_in": 300}).encode())


def _needed(request: Received) -> Access:
    found = _REPOSITORY.match(request.path)
    assert found, request.line
    if request.method in {"GET", "HEAD"}:
        return {found[1]: frozenset({"pull"})}
    needed = {found[1]: frozenset({"delete"} if request.method == "DELETE" else {"pull", "push"})}
    for source in parse_qs(urlsplit(request.path).query).get("from", []):
        needed.setdefault(source, frozenset({"pull"}))
    return needed


def _shown(access: Access) -> str:
    return " ".join(f"repository:{name}:{','.join(sorted(actions))}" for name, actions in access.items())
