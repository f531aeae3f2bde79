"""Services that are found in the repositories, with `services: discover`."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import replace
from typing import TypeAlias

from tidegate.engine.declared import branch_head
from tidegate.engine.opening import open_repos
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.flux import find_images
from tidegate.model import Environment, Service
from tidegate.ports import GitOpsRepo

Known: TypeAlias = MutableMapping[str, tuple[str, tuple[Service, ...]]]
"""Environment's name → the head of its branch, and the services that were found there."""


def with_discovered_services(world: World, *, partial: bool = False, known: Known | None = None) -> World:
    """Return the world whose pipeline also has the services that its environments' folders hold.

    A service is a folder that fits an environment's path and holds a HelmRelease with one image of that
    environment's registry. What the configuration says of a service goes before what is found.

    Args:
        partial: an environment that can't be looked through is told in `undiscovered`, and does not hide the others'
            services; else it is raised.
        known: what was found before; kept up to date. A branch that has not moved is not looked through again.
    """
    known = {} if known is None else known
    services = dict(world.pipeline.services)
    undiscovered: list[TidegateError] = []
    closed = open_repos(world, [each.repo for each in world.pipeline.environments])
    for environment in world.pipeline.environments:
        try:
            if environment.repo in closed:
                raise closed[environment.repo]
            found = _services_in(world.repo(environment), environment, known)
        except TidegateError as fault:
            if not partial:
                raise
            undiscovered.append(fault)
            continue
        for service in found:
            services.setdefault(service.name, service)
    pipeline = replace(world.pipeline, services=dict(sorted(services.items())))
    return replace(world, pipeline=pipeline, undiscovered=tuple(undiscovered))


def _services_in(repo: GitOpsRepo, environment: Environment, known: Known) -> tuple[Service, ...]:
    head = branch_head(repo, environment)
    before, services = known.get(environment.name, ("", ()))
    if before != head:
        services = tuple(_found_at(repo, head, environment))
        known[environment.name] = head, services
    return services


def _found_at(repo: GitOpsRepo, head: str, environment: Environment) -> Iterator[Service]:
    fixed = environment.path.text.partition("{service}")[0].rpartition("/")[0]
    paths: dict[str, list[str]] = {}
    for path in repo.files(head, fixed):
        name = environment.path.read(path)
        if name and path.endswith((".yaml", ".yml")):
            paths.setdefault(name, []).append(path)
    contents = repo.read(head, [path for group in paths.values() for path in group])
    for name, group in sorted(paths.items()):
        images = {image for path in group for image in _repositories(contents.get(path, b""), path, environment)}
        if len(images) == 1:
            yield Service(name, images.pop())


def _repositories(data: bytes, path: str, environment: Environment) -> set[str]:
    if b"HelmRelease" not in data:
        return set()
    try:
        sites = find_images(data, file=path)
    except TidegateError:
        return set()  # what can't be read is no service; naming it in the configuration tells why
    return {site.image.repository for site in sites if site.image and site.image.host == environment.registry.host}
