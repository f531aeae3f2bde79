"""Sign-in at an OpenID Connect provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from authlib.oauth2.auth import encode_client_secret_basic
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tidegate import __version__
from tidegate.config import grammar
from tidegate.config.settings import AccessSettings, OidcSettings
from tidegate.errors.server import ProviderUnreachable, SessionKeyMissing, SignInRefused
from tidegate.http import Client, Proxies, Request, Trust
from tidegate.ports import Clock
from tidegate.server.access.id_tokens import IdTokens, Wanted
from tidegate.server.access.turns import Turns

CALLBACK: Final = "/sign-in/end"
_MOST_BYTES: Final = 1024 * 1024
_MOST_AT_ONCE: Final = 8
"""People whose code it is asked about at once: each of them has a thread, and all other requests have but 40."""
_OK: Final = 200
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that has begun; the browser keeps it, sealed.

    Args:
        state: comes back with the person: it is this browser that began.
        nonce: comes back in the ID token: it was made for this sign-in.
        verifier: proves at the token endpoint that it was us who began (RFC 7636).
        there: where the person wanted to go.
    """

    state: str
    nonce: str
    verifier: str
    there: str

    @classmethod
    def begin(cls, there: str) -> Flow:
        """Return a new one."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), there)


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody is.

    Args:
        user: user name on the forge.
        groups: paths of groups.
    """

    user: str
    groups: frozenset[str]


class Provider:
    """An identity provider. Safe for many threads.

    Args:
        settings: what tidegate.yaml says.
        secret: ours at the provider.
        address: where people reach us.
        http: sends requests.
        clock: what time it is.
    """

    def __init__(self, settings: OidcSettings, secret: str, address: str, http: Client, clock: Clock) -> None:
        self._settings = settings
        self._secret = secret
        self._back = f"{address}{CALLBACK}"
        self._http = http
        self._clock = clock
        self._discovering = Turns(settings.issuer)
        self._asking = Turns(settings.issuer, _MOST_AT_ONCE, waits=False)
        self._told: Mapping[str, object] | None = None
        self._tokens = IdTokens(lambda: self._get(self._endpoint("jwks_uri")), Turns(settings.issuer))

    def address(self, flow: Flow) -> str:
        """Return where a person is sent."""
        address: str = prepare_grant_uri(
            self._endpoint("authorization_endpoint"),
            self._settings.client_id,
            "code",
            redirect_uri=self._back,
            scope=" ".join(self._settings.scopes),
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return address

    def person(self, flow: Flow, code: str) -> Person:
        """Return who came back with `code`.

        Raises:
            SignInRefused: the provider does not say, or its token is none for us, now, and this sign-in.
            ProviderUnreachable: it does not answer as it should, or has many others to answer first.
        """
        with self._asking.taken():
            return self._read(self._claims(flow, code))

    def _claims(self, flow: Flow, code: str) -> Mapping[str, object]:
        answer = self._exchange(code, flow.verifier)
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str) or not isinstance(access_token, str):
            raise ProviderUnreachable(
                "the provider has sent no ID token", where=self._settings.issuer, hint="ask it for the scope openid"
            )
        wanted = Wanted(self._settings.issuer, self._settings.client_id, flow.nonce, access_token)
        claims = self._tokens.claims(token, wanted, self._clock.now().timestamp())
        named = (self._settings.user_claim, self._settings.groups_claim)
        if not all(name in claims for name in named) and "userinfo_endpoint" in self._discovered():
            claims = {**self._user_info(access_token, claims["sub"]), **claims}
        return claims

    def _read(self, claims: Mapping[str, object]) -> Person:
        user, groups = claims.get(self._settings.user_claim), claims.get(self._settings.groups_claim)
        if not isinstance(user, str) or grammar.user(user) is not None:
            raise SignInRefused(
                f"the provider does not tell a user name in {self._settings.user_claim!r}",
                where="server.oidc.user_claim",
                hint="name the claim that has the user name on the forge, and ask for its scope",
            )
        found = groups if isinstance(groups, list) else []
        return Person(user, frozenset(each for each in found if isinstance(each, str)))

    def _user_info(self, access_token: str, subject: object) -> Mapping[str, object]:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        told = self._get(self._endpoint("userinfo_endpoint"), headers)
        if told.get("sub") != subject:  # OpenID Connect Core, section 5.3.2
            raise SignInRefused("the provider tells of another person", where=self._settings.issuer)
        return told

    def _exchange(self, code: str, verifier: str) -> Mapping[str, object]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
        }
        headers: Mapping[str, str] = _FORM
        methods = self._discovered().get("token_endpoint_auth_methods_supported")
        if isinstance(methods, list) and "client_secret_basic" not in methods:
            fields |= {"client_id": self._settings.client_id, "client_secret": self._secret}
        else:
            _, headers, _ = encode_client_secret_basic(
                _Ours(self._settings.client_id, self._secret), "", "", {**_FORM}, ""
            )
        request = Request("POST", self._endpoint("token_endpoint"), headers, urlencode(fields).encode())
        status, answer = self._ask(request)
        if status != _OK:
            raise SignInRefused(
                f"the provider does not take the code: {str(answer.get('error', status))[:80]}",
                where=self._settings.issuer,
                hint="sign in again; if it stays so, compare client id and secret with the provider's",
            )
        return answer

    def _endpoint(self, name: str) -> str:
        address = self._discovered().get(name)
        is_safe = isinstance(address, str) and (
            address.startswith("https://") or not self._settings.issuer.startswith("https://")
        )
        if not isinstance(address, str) or not is_safe:
            raise ProviderUnreachable(
                f"the provider tells no {name}, or one without TLS",
                where=self._settings.issuer,
                hint="look at its /.well-known/openid-configuration",
            )
        return address

    def _discovered(self) -> Mapping[str, object]:
        told = self._told
        if told is None:
            with self._discovering.taken():
                told = self._told = self._told or self._discover()
        return told

    def _discover(self) -> Mapping[str, object]:
        told = self._get(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self._settings.issuer:  # OpenID Connect Discovery, section 4.3
            raise ProviderUnreachable(
                f"the provider calls itself {str(told.get('issuer'))[:200]!r}",
                where="server.oidc.issuer",
                hint="write it as the provider does",
            )
        return told

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> Mapping[str, object]:
        status, answer = self._ask(Request("GET", address, headers or {"Accept": "application/json"}))
        if status != _OK:
            raise ProviderUnreachable(f"the provider answers with {status}", where=address)
        return answer

    def _ask(self, request: Request) -> tuple[int, Mapping[str, object]]:
        with self._http.send(request) as response:
            data = response.read(_MOST_BYTES)
            try:
                answer: object = json.loads(data)
            except (ValueError, RecursionError):
                answer = None
            if not isinstance(answer, dict):
                raise ProviderUnreachable(
                    f"the provider's answer is no JSON object (status {response.status})", where=str(request)
                )
            return response.status, answer


@dataclass(frozen=True, slots=True)
class _Ours:
    client_id: str
    client_secret: str


@contextmanager
def open_provider(settings: AccessSettings, environ: Mapping[str, str], clock: Clock) -> Iterator[Provider | None]:
    """Give the identity provider, or None where there is none; at the end, connections are closed.

    Raises:
        SessionKeyMissing: the variable that is to hold our secret is empty.
    """
    if settings.oidc is None:
        yield None
        return
    variable = settings.oidc.client_secret
    if not environ.get(variable):
        raise SessionKeyMissing("the variable is not set", where=variable, hint="set it to the application's secret")
    authorities = environ.get("SSL_CERT_FILE")
    trust = Trust(Path(authorities) if authorities else None)
    with Client(f"tidegate/{__version__}", trust=trust, proxies=Proxies.of(environ)) as http:
        yield Provider(settings.oidc, environ[variable], settings.url or "", http, clock)
