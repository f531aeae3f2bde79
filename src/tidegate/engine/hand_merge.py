"""A merge request that somebody merged without a delivery: nothing made its images available."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.declared import branch_head, read_declared
from tidegate.engine.observe_promotion import observe_promotion
from tidegate.engine.plan_promotion import plan_promotion
from tidegate.engine.world import World
from tidegate.errors import TidegateError
from tidegate.errors.release import TargetImageGone
from tidegate.model import Environment, ImageRef, MergeRequest, Service


def merged_by_hand(world: World, found: MergeRequest) -> bool:
    """Return whether the commit that merged `found` is no delivery's."""
    if found.merge_commit is None:
        return False
    repo = world.repos.repo(found.project)
    return repo.has(found.merge_commit) and "Tidegate-Digest" not in repo.commit(found.merge_commit).trailers


def require_images(world: World, found: MergeRequest) -> None:
    """Fail when an environment names an image since `found` was merged that its registry does not have.

    Raises:
        TargetImageGone: with what brings the image there.
    """
    for target, service in _moved(world, found):
        repo = world.repo(target)
        declared = read_declared(repo, branch_head(repo, target), target, service)
        if declared is None or declared.image.host != target.registry.host:
            continue
        image = ImageRef(declared.image.host, declared.image.repository, declared.image.tag)
        if world.images.digest(image) is None:
            raise _gone(world, target, service, image)


def _moved(world: World, found: MergeRequest) -> Iterator[tuple[Environment, Service]]:
    repo = world.repos.repo(found.project)
    if found.merge_commit is None or not repo.has(found.merge_commit):
        return
    parents = repo.commit(found.merge_commit).parents
    if not parents:
        return
    changed = repo.changed_files(parents[0], found.merge_commit)
    for target in world.pipeline.environments:
        if target.source is None or (target.repo, target.branch) != (found.project, found.target_branch):
            continue
        for service in world.pipeline.services.values():
            if any(path.startswith(f"{target.path.write(service.name)}/") for path in changed):
                yield target, service


def _gone(world: World, target: Environment, service: Service, image: ImageRef) -> TargetImageGone:
    try:
        plan_promotion(observe_promotion(world, service, target, None))
    except TargetImageGone as gone:  # it knows where the image is
        return gone
    except TidegateError:
        pass  # why nothing can be promoted is told when it is promoted
    return TargetImageGone(
        f"{target.name} names {image}, which does not exist",
        where=target.repo,
        hint=f"promote a release that exists: `tidegate promote {service.name} --to {target.name}`",
    )
