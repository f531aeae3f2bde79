"""The timeline of a service: which version was where, and from when until when. Read from git's history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from statistics import median
from typing import Final

from tidegate.engine.declared import branch_head, past_releases, read_declared
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.model import Environment, Service

_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Stay:
    """A release in an environment.

    Args:
        environment: its name.
        tag: as it was declared.
        version: the release version, or the tag where it is not written as the environment's pattern says.
        since: when it came (UTC).
        until: when another one took its place (UTC); None: it is there.
        actor: who brought it.
        merge_request: the one that brought it, as its commit says.
        commit: the commit that brought it.
    """

    environment: str
    tag: str
    version: str
    since: datetime
    until: datetime | None
    actor: str
    merge_request: str | None
    commit: str


@dataclass(frozen=True, slots=True)
class LeadTime:
    """How long releases took from the first environment to this one.

    Args:
        environment: its name.
        releases: how many came that were seen in the first environment.
        newest: how long the newest took; None when there is none.
        typical: the median of all.
    """

    environment: str
    releases: int
    newest: timedelta | None = None
    typical: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A service's stays in all environments.

    Args:
        service: its name.
        environments: names in order.
        stays: environment → its stays, newest first; at most forty.
        faults: why an environment's can't be read.
    """

    service: str
    environments: tuple[str, ...]
    stays: Mapping[str, tuple[Stay, ...]]
    faults: Mapping[str, TidegateError]

    def lead_times(self) -> tuple[LeadTime, ...]:
        """Return the lead time of each environment but the first.

        A release's clock starts when its version first came to the first environment, and stops when it first came to
        the other one: a candidate that was built again does not begin anew, and a roll-back does not count.
        """
        if not self.environments:
            return ()
        first, *others = self.environments
        began = _arrivals(self.stays.get(first, ()))
        return tuple(_lead_time(name, began, _arrivals(self.stays.get(name, ()))) for name in others)


def _arrivals(stays: Sequence[Stay]) -> dict[str, datetime]:
    """Return version → when it first came, oldest first."""
    found: dict[str, datetime] = {}
    for stay in sorted(stays, key=lambda each: each.since):
        found.setdefault(stay.version, stay.since)
    return found


def _lead_time(environment: str, began: Mapping[str, datetime], came: Mapping[str, datetime]) -> LeadTime:
    took = [at - began[version] for version, at in came.items() if version in began and at >= began[version]]
    if not took:
        return LeadTime(environment, 0)
    return LeadTime(environment, len(took), took[-1], timedelta(seconds=median(each.total_seconds() for each in took)))


def read_timeline(world: World, service: Service) -> Timeline:
    """Return the timeline of `service`. What can't be read of one environment hides no other."""
    stays: dict[str, tuple[Stay, ...]] = {}
    faults: dict[str, TidegateError] = {}
    for environment in world.pipeline.environments:
        try:
            stays[environment.name] = tuple(islice(read_stays(world, service, environment), _MOST))
        except TidegateError as fault:
            faults[environment.name] = fault
    return Timeline(service.name, tuple(each.name for each in world.pipeline.environments), stays, faults)


def read_stays(world: World, service: Service, environment: Environment) -> Iterator[Stay]:
    """Yield the releases that `environment` has and had of `service`, newest first.

    Raises:
        TidegateError: as `read_declared`.
    """
    repo = world.repo(environment)
    declared = read_declared(repo, branch_head(repo, environment), environment, service)
    if declared is None:
        return
    for past in past_releases(repo, declared):
        tag = past.declared.image.tag or ""
        candidate = environment.tag.read(tag)
        yield Stay(
            environment=environment.name,
            tag=tag,
            version=str(candidate.version) if candidate else tag,
            since=past.since,
            until=past.until,
            actor=past.actor,
            merge_request=past.merge_request,
            commit=past.declared.commit,
        )
