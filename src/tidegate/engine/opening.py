"""Opening repositories: several at the same time, as each is fetched first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import copy_context
from threading import Thread

from tidegate.engine.world import World
from tidegate.errors import TidegateError


def open_repos(world: World, projects: Iterable[str]) -> Mapping[str, TidegateError]:
    """Open the repositories of projects, so that they are there when they are asked for.

    Args:
        world: whose repositories.
        projects: paths on the forge; the same one twice is one.

    Returns:
        Project → why it can't be opened, for those that can't.
    """
    faults: dict[str, TidegateError] = {}

    def open_one(project: str) -> None:
        try:
            world.repos.repo(project)
        except TidegateError as fault:
            faults[project] = fault

    first, *others = dict.fromkeys(projects) or [""]
    threads = [Thread(target=copy_context().run, args=(open_one, each), daemon=True) for each in others]
    for thread in threads:
        thread.start()
    if first:
        open_one(first)
    for thread in threads:
        thread.join()
    return faults
