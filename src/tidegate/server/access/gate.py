"""Access: everything that decides who makes a request."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tidegate.config import Configuration
from tidegate.config.settings import AccessSettings, LocalForge
from tidegate.errors.server import SessionKeyMissing, SignInNeeded
from tidegate.model.role import Role, Scope
from tidegate.ports import Clock
from tidegate.server.access.attempts import Attempts
from tidegate.server.access.cookies import Cookie
from tidegate.server.access.links import OneTimeLinks
from tidegate.server.access.provider import Provider
from tidegate.server.access.sessions import EndedSessions, Seal, Session, opened_session, sealed_session
from tidegate.server.access.tokens import Tokens
from tidegate.server.access.visitor import NOBODY, Proof, Visitor, scopes_of

_ANONYMOUS: Final = Visitor("", Proof.NOTHING, (Scope(Role.VIEWER),))
_EVERYTHING: Final = (Scope(Role.ADMIN),)
_BEARER: Final = "bearer "
FLOW_LENGTH: Final = timedelta(minutes=10)
"""How long a person may take to sign in at the identity provider."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who makes a request, and how people sign in. Safe for many threads; keeps nothing of anybody who signed in.

    Args:
        settings: what tidegate.yaml says.
        seal: closes cookies.
        cookie: the session's.
        flow: that of a sign-in at the provider that has begun.
        tokens: API tokens.
        attempts: how often an address may try.
        provider: where people sign in, or None.
        links: one-time links; None: there is no local sign-in.
        local_user: who a link signs in.
        local_groups: groups of a local forge and their members.
        clock: what time it is.
        ended: sessions that were signed out of.
    """

    settings: AccessSettings
    seal: Seal
    cookie: Cookie
    flow: Cookie
    tokens: Tokens
    attempts: Attempts
    provider: Provider | None
    links: OneTimeLinks | None
    local_user: str
    local_groups: Mapping[str, frozenset[str]]
    clock: Clock
    ended: EndedSessions

    def visitor(self, cookies: str, authorization: str, address: str) -> Visitor:
        """Return who makes a request.

        Args:
            cookies: the field `Cookie`, or "".
            authorization: the field `Authorization`, or "". Where it is, a cookie does not count.
            address: where the request comes from.

        Raises:
            SignInNeeded: the token is none of ours, or not any more.
            TooManyAttempts: this address has tried too many tokens.
        """
        if not authorization:
            return self._by_cookie(cookies)
        visitor = self._by_token(authorization)
        if visitor is None:
            self.attempts.count(address)
            raise SignInNeeded(
                "the token is unknown, was revoked or has expired", hint="make another with `tidegate token create`"
            )
        return visitor

    def still(self, cookies: str, authorization: str) -> Visitor:
        """Return who makes a request that began some time ago, as of now; nobody: they are not let in any more."""
        return (self._by_token(authorization) or NOBODY) if authorization else self._by_cookie(cookies)

    def begin(self, user: str, groups: frozenset[str], proof: Proof) -> str:
        """Return the field `Set-Cookie` that signs a person in.

        Groups that no role is given to are left out: a browser keeps 4,096 bytes.
        """
        named = frozenset[str]().union(*(grant.groups for grant in self.settings.grants))
        session = Session.begin(user, groups & named, proof)
        return self.cookie.written(sealed_session(self.seal, session, self._now()))

    def begin_local(self, user: str) -> str:
        """Return the field `Set-Cookie` that signs in a person of a local forge."""
        groups = frozenset(name for name, members in self.local_groups.items() if user in members)
        return self.begin(user, groups, Proof.LOCAL)

    def end(self, cookies: str) -> str:
        """End the session of a request; return the field `Set-Cookie` that has the browser forget it.

        This process takes no copy of its cookie any more. Others of the same server do not hear of it.
        """
        session = self._session(cookies)
        if session:
            self.ended.add(session, self._now() + self.settings.session.total_seconds(), self._now())
        return self.cookie.written("")

    def _now(self) -> float:
        return self.clock.now().timestamp()

    def _signed_in(self, session: Session) -> Visitor:
        scopes = scopes_of(self.settings.grants, session.user, session.groups)
        if session.proof is Proof.LOCAL and self.links is None:
            return NOBODY  # the session of a server that listened to this machine alone
        if session.proof is Proof.LOCAL and not self.settings.grants:
            scopes = _EVERYTHING  # whoever started the server has its credentials anyway
        return Visitor(session.user, session.proof, scopes, session.csrf)

    def _session(self, cookies: str) -> Session | None:
        text = self.cookie.read(cookies)
        session = opened_session(self.seal, text, self.settings.session, self._now()) if text else None
        return None if session is None or session in self.ended else session

    def _by_cookie(self, cookies: str) -> Visitor:
        session = self._session(cookies)
        if session is not None:
            return self._signed_in(session)
        return _ANONYMOUS if self.settings.anonymous else NOBODY

    def _by_token(self, authorization: str) -> Visitor | None:
        token = authorization[len(_BEARER) :] if authorization.lower().startswith(_BEARER) else None
        entry = token and self.tokens.entry(token.strip(), self.clock.now())
        return Visitor(entry.user, Proof.TOKEN, (entry.scope,)) if entry else None


def access_of(
    configuration: Configuration,
    environ: Mapping[str, str],
    clock: Clock,
    *,
    host: str,
    user: str,
    show: Callable[[str], None],
    provider: Provider | None = None,
) -> Access:
    """Return how requests are told apart.

    Args:
        configuration: what tidegate.yaml says.
        environ: environment variables, for the key of cookies.
        clock: what time it is.
        host: the address that is listened on.
        user: who a one-time link signs in.
        show: shows a one-time link to whoever started the process.
        provider: where people sign in, or None.

    Raises:
        SessionKeyMissing: a variable that is to hold a key holds none.
        TokenFileInvalid: the file with tokens can't be read.
    """
    settings, forge = configuration.server.access, configuration.forge
    secure = settings.url.startswith("https:") if settings.url else not is_loopback(host)
    # A proxy on this machine may hand on what comes from anywhere: where people come by a URL, links are not offered.
    is_local = is_loopback(host) and settings.oidc is None and settings.url is None
    if settings.oidc is not None and settings.session_key is None:
        raise SessionKeyMissing("sign-in at a provider needs a key", where="server.session_key_env")
    return Access(
        settings=settings,
        seal=Seal.of(settings.session_key, environ),
        cookie=Cookie("tidegate", secure, settings.session),
        flow=Cookie("tidegate-sign-in", secure, FLOW_LENGTH),
        tokens=Tokens(settings.tokens),
        attempts=Attempts(time.monotonic),
        provider=provider,
        links=OneTimeLinks(show) if is_local else None,
        local_user=user,
        local_groups=forge.groups if isinstance(forge, LocalForge) else {},
        clock=clock,
        ended=EndedSessions(),
    )


def is_loopback(host: str) -> bool:
    """Return whether nobody but this machine reaches `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
