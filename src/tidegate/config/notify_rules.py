"""What the keys below `server.notify` must say; rules as in `rules`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final

from tidegate.config.durations import duration
from tidegate.config.explain import suggest
from tidegate.config.tree import Block, Path, dotted, key_place
from tidegate.errors.config import Finding, InvalidDuration

SHORTEST_EVERY: Final = timedelta(seconds=1)


def one_address_each(tree: Block) -> Iterator[Finding]:
    """A target's address is in a variable or in a file."""
    for name, target in _targets(tree):
        path: Path = ("server", "notify", name)
        where = [key for key in ("url_env", "url_file") if key in target.entries]
        if not where:
            what = "nothing says where its address is"
            yield Finding(key_place(tree, path), dotted(path), what, f"e.g. url_env: {_variable(name)}")
        elif len(where) > 1:
            path = (*path, where[1])
            yield Finding(key_place(tree, path), dotted(path), "its address is in a variable already", "delete one")


def _variable(name: str) -> str:
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.upper())
    return f"{letters}_NOTIFY_URL"


def targets_hear_of_what_is_there(tree: Block) -> Iterator[Finding]:
    """Nothing is promoted to an environment that is not there, or to the first."""
    environments = tree.block("environments")
    known = tuple(environments.entries) if environments else ()
    promoted = tuple(name for name, one in tree.blocks("environments") if "from" in one.entries)
    for name, target in _targets(tree):
        for index, each in enumerate(target.texts("environments")):
            path = dotted(("server", "notify", name, "environments", index))
            if each.value not in known:
                what = f"there is no environment {each.value!r}"
                yield Finding(each.place, path, what, suggest(each.value, promoted))
            elif each.value not in promoted:
                what = f"nothing is promoted to {each.value}, the first environment: there is nothing to tell of it"
                yield Finding(each.place, path, what, f"environments that are promoted to: {', '.join(promoted)}")


def targets_hear_of_services_that_are_there(tree: Block) -> Iterator[Finding]:
    """Where the services are named, a pattern that fits none is a slip."""
    services = tree.block("services")
    known = tuple(services.entries) if services else ()
    for name, target in _targets(tree):
        for index, each in enumerate(target.texts("services") if known else ()):
            if not any(fnmatchcase(service, each.value) for service in known):
                what = f"there is no service {each.value!r}"
                path = dotted(("server", "notify", name, "services", index))
                yield Finding(each.place, path, what, suggest(each.value, known))


def targets_have_pauses(tree: Block) -> Iterator[Finding]:
    """A pause of nothing between two messages is no pause."""
    for name, target in _targets(tree):
        every = target.text("every")
        try:
            length = duration(every.value) if every else SHORTEST_EVERY
        except InvalidDuration:
            continue  # the schema has reported it
        if every is not None and length < SHORTEST_EVERY:
            what = "each notice would be a message of its own"
            yield Finding(every.place, dotted(("server", "notify", name, "every")), what, "e.g. every: 1m")


def _targets(tree: Block) -> Iterator[tuple[str, Block]]:
    server = tree.block("server")
    yield from server.blocks("notify") if server else ()


NOTIFY_RULES: Final[tuple[Callable[[Block], Iterator[Finding]], ...]] = (
    one_address_each,
    targets_hear_of_what_is_there,
    targets_hear_of_services_that_are_there,
    targets_have_pauses,
)
