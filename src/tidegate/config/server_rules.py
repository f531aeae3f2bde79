"""What the keys below `server` must say; rules as in `rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

from tidegate.config.durations import duration
from tidegate.config.explain import suggest
from tidegate.config.notify_rules import NOTIFY_RULES
from tidegate.config.tree import Block, Row, dotted
from tidegate.errors.config import Finding, InvalidDuration

SHORTEST_RESYNC: Final = timedelta(seconds=1)


def resync_takes_time(tree: Block) -> Iterator[Finding]:
    """A pause of nothing between two resyncs is no pause."""
    server = tree.block("server")
    resync = server.text("resync") if server else None
    if resync is None:
        return
    try:
        length = duration(resync.value)
    except InvalidDuration:
        return  # the schema has reported it
    if length < SHORTEST_RESYNC:
        yield Finding(resync.place, "server.resync", "everything would be looked at without a pause", "e.g. resync: 5m")


def roles_hold_somewhere(tree: Block) -> Iterator[Finding]:
    """A role holds in environments that there are; a viewer sees the whole board."""
    server, environments = tree.block("server"), tree.block("environments")
    roles = server.entries.get("roles") if server else None
    known = tuple(environments.entries) if environments else ()
    for index, role in enumerate(roles.items if isinstance(roles, Row) else ()):
        if not isinstance(role, Block):
            continue
        named, word = role.texts("environments"), role.text("role")
        key = dotted(("server", "roles", index, "environments"))
        if named and word is not None and word.value == "viewer":
            yield Finding(named[0].place, key, "a viewer sees the whole board", "delete environments of this role")
        for each in named:
            if each.value not in known:
                yield Finding(each.place, key, f"there is no environment {each.value!r}", suggest(each.value, known))


def oidc_is_whole(tree: Block) -> Iterator[Finding]:
    """A provider sends people back to an address, with a session that outlives the process."""
    server = tree.block("server")
    oidc = server.block("oidc") if server else None
    if server is None or oidc is None:
        return
    for key, hint in (("url", "https://tidegate.example.com"), ("session_key_env", "TIDEGATE_SESSION_KEY")):
        if server.text(key) is None:
            yield Finding(oidc.place, "server.oidc", f"sign-in at a provider needs server.{key}", f"e.g. {key}: {hint}")


SERVER_RULES: Final[tuple[Callable[[Block], Iterator[Finding]], ...]] = (
    resync_takes_time,
    roles_hold_somewhere,
    oidc_is_whole,
    *NOTIFY_RULES,
)
