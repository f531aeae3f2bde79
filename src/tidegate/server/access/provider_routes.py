"""Signing in at the identity provider: there, and back."""

from __future__ import annotations

import hmac
from dataclasses import asdict, dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from tidegate.errors import TidegateError
from tidegate.errors.server import SignInRefused
from tidegate.server.access.doorkeeper import SIGN_IN
from tidegate.server.access.gate import Access
from tidegate.server.access.provider import CALLBACK, Flow
from tidegate.server.access.sign_in_routes import HOME, SEE_OTHER, address_of, safe_path, sign_in_page
from tidegate.server.access.visitor import Proof


def provider_routes(access: Access) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    @router.get(f"{SIGN_IN}/begin")
    def begin(request: Request, next: str = HOME) -> Response:  # noqa: A002 - the query's word
        """Send a person to the identity provider."""
        try:
            return _begin(access, safe_path(next))
        except TidegateError as error:
            return sign_in_page(request, access, HOME, error)

    @router.get(CALLBACK)
    def end(request: Request, state: str = "", code: str = "", error: str = "", iss: str = "") -> Response:
        """Sign a person in who comes back from the identity provider."""
        try:
            return _end(access, request, _Back(state, code, error, iss))
        except TidegateError as refused:
            try:
                access.attempts.count(address_of(request))
            except TidegateError as too_many:
                return sign_in_page(request, access, HOME, too_many)
            return sign_in_page(request, access, HOME, refused)

    return router


@dataclass(frozen=True, slots=True)
class _Back:
    """What a person comes back with (RFC 6749, section 4.1.2; RFC 9207)."""

    state: str
    code: str
    error: str
    iss: str


def _begin(access: Access, there: str) -> Response:
    if access.provider is None:
        raise SignInRefused("no identity provider is configured", hint="see server.oidc in tidegate.yaml")
    flow = Flow.begin(there)
    sealed = access.seal.close({"kind": "sign-in", **asdict(flow)}, access.clock.now().timestamp())
    return RedirectResponse(access.provider.address(flow), SEE_OTHER, {"Set-Cookie": access.flow.written(sealed)})


def _end(access: Access, request: Request, back: _Back) -> Response:
    flow = _flow(access, request.headers.get("cookie", ""))
    if access.provider is None or access.settings.oidc is None or flow is None:
        raise SignInRefused("no sign-in has begun in this browser, or long ago", hint="sign in again")
    if not hmac.compare_digest(flow.state.encode(), back.state.encode()):
        raise SignInRefused("the answer belongs to another sign-in", hint="sign in again")
    if back.error or not back.code or back.iss not in {"", access.settings.oidc.issuer}:
        raise SignInRefused(f"the provider has refused: {back.error[:80] or 'no code'}", hint="sign in again")
    access.attempts.check(address_of(request))  # whose attempts fail does not have the provider asked again and again
    person = access.provider.person(flow, back.code)
    answer = RedirectResponse(safe_path(flow.there), SEE_OTHER)
    answer.headers.append("Set-Cookie", access.begin(person.user, person.groups, Proof.SESSION))
    answer.headers.append("Set-Cookie", access.flow.written(""))
    return answer


def _flow(access: Access, cookies: str) -> Flow | None:
    text = access.flow.read(cookies)
    match text and access.seal.open(text, access.flow.length, access.clock.now().timestamp()):
        case {"kind": "sign-in", "state": str(state), "nonce": str(nonce), "verifier": str(proof), "there": str(there)}:
            return Flow(state, nonce, proof, there)
        case _:
            return None
