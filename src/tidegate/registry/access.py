"""How we stand with a registry: which credentials are used, and whether it accepts them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from pathlib import Path

from tidegate.errors import AuthenticationError, TidegateError
from tidegate.http import Origin, Request
from tidegate.model.registry_account import RegistryAccount
from tidegate.registry.answers import failure, unreachable
from tidegate.registry.auth.credentials import Credentials
from tidegate.registry.endpoint import locate
from tidegate.registry.reach import Reach


class Standing(Enum):
    """What a registry says to us."""

    NOT_ASKED = "not asked"
    """Nobody asked it."""
    ACCEPTED = "accepted"
    OPEN = "open to anybody"
    """It wants no credentials, at least not for being asked."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """It can't be asked, or gave no sensible answer."""


@dataclass(frozen=True, slots=True)
class Access:
    """How we stand with one registry account. Holds no secret.

    Args:
        account: the account.
        at: URL of its registry, or the folder of its image layouts.
        is_folder: it is a folder: there is nothing to log in to.
        source: where credentials were found; None when there are none.
        username: the user name; None without credentials, "" with an identity token.
        is_readable: whether credentials could be looked for; where not, nobody is asked.
        standing: what the registry says.
        fault: why credentials can't be read, or why the registry does not accept them.
    """

    account: RegistryAccount
    at: str
    is_folder: bool = False
    source: str | None = None
    username: str | None = None
    is_readable: bool = True
    standing: Standing = Standing.NOT_ASKED
    fault: TidegateError | None = None


def access(account: RegistryAccount, reach: Reach, *, check: bool) -> Access:
    """Return how we stand with `account`.

    Args:
        account: the account.
        reach: connections and credentials.
        check: ask the registry, by a GET of `/v2/`; what follows from it is known at once then.
    """
    place = locate(account)
    if isinstance(place, Path):
        return Access(account, str(place), is_folder=True)
    found = Access(account, place)
    try:
        credentials = reach.credentials(account, place)
    except TidegateError as error:
        return replace(found, is_readable=False, fault=error)
    if credentials is not None:
        found = replace(found, source=credentials.source, username=credentials.username)
    if not check:
        return found
    try:
        return replace(found, standing=_ask(account, reach, place, credentials))
    except TidegateError as error:
        refused = Standing.REFUSED if isinstance(error, AuthenticationError) else Standing.UNKNOWN
        return replace(found, standing=refused, fault=error)


def _ask(account: RegistryAccount, reach: Reach, base: str, credentials: Credentials | None) -> Standing:
    """Ask `/v2/`, as `docker login` does (OCI distribution-spec, "Determining Support")."""
    client, authorizer = reach.client(account), reach.authorizer(account, base, lambda: credentials)
    request = Request("GET", f"{base}/v2/")
    with unreachable(), client.send(request) as response:
        if response.status == HTTPStatus.OK:
            return Standing.OPEN
        elsewhere = Origin.of(response.request.url) != Origin.of(base)  # nobody's credentials are for a redirect's end
        if elsewhere or response.status != HTTPStatus.UNAUTHORIZED:
            raise failure(response)
        wanted = response.headers("WWW-Authenticate")
    with unreachable():
        sent = authorizer.answer(wanted, (), None)
        with client.send(replace(request, headers={"Authorization": sent.value})) as response:
            if response.status == HTTPStatus.UNAUTHORIZED:
                raise authorizer.refused(())
            if response.status != HTTPStatus.OK:
                raise failure(response)
    return Standing.ACCEPTED if credentials else Standing.OPEN
