"""Access to a server in this process, and tokens for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tidegate.config import Configuration
from tidegate.config.token_file import TokenEntry
from tidegate.model.role import Role, Scope
from tidegate.ports import Clock
from tidegate.server.access.gate import Access, access_of
from tidegate.server.access.secrets import digest_of, new_token
from tidegate.testing.clock import FakeClock


def access_for(
    configuration: Configuration,
    links: list[str] | None = None,
    *,
    clock: Clock | None = None,
    host: str = "127.0.0.1",
    environ: Mapping[str, str] | None = None,
) -> Access:
    """Return how requests are told apart; one-time links are added to `links`. A link signs dana in."""
    shown: list[str] = [] if links is None else links
    return access_of(configuration, environ or {}, clock or FakeClock(), host=host, user="dana", show=shown.append)


def write_token(
    file: Path,
    role: Role,
    *environments: str,
    user: str = "robot",
    until: datetime | None = None,
) -> dict[str, str]:
    """Add a token to a file, and return the field that a program sends it in."""
    token = new_token()
    expires = until or datetime.now(UTC) + timedelta(days=10_000)
    name = f"t{len(token)}-{digest_of(token)[-8:]}"
    entry = TokenEntry(name, user, Scope(role, frozenset(environments) or None), expires, digest_of(token))
    with file.open("a") as stream:
        stream.write(entry.text())
    return {"Authorization": f"Bearer {token}"}
