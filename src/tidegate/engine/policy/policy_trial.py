"""Trying a policy on tags: of a file, or the lanes of a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tidegate.engine.policy.lanes import NoLane, lane_tags, observe_lanes, selection_of
from tidegate.engine.world import World
from tidegate.errors import Place
from tidegate.errors.policy import TagsUnreadable
from tidegate.errors.release import PolicyMissing
from tidegate.flux import ImagePolicy, Selection, image_policies, select_tag
from tidegate.flux.imagerepository import image_repositories
from tidegate.model import Environment, Service


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy makes of some tags.

    Args:
        name: the policy, for people.
        policy: the policy.
        place: where it stands.
        selection: what it selects; can explain every tag.
    """

    name: str
    policy: ImagePolicy
    place: Place
    selection: Selection


def try_file(data: bytes, tags: Sequence[str], *, file: str) -> tuple[Trial, ...]:
    """Return what each ImagePolicy in `data` makes of `tags`.

    The exclusion list of the ImageRepository that a policy names counts where it stands in the same file.

    Raises:
        PolicyMissing: there is no ImagePolicy in it.
        InvalidYaml, YamlTooLarge: it can't be read.
    """
    policies = image_policies(data, file=file)
    if not policies:
        raise PolicyMissing("the file holds no ImagePolicy", where=Place(file), hint="name a file that does")
    repositories = {each.name: each for each in image_repositories(data, file=file)}
    trials = []
    for policy in policies:
        reference = policy.spec.get("imageRepositoryRef")
        named = repositories.get(str(reference.get("name"))) if isinstance(reference, dict) else None
        selection = select_tag(policy.spec, tags, exclusion_list=named.exclusion_list if named else None)
        trials.append(Trial(policy.name, policy, Place(file, policy.range_line or policy.line), selection))
    return tuple(trials)


def try_service(
    world: World, service: Service, environments: Sequence[Environment], tags: Sequence[str] | None
) -> tuple[Trial, ...]:
    """Return what the lanes of `service` make of `tags`; None: of the tags that the registry has.

    Raises:
        PolicyMissing: it has no lane.
    """
    lanes = observe_lanes(world, (service,), environments)
    missing = next((lane for lane in lanes if isinstance(lane, NoLane)), None)
    trials = []
    for lane in lanes:
        if not isinstance(lane, NoLane):
            chosen = lane_tags(world.images, lane) if tags is None else tags
            trials.append(Trial(lane.name, lane.policy, lane.place, selection_of(lane, chosen)))
    if not trials and missing is not None:
        raise missing.error
    if not trials:
        raise PolicyMissing(
            f"no environment of {service.name} is automatic", hint="an environment with deploy: auto has an ImagePolicy"
        )
    return tuple(trials)


def no_tags(file: str) -> TagsUnreadable:
    """Return the error for a policy's file that comes without tags to try it on."""
    return TagsUnreadable(
        "a file is tried on tags that you give, and there are none given",
        where=Place(file),
        hint="add --tags FILE or --tags -; with the name of a service, the registry's own tags are used",
    )
