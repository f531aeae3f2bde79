"""Waiting until an environment has a release."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tidegate.engine.status import Cell, explain, read_cell
from tidegate.engine.world import World
from tidegate.errors.release import StillWaiting
from tidegate.model import Environment, Service


def wait_for(
    world: World,
    service: Service,
    target: Environment,
    *,
    version: str | None,
    timeout: timedelta,
    interval: timedelta,
    report: Callable[[str], None],
) -> Cell:
    """Return the target's cell once it declares `version` (None: what the source has when the wait begins).

    Args:
        version: a tag or a release version.
        timeout: how long to wait at most.
        interval: how long to pause between looks.
        report: told each new reason why it waits.

    Raises:
        StillWaiting: the time is over.
    """
    wanted = version or _of_source(world, service, target)
    until = world.clock.now() + timeout
    told = ""
    while True:
        cell = read_cell(world, service, target)
        if cell.tag is not None and wanted in {cell.tag, str(cell.version)}:
            return cell
        sentence = explain(world, service, target).sentence
        if sentence != told:
            report(sentence)
            told = sentence
        if world.clock.now() + interval > until:
            raise StillWaiting(
                f"{target.name} does not have {service.name} {wanted} yet",
                where=sentence,
                hint="wait longer with --timeout, or do what the reason says",
            )
        world.clock.sleep(interval.total_seconds())
        world.repo(target).refresh()


def _of_source(world: World, service: Service, target: Environment) -> str:
    source = world.source_of(target)
    cell = read_cell(world, service, source)
    if cell.version is None:
        raise StillWaiting(
            f"{source.name} has no {service.name} to wait for", hint="name one with --version, e.g. --version 1.1.3"
        )
    return str(cell.version)
