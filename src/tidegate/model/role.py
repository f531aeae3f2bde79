"""Roles: what a person may do to a server, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Role(Enum):
    """Each includes those before it."""

    VIEWER = "viewer"
    """Sees the board and all that explains it."""
    PROMOTER = "promoter"
    """Opens merge requests, and approves them where the forge is a local one."""
    DELIVERER = "deliverer"
    """Has what is approved delivered at once."""
    ADMIN = "admin"
    """Has everything looked at anew."""

    def includes(self, other: Role) -> bool:
        """Return whether whoever has this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Scope:
    """A role and where it holds.

    Args:
        role: which.
        environments: names; None: everywhere.
    """

    role: Role
    environments: frozenset[str] | None = None

    def allows(self, needed: Role, environment: str | None) -> bool:
        """Return whether it gives `needed` in `environment`; None: in every environment.

        Viewing is of the whole board, whose cells speak of their neighbours: a role anywhere allows it.
        """
        if needed is Role.VIEWER:
            return True
        return self.role.includes(needed) and (self.environments is None or environment in self.environments)


@dataclass(frozen=True, slots=True)
class Grant:
    """Who has a role, as tidegate.yaml says.

    Args:
        scope: the role and where it holds.
        users: user names on the forge.
        groups: paths of groups.
    """

    scope: Scope
    users: frozenset[str]
    groups: frozenset[str]

    def holds_for(self, user: str, groups: frozenset[str]) -> bool:
        """Return whether a person has it."""
        return user in self.users or bool(groups & self.groups)
