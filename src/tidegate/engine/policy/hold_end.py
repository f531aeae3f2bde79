"""When a hold is over."""

from __future__ import annotations

from datetime import datetime

from tidegate.engine.declared import branch_head, past_releases, read_declared
from tidegate.engine.policy.lanes import Lane
from tidegate.engine.world import World
from tidegate.flux.holds import Hold
from tidegate.model import Environment, Service, Version


def why_over(world: World, lane: Lane, hold: Hold) -> str | None:
    """Return why `hold` is over, as a clause; None while it goes on.

    A day ends at midnight UTC. A promotion ends it when a next environment has the version, or got a newer one since
    the hold began: what it had before may be the very release that was rolled back.
    """
    if hold.until is not None and world.clock.now().date() > hold.until:
        return f"its last day was {hold.until}"
    if hold.until_promoted:
        held = Version.parse(hold.version)
        for target in following(world, lane.environment):
            version, since = version_in(world, target, lane.service)
            if version is not None and (version == held or (version > held and since > hold.since)):
                return f"{target.name} has {version}"
    return None


def following(world: World, environment: Environment) -> tuple[Environment, ...]:
    """Return the environments whose releases come from `environment`."""
    return tuple(each for each in world.pipeline.environments if each.source == environment.name)


def version_in(world: World, environment: Environment, service: Service) -> tuple[Version | None, datetime]:
    """Return the version that an environment has, and since when; None when it has none that can be told."""
    repo = world.repo(environment)
    declared = read_declared(repo, branch_head(repo, environment), environment, service)
    candidate = environment.tag.read(declared.image.tag or "") if declared else None
    present = next(past_releases(repo, declared), None) if declared and candidate else None
    return candidate.version if candidate else None, present.since if present else world.clock.now()
