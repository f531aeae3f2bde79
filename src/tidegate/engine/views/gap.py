"""How far an environment is behind the one before: read from the source's history in git."""

from __future__ import annotations

from tidegate.engine.declared import branch_head, past_releases, read_declared
from tidegate.engine.views.board import Gap
from tidegate.engine.views.explanation import Explanation
from tidegate.engine.world import World


def read_gap(world: World, explanation: Explanation) -> Gap | None:
    """Return how many releases of the source the target has not had, and since when.

    None when it has the newest, when it has nothing, or when the source never had what it has.
    """
    source, target = explanation.source, explanation.target
    if source.version is None or target.version is None or source.version == target.version:
        return None
    repo = world.repo(source.environment)
    declared = read_declared(repo, branch_head(repo, source.environment), source.environment, source.service)
    if declared is None:
        return None
    missed = set()
    since = None
    for past in past_releases(repo, declared):
        candidate = source.environment.tag.read(past.declared.image.tag or "")
        if candidate is None:
            continue
        if candidate.version == target.version:
            return Gap(len(missed), since) if since is not None else None
        missed.add(candidate.version)
        since = past.since
    return None
