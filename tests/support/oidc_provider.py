"""An OpenID Connect provider on loopback, with people who have signed in there already."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tidegate.testing.loopback import LoopbackHandler, LoopbackServer

CLIENT, SECRET = "tidegate", "cl1ent s3cret/+"


@dataclass
class FakeProvider:
    """What it knows, and what it does wrong.

    Args:
        now: what its clock says, in seconds since 1970.
        person: claims of whoever is signed in there.
        in_token: those of them that stand in the ID token; the others are told at the userinfo endpoint.
        other_keys: what stands among its keys besides.
        wrong: claims that it writes otherwise into ID tokens; None: left out.
    """

    now: float
    person: dict[str, Any]
    in_token: tuple[str, ...] = ("sub",)
    wrong: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": secrets.token_hex(4)}))
    other_keys: tuple[object, ...] = ()
    signs_with: RSAKey | None = None
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, Any]:
        names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
        return {"issuer": self.url, **{name: f"{self.url}/{name}" for name in names}}

    def authorize(self, query: Mapping[str, str]) -> str:
        """Return where the browser is sent: back, with a code."""
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.asked[code] = dict(query)
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: Mapping[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Return the answer to a code."""
        asked = self.asked.pop(form["code"], None)
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if asked is None or challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if given != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        claims = {
            "iss": self.url,
            "aud": asked["client_id"],
            "nonce": asked["nonce"],
            "iat": int(self.now),
            "exp": int(self.now) + 120,
            **{name: self.person[name] for name in self.in_token},
            **self.wrong,
        }
        header = {"alg": self.algorithm, "kid": self.key.kid}
        written = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(header, written, self.signs_with or self.key, algorithms=[self.algorithm])
        return 200, {"access_token": "acc3ss", "token_type": "Bearer", "id_token": token}

    def keys(self) -> dict[str, Any]:
        """Return what others know its signatures by."""
        return {"keys": [*self.other_keys, self.key.as_dict(private=False)]}

    @contextmanager
    def serving(self) -> Iterator[FakeProvider]:
        """Answer requests until the end."""
        with LoopbackServer(_Handler, given={"provider": self}) as server:
            self.url = server.url
            yield self


class _Handler(LoopbackHandler):
    provider: ClassVar[FakeProvider]

    def respond(self) -> None:
        path, _, query = self.path.partition("?")
        provider = self.provider
        if self.command == "POST":
            self._answer(*provider.token(_fields(self.body().decode()), self.headers.get("Authorization", "")))
        elif path == "/authorization_endpoint":
            self.send(302, {"Location": provider.authorize(_fields(query))})
        elif path == "/userinfo_endpoint":
            assert self.headers["Authorization"] == "Bearer acc3ss"
            self._answer(200, {**provider.person, **provider.info})
        elif path == "/jwks_uri":
            self._answer(200, provider.keys())
        else:
            self._answer(200, provider.discovery())

    def _answer(self, status: int, document: object) -> None:
        self.send(status, {"Content-Type": "application/json"}, json.dumps(document).encode())


def _fields(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}


def query_of(address: str) -> dict[str, str]:
    """Return the query of an address."""
    return _fields(urlsplit(address).query)
