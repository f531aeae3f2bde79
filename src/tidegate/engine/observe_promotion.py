"""Seeing what a promotion is planned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from tidegate.engine.candidates import candidate_tag, existing_candidates
from tidegate.engine.declared import (
    DeclaredRelease,
    absence,
    branch_head,
    linked,
    past_releases,
    read_declared,
    recorded_digest,
)
from tidegate.engine.observations import BranchSeen, PromotionSeen
from tidegate.engine.open_requests import OpenRequests, open_request
from tidegate.engine.policy.lanes import lane_selection, read_lane, require_selection
from tidegate.engine.world import World
from tidegate.errors import Place, TidegateError
from tidegate.errors.registry import TagExists
from tidegate.errors.release import EnvironmentSkipped, ManifestRefused, SourceForeign, SourceTagMissing, TagMoved
from tidegate.model import Commit, Deploy, Digest, Environment, ImageRef, MergeRequest, Service, Version
from tidegate.ports import GitOpsRepo

LONGEST_BRANCH: Final = 50
"""How many commits of a branch are looked at."""


def promotion_branch(service: Service, target: Environment, version: Version | None = None) -> str:
    """Return the branch that promotions of `service` to `target` use; with a version, those of this version alone.

    The version stands before the environment: git can't have a branch `a/b` and a branch `a/b/c`.
    """
    return f"tidegate/{service.name}{f'/{version}' if version else ''}/to-{target.name}"


@dataclass(frozen=True, slots=True)
class SharedBranch:
    """A branch that several services are promoted by, and its open merge request, or None."""

    name: str
    merge_request: MergeRequest | None


def observe_promotion(
    world: World,
    service: Service,
    target: Environment,
    version: str | None,
    *,
    separate: bool = False,
    shared: SharedBranch | None = None,
    requests: OpenRequests | None = None,
) -> PromotionSeen:
    """Return what promoting `service` to `target` is planned from.

    Args:
        version: the version to promote, as the source's tag or the release version; None: what the source has now.
        separate: it gets a merge request of its own, beside those of other versions.
        shared: it moves together with others, by their branch; None: by its own.
        requests: the open merge requests, where they are listed; None: its own is asked for.

    Raises:
        NothingDeclared, NotHelmRelease, InvalidYaml, ImageNotFound: the source can't be read.
        LaneBroken: the source is automatic and its ImagePolicy selects nothing.
        SourceForeign: the source names an image from outside its registry account.
        SourceTagMissing: the source's tag does not exist.
        TagMoved: the source is pinned to a digest, and its tag holds another one.
        EnvironmentSkipped: the source never had `version`.
        TagExists: the target's tag exists with another digest.
        SymbolicLink: the source's or the target's HelmRelease is one.
        ManifestRefused: at a first promotion, another file stands where the HelmRelease would go.
    """
    source = world.source_of(target)
    release, delivered = _source_release(world, service, source, version)
    digest = _digest_of(world, source, release, delivered)
    candidate = release.candidate()
    existing = existing_candidates(world.images, target, service, candidate.version)
    tag = candidate_tag(target.tag, candidate.version, digest, existing)
    _require_free(tag, digest, existing, ImageRef(target.registry.host, service.image, tag))
    repo = world.repo(target)
    target_head = branch_head(repo, target)
    present = read_declared(repo, target_head, target, service)
    file = present.file if present else f"{target.path.write(service.name)}/{release.file.rpartition('/')[2]}"
    if present is None:
        _require_no_file(repo, target_head, file, target, service)
    name = shared.name if shared else promotion_branch(service, target, candidate.version if separate else None)
    branch = _branch(repo, name, target_head, file, service)
    find = requests.find if requests else partial(open_request, world, target)
    return PromotionSeen(
        service=service,
        source=source,
        target=target,
        release=release,
        digest=digest,
        version=candidate.version,
        tag=tag,
        held=existing.get(tag),
        target_head=target_head,
        target_file=file,
        present=present,
        branch=branch,
        merge_request=shared.merge_request if shared else find(branch.name),
        actor=world.actor,
        pipeline=world.pipeline,
    )


def _source_release(
    world: World, service: Service, source: Environment, version: str | None
) -> tuple[DeclaredRelease, Digest | None]:
    """Return the release, and the digest that was delivered to the source, where its history recorded one."""
    repo = world.repo(source)
    head = branch_head(repo, source)
    declared = read_declared(repo, head, source, service)
    if declared is None:
        raise absence(repo, head, source, service)
    if version is None and source.deploy is Deploy.AUTO:
        lane = read_lane(repo, head, source, service, declared)
        if lane is not None:
            require_selection(lane, lane_selection(world.images, lane))
    for past in past_releases(repo, declared):
        if past.declared.image == declared.image and (version is None or version in _names(declared)):
            return declared, past.delivered
        if version is not None and version in _names(past.declared):
            return past.declared, past.delivered
    if version is None:
        return declared, None
    raise EnvironmentSkipped(
        f"{source.name} never had {service.name} {version}",
        where=declared.place,
        hint=f"it has {declared.image.tag} now; `tidegate status {service.name}` shows every environment",
    )


def _names(declared: DeclaredRelease) -> set[str]:
    tag = declared.image.tag or ""
    candidate = declared.environment.tag.read(tag)
    return {tag} if candidate is None else {tag, str(candidate.version)}


def _digest_of(world: World, source: Environment, release: DeclaredRelease, delivered: Digest | None) -> Digest:
    foreign = foreign_image(source, release)
    if foreign is not None:
        raise foreign
    digest = world.images.digest(release.image)
    if digest is None:
        raise SourceTagMissing(
            f"{release.image} does not exist",
            where=release.place,
            hint=f"{source.name} names a tag that its registry does not have: push it, or correct the manifest",
        )
    if delivered is not None and delivered != digest:
        raise TagMoved(
            f"{release.image} holds {digest.short} now, and {source.name} was given {delivered.short}",
            where=release.place,
            hint="the tag was overwritten after it was tested: find out by whom, and build the next version",
        )
    pinned = release.image.digest is not None and release.image.tag is not None
    held = world.images.digest(replace(release.image, digest=None)) if pinned else digest
    if held is not None and held != digest:
        raise TagMoved(
            f"{source.name} is pinned to {digest.short}, and {release.image.tag} holds {held.short} now",
            where=release.place,
            hint=f"bring {source.name} up to date first, or have the tag restored",
        )
    return digest


def foreign_image(environment: Environment, release: DeclaredRelease) -> TidegateError | None:
    """Return the error when `release` names an image from outside `environment`'s registry account."""
    if release.image.host == environment.registry.host:
        return None
    return SourceForeign(
        f"{environment.name} names {release.image.name}, which is not in its registry {environment.registry.host}",
        where=release.place,
        hint=f"only images of the configured account `{environment.registry.name}` are promoted",
    )


def _require_free(tag: str, digest: Digest, existing: Mapping[str, Digest], image: ImageRef) -> None:
    held = existing.get(tag)
    if held is not None and held != digest:
        raise TagExists(
            f"{image} exists with another digest: {held.short}, and this release is {digest.short}",
            where=str(image),
            hint="a released tag is never overwritten: build the next version and promote that",
        )


def _require_no_file(repo: GitOpsRepo, head: str, file: str, target: Environment, service: Service) -> None:
    link = linked(repo, head, target, service)
    if link is not None:
        raise link
    if repo.read(head, [file]):
        raise ManifestRefused(
            f"{file} would be overwritten: it is there, and is no HelmRelease of {service.name}",
            where=Place(file),
            hint="rename that file, or write the first HelmRelease by hand",
        )


def _branch(repo: GitOpsRepo, name: str, target_head: str, file: str, service: Service) -> BranchSeen:
    head = repo.head(name)
    if head is None:
        return BranchSeen(name, None)
    base = repo.merge_base(target_head, head)
    return BranchSeen(
        name=name,
        head=head,
        file=repo.read(head, [file]).get(file),
        digest=str(recorded_digest(service, repo.commit(head)) or ""),
        file_below=repo.read(base, [file]).get(file) if base else None,
        foreign=tuple(each for each in commits_between(repo, base, head) if "Tidegate-Service" not in each.trailers),
    )


def commits_between(repo: GitOpsRepo, base: str | None, head: str) -> tuple[Commit, ...]:
    """Return the commits that `head` has and `base` has not, `head` first; at most `LONGEST_BRANCH`."""
    found: list[Commit] = []
    waiting = [head]
    seen: set[str] = set()
    linear = True
    while waiting and len(found) < LONGEST_BRANCH:
        current = waiting.pop(0)
        if current == base or current in seen:
            continue
        seen.add(current)
        # Below a merge, a commit may be older than the base without leading to it.
        if not linear and base is not None and repo.merge_base(current, base) == current:
            continue
        commit = repo.commit(current)
        found.append(commit)
        linear = linear and len(commit.parents) == 1
        waiting.extend(commit.parents)
    return tuple(found)
