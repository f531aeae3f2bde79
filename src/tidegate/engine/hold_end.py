"""When a hold is over."""

from __future__ import annotations

from tidegate.engine.declared import branch_head, read_declared
from tidegate.engine.lanes import Lane
from tidegate.engine.world import World
from tidegate.flux.holds import Hold
from tidegate.model import Environment, Service, Version


def why_over(world: World, lane: Lane, hold: Hold) -> str | None:
    """Return why `hold` is over, as a clause; None while it goes on. A day ends at midnight UTC."""
    if hold.until is not None and world.clock.now().date() > hold.until:
        return f"its last day was {hold.until}"
    if hold.until_promoted:
        for target in following(world, lane.environment):
            version = _version_in(world, target, lane.service)
            if version is not None and version >= Version.parse(hold.version):
                return f"{target.name} has {version}"
    return None


def following(world: World, environment: Environment) -> tuple[Environment, ...]:
    """Return the environments whose releases come from `environment`."""
    return tuple(each for each in world.pipeline.environments if each.source == environment.name)


def _version_in(world: World, environment: Environment, service: Service) -> Version | None:
    repo = world.repo(environment)
    declared = read_declared(repo, branch_head(repo, environment), environment, service)
    candidate = environment.tag.read(declared.image.tag or "") if declared else None
    return candidate.version if candidate else None
