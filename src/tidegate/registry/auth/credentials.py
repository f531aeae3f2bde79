"""Who we are to a registry, and what is known when that is asked."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from tidegate.errors.registry import CredentialsUnreadable
from tidegate.model.registry_account import RegistryAccount


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to a registry.

    Args:
        username: user name; empty with an identity token.
        secret: password or identity token.
        source: where it was found, for people.
        is_identity_token: `secret` is exchanged for access tokens (OAuth2 refresh token).
        life: seconds from now for which they hold; None when nobody says so.
    """

    username: str
    secret: str = field(repr=False)
    source: str
    is_identity_token: bool = False
    life: float | None = None

    @property
    def basic(self) -> str:
        """Value of an Authorization field."""
        return f"Basic {base64.b64encode(f'{self.username}:{self.secret}'.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Question:
    """Whose credentials are looked for, and where.

    Args:
        account: the registry account.
        hosts: what the registry is called: its endpoint's host, the host in image references.
        environment: environment variables.
        home: the person's home folder.
        now: seconds since the epoch.
    """

    account: RegistryAccount
    hosts: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    home: Path
    now: Callable[[], float] = time.time


def variable(environment: Mapping[str, str], name: str, where: str) -> str:
    """Return the value of a variable that the configuration names.

    Raises:
        CredentialsUnreadable: it is not set, or empty.
    """
    value = environment.get(name)
    if not value:
        hint = f"set {name}; in GitLab, a protected variable is seen by protected branches only"
        raise CredentialsUnreadable(f"the variable {name} is not set", where=where, hint=hint)
    return value


def variable_prefix(account: str) -> str:
    """Return how the environment variables of registry account `account` begin."""
    return f"TIDEGATE_REGISTRY_{re.sub(r'[^A-Z0-9]', '_', account.upper())}"


def has_boto3() -> bool:
    """Return whether the extra `aws` is installed; it is not imported for that."""
    return find_spec("boto3") is not None
