"""Waiting until an environment has a release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from tidegate.engine.declared import branch_head, past_releases, read_declared
from tidegate.engine.live import LiveState
from tidegate.engine.views.explanation import explain, has
from tidegate.engine.views.status import Cell, read_cell, with_live
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.errors.cluster import ClusterNotConfigured
from tidegate.errors.release import StillWaiting
from tidegate.model import Carry, Digest, Environment, Service, Version


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is waited for.

    Args:
        version: a tag of the target, or a release version.
        digest: what it must hold; None: whatever it does.
        named: whether the caller named it; else it is what the source has.
    """

    version: str
    digest: Digest | None
    named: bool

    def is_declared(self, cell: Cell) -> bool:
        """Return whether the target declares it."""
        is_version = cell.tag is not None and self.version in {cell.tag, str(cell.version)}
        return is_version and self.digest in {None, cell.digest}


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look has found.

    Args:
        cell: what the target has.
        reason: why it is waited for; None: it need not be.
        is_declared: the target declares it, whether it runs or not.
        failure: why the newest look found nothing: then the rest is what the one before found.
    """

    cell: Cell
    reason: str | None
    is_declared: bool = False
    failure: TidegateError | None = None


def wait_for(
    world: World,
    service: Service,
    target: Environment,
    *,
    version: str | None,
    timeout: timedelta,
    interval: timedelta,
    report: Callable[[str], None],
    live: bool = False,
) -> Cell:
    """Return the target's cell once it declares `version` (None: what the source has when the wait begins).

    Args:
        version: a tag or a release version.
        timeout: how long to wait at most.
        interval: how long to pause between looks.
        report: told each new reason why it waits.
        live: wait on until it runs in the target's cluster.

    Raises:
        InvalidVersion: `version` is neither a version nor a tag as the target writes it.
        StillWaiting: the time is over.
        ClusterNotConfigured: `live`, and nobody can tell what runs there.
        TidegateError: nothing can be looked at when the wait begins, or when it ends; or never will be.
    """
    if live:
        _require_cluster(target)
    wanted = _wanted(world, service, target, version)
    until = world.clock.now() + timeout
    looked = _look(world, service, target, wanted, live=live)
    told = ""
    while looked.reason is not None:
        if looked.reason != told:
            report(looked.reason)
            told = looked.reason
        if world.clock.now() + interval > until:
            raise looked.failure or _still_waiting(looked, wanted)
        world.clock.sleep(interval.total_seconds())
        looked = _look_again(world, looked, wanted, live=live)
    return looked.cell


def _look(world: World, service: Service, target: Environment, wanted: _Wanted, *, live: bool) -> _Looked:
    world = replace(world, known_clusters={})
    cell = read_cell(world, service, target)
    if not wanted.is_declared(cell) or _is_still_to_change(world, cell, wanted):
        return _Looked(cell, _reason(world, cell, wanted))
    if not live:
        return _Looked(cell, None, is_declared=True)
    cell = _with_what_runs(world, cell)
    return _Looked(cell, None if _runs(cell) else _what_runs(cell), is_declared=True)


def _look_again(world: World, before: _Looked, wanted: _Wanted, *, live: bool) -> _Looked:
    """Return what is there now; what is not to be seen now, and passes by itself, is a reason to wait."""
    service, target = before.cell.service, before.cell.environment
    looked_at = (each.repo for each in world.pipeline.environments if each.name in {target.name, target.source})
    try:
        for project in dict.fromkeys(looked_at):
            world.repos.repo(project).refresh()
        return _look(world, service, target, wanted, live=live)
    except TidegateError as failure:
        if not failure.retryable:
            raise
        return replace(before, reason=f"{target.name} can't be looked at: {failure}", failure=failure)


def _still_waiting(looked: _Looked, wanted: _Wanted) -> StillWaiting:
    release = f"{looked.cell.service.name} {wanted.version}"
    lacks = f"declares {release}, and does not run it" if looked.is_declared else f"does not have {release}"
    hint = "wait longer with --timeout, or do what the reason says"
    return StillWaiting(f"{looked.cell.environment.name} {lacks} yet", hint=hint)


def _wanted(world: World, service: Service, target: Environment, version: str | None) -> _Wanted:
    if version is None:
        source = _source_cell(world, service, target)
        # A release version can come again with another digest: `-rc2` after `-rc1`.
        return _Wanted(str(source.version), source.digest, named=False)
    if target.tag.read(version) is None:
        Version.parse(version)  # what is neither its tag nor a version would be waited for in vain
    return _Wanted(version, None, named=True)


def _is_still_to_change(world: World, cell: Cell, wanted: _Wanted) -> bool:
    """Return whether promoting what the source has would still change the manifest beside the image."""
    carries = wanted.digest is not None and cell.service.carry is Carry.RELEASE
    return carries and explain(world, cell.service, cell.environment).changes


def _require_cluster(target: Environment) -> None:
    if target.cluster is None:
        raise ClusterNotConfigured(
            f"nothing says in which cluster {target.name} runs",
            where=f"environments.{target.name}",
            hint="add `cluster:` to it in tidegate.yaml, or leave --live out: see docs/how-to/watch-flux.md",
        )


def _with_what_runs(world: World, cell: Cell) -> Cell:
    """Return `cell` with what its cluster says; a cluster that never will say anything is no reason to wait."""
    seen = world.cluster(cell.environment)
    if isinstance(seen, TidegateError) and not seen.retryable:
        raise seen
    return with_live(world, cell)


def _runs(cell: Cell) -> bool:
    return cell.live is not None and cell.live.state is LiveState.LIVE


def _what_runs(cell: Cell) -> str:
    """Return why what is declared does not run yet."""
    if cell.live is None or cell.live.clause is not None:
        return has(cell)
    return f"what runs in {cell.environment.name} can't be told: {cell.live.message}"


def _reason(world: World, cell: Cell, wanted: _Wanted) -> str:
    """Return why the target does not declare it yet."""
    service, target = cell.service, cell.environment
    if target.source is None:
        has = f"{service.name} {cell.tag}" if cell.tag else f"no {service.name} yet"
        return f"{target.name} has {has}"
    explanation = explain(world, service, target)
    source = explanation.source
    if wanted.named and source.image is not None and not _had(world, source, target, wanted.version):
        name = source.environment.name
        return f"{name} never had {service.name} {wanted.version}: it has {source.tag}; promote it to {name} first"
    return explanation.sentence


def _had(world: World, source: Cell, target: Environment, named: str) -> bool:
    """Return whether the source has or had the version that `named`, a version or a tag of the target, stands for."""
    candidate = target.tag.read(named)
    version = str(candidate.version) if candidate else named
    repo = world.repo(source.environment)
    declared = read_declared(repo, branch_head(repo, source.environment), source.environment, source.service)
    tags = (past.declared.image.tag or "" for past in past_releases(repo, declared)) if declared else ()
    pattern = source.environment.tag
    return any(
        version == tag or ((found := pattern.read(tag)) is not None and version == str(found.version)) for tag in tags
    )


def _source_cell(world: World, service: Service, target: Environment) -> Cell:
    source = world.source_of(target)
    cell = read_cell(world, service, source)
    if cell.version is None:
        raise StillWaiting(
            f"{source.name} has no {service.name} to wait for", hint="name one with --version, e.g. --version 1.1.3"
        )
    return cell
