"""Visitor: who makes a request, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tidegate.errors.server import Forbidden, SignInNeeded
from tidegate.model.role import Grant, Scope
from tidegate.server.access.permissions import NEEDED, Permission


class Proof(Enum):
    """How a visitor says who they are."""

    NOTHING = "nothing"
    SESSION = "session"
    """A cookie from signing in at the identity provider."""
    LOCAL = "local"
    """A cookie from a one-time link."""
    TOKEN = "token"  # noqa: S105 - the word, no secret


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who makes a request.

    Args:
        user: user name on the forge; "" for somebody who has not signed in.
        proof: how they say so.
        scopes: what they may do.
        csrf: what pages send along with every change, masked, of a session; None otherwise.
    """

    user: str
    proof: Proof
    scopes: tuple[Scope, ...] = ()
    csrf: str | None = field(default=None, repr=False)

    def may(self, permission: Permission, environment: str | None = None) -> bool:
        """Return whether they may do that in `environment`; None: everywhere."""
        needed = NEEDED[permission]
        return any(scope.allows(needed, environment) for scope in self.scopes)

    def refusal(self, permission: Permission, environment: str | None = None) -> str | None:
        """Return why they may not do that, in one sentence, or None when they may."""
        if self.may(permission, environment):
            return None
        where = f" to {environment}" if environment else ""
        role = NEEDED[permission].value
        if self.proof is Proof.NOTHING:
            return "sign in first"
        return f"{self.user} may not {permission.value}{where}: it takes the role {role}"

    def require(self, permission: Permission, environment: str | None = None) -> None:
        """Return when they may do that.

        Raises:
            SignInNeeded: they may not, and have not said who they are.
            Forbidden: they may not.
        """
        refusal = self.refusal(permission, environment)
        if refusal is None:
            return
        if self.proof is Proof.NOTHING:
            raise SignInNeeded(
                "nobody is signed in", hint="sign in, or send an API token as `Authorization: Bearer TOKEN`"
            )
        raise Forbidden(refusal, hint="ask for the role below server.roles in tidegate.yaml, or for another token")


NOBODY: Final = Visitor("", Proof.NOTHING)


def scopes_of(grants: tuple[Grant, ...], user: str, groups: frozenset[str]) -> tuple[Scope, ...]:
    """Return what a person may do, who is in `groups`."""
    return tuple(grant.scope for grant in grants if grant.holds_for(user, groups))
