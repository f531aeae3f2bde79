"""Seeing a merge request and everything that decides about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from tidegate.engine.candidates import candidate_tag, existing_candidates, rightful_tag
from tidegate.engine.declared import (
    DeclaredRelease,
    absence,
    branch_head,
    linked,
    past_releases,
    read_declared,
    recorded_digest,
    stranded_images,
)
from tidegate.engine.manifests import changed_in_spite, reread, rewritten_manifest, with_image
from tidegate.engine.observations import DeliverySeen, MergeRequestSeen, Origin
from tidegate.engine.observe_promotion import LONGEST_BRANCH, commits_between
from tidegate.engine.rebases import is_rebase
from tidegate.engine.world import World
from tidegate.errors import Place, TidegateError
from tidegate.errors.git import CommitMissing, FileTooLarge, TreeTooLarge, UnsafePath
from tidegate.errors.manifest import ImageNotFound, ManifestError
from tidegate.errors.release import ManifestRefused
from tidegate.flux import ImageSite, carry_release, without_markers
from tidegate.model import Commit, Deploy, Digest, Environment, ImageRef, MergeRequest, Service
from tidegate.ports import GitOpsRepo

_OF_THE_MANIFEST: Final = (ManifestError, FileTooLarge, UnsafePath)
"""What a merge request can be wrong in by itself: a reason of its verdict, so that it stands in no other one's way."""
OF_ITS_COMMITS: Final = (CommitMissing, TreeTooLarge)
"""Why a merge request can't be looked at, which is its own fault and must hide no other."""


@dataclass(frozen=True, slots=True)
class _Hop:
    """Where to look: the way from one environment to the next, and where the merge request left the target's branch."""

    world: World
    repo: GitOpsRepo
    source: Environment
    target: Environment
    base: str | None


def observe_delivery(world: World, merge_request: MergeRequest) -> MergeRequestSeen | None:
    """Return what decides about `merge_request`; None when it moves no image of any service.

    Nothing in the merge request is trusted: what it recorded can only narrow what is delivered, never widen it.

    Raises:
        CommitMissing: its head is not in the repository. This and the next say which merge request it is.
        TreeTooLarge: its commits are more than can be read.
        TidegateError: a repository or a registry does not answer.
    """
    try:
        return _observed(world, merge_request)
    except OF_ITS_COMMITS as fault:
        fault.where = fault.where or merge_request.ref
        raise


def _observed(world: World, merge_request: MergeRequest) -> MergeRequestSeen | None:
    repo = world.repos.repo(merge_request.project)
    for target in world.pipeline.environments:
        source = world.pipeline.source_of(target)
        if source is None or (target.repo, target.branch) != (merge_request.project, merge_request.target_branch):
            continue
        base = repo.merge_base(branch_head(repo, target), merge_request.head)
        hop = _Hop(world, repo, source, target, base)
        commits = commits_between(repo, base, merge_request.head)
        changed = repo.changed_files(base, merge_request.head) if base else repo.files(merge_request.head, "")
        services = _changed_services(hop, changed)
        deliveries = tuple(_deliveries(hop, services, merge_request.head, commits))
        if deliveries:
            return _seen(hop, merge_request, deliveries, commits, changed)
    return None


def _seen(
    hop: _Hop,
    merge_request: MergeRequest,
    deliveries: tuple[DeliverySeen, ...],
    commits: tuple[Commit, ...],
    changed: tuple[str, ...],
) -> MergeRequestSeen:
    own_rewrite = _is_own_rewrite(hop, deliveries, commits)
    reviewed = {merge_request.head, *(commits[0].parents if own_rewrite else ())}
    reviewed |= set(_rebased(hop, merge_request, reviewed))
    return MergeRequestSeen(
        merge_request=merge_request,
        target=hop.target,
        deliveries=deliveries,
        reviewed=frozenset(reviewed),
        committers=frozenset(
            name.lower() for commit in commits[1 if own_rewrite else 0 :] for name in (commit.author, commit.email)
        ),
        members=_members(hop, merge_request),
        now=hop.world.clock.now(),
        outside=_outside(deliveries, changed),
        unread=len(commits) >= LONGEST_BRANCH,
        extra=() if hop.target.approvals.count else _extra(hop, deliveries, changed),
        overtaken=_overtaken(hop, deliveries),
    )


def _rebased(hop: _Hop, merge_request: MergeRequest, reviewed: set[str]) -> Iterator[str]:
    """Yield the approved heads that one of `reviewed` is a rebase of: the very change that was approved."""
    approved = {one.head for one in (*merge_request.approvals, *merge_request.recorded)} - reviewed
    head = branch_head(hop.repo, hop.target)
    for old in sorted(approved):
        if any(is_rebase(hop.repo, head, old, new) for new in sorted(reviewed)):
            yield old


def _members(hop: _Hop, merge_request: MergeRequest) -> Mapping[str, frozenset[str]]:
    """Return whom the rule's approvers stand for; nobody is asked about while nobody has approved."""
    if not (merge_request.approvals or merge_request.recorded):
        return {}
    pairs = ((approver, *approver.partition(":")[::2]) for approver in hop.target.approvals.approvers)
    return {
        approver: hop.world.members(name) if kind == "group" else frozenset({name}) for approver, kind, name in pairs
    }


def _outside(deliveries: tuple[DeliverySeen, ...], changed: tuple[str, ...]) -> tuple[str, ...]:
    folders = tuple(f"{each.target.path.write(each.service.name)}/" for each in deliveries)
    return tuple(path for path in changed if not path.startswith(folders))


def _extra(hop: _Hop, deliveries: tuple[DeliverySeen, ...], changed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the changed files that a promotion would not have written just so: with no approvals, nobody saw them."""
    expected = {each.proposed.file for each in deliveries if each.proposed is not None and _is_mere_move(hop, each)}
    return tuple(path for path in changed if path not in expected)


def _is_mere_move(hop: _Hop, each: DeliverySeen) -> bool:
    """Return whether the file will be what a promotion writes; what can't be rewritten is none, and has its fault."""
    if each.proposed is None or each.target_image is None:
        return False
    try:
        merged = rewritten_manifest(each) or with_image(each.proposed, each.target_image)
    except _OF_THE_MANIFEST:
        return False
    return merged in _as_promoted(hop, each)


def _as_promoted(hop: _Hop, each: DeliverySeen) -> Iterator[bytes]:
    """Yield what the file may be after a move: the target's own, or the source's with what is kept of the target's.

    What can't be edited byte-exactly, such as a target that has the tag through an alias, no promotion has written.
    """
    before = _before(hop, each.service)
    image, origin, proposed = each.target_image, each.origin, each.proposed
    if image is None or origin is None or proposed is None:
        return
    if before is not None:
        with suppress(*_OF_THE_MANIFEST):
            yield with_image(before, image)
    kept_of = before.data if before else None
    present = hop.world.repo(hop.source)
    newest = read_declared(present, branch_head(present, hop.source), hop.source, each.service)
    for release in (origin.release, newest) if newest is not None else (origin.release,):
        for unmarked, keep in product(((), release.sites), ((), each.service.keep)):
            with suppress(*_OF_THE_MANIFEST):
                copied = without_markers(release.data, unmarked)
                carried = carry_release(copied, kept_of, keep, file=proposed.file)
                yield with_image(reread(carried, proposed.file, hop.target, each.service), image)


def _overtaken(hop: _Hop, deliveries: tuple[DeliverySeen, ...]) -> tuple[str, ...]:
    files = [each.proposed.file for each in deliveries if each.proposed is not None]
    begun = hop.repo.read(hop.base, files) if hop.base else {}
    present = hop.repo.read(branch_head(hop.repo, hop.target), files)
    return tuple(file for file in files if begun.get(file) != present.get(file))


def _changed_services(hop: _Hop, changed: tuple[str, ...]) -> tuple[Service, ...]:
    return tuple(
        service
        for service in hop.world.pipeline.services.values()
        if any(path.startswith(f"{hop.target.path.write(service.name)}/") for path in changed)
    )


def _deliveries(
    hop: _Hop, services: tuple[Service, ...], head: str, commits: tuple[Commit, ...]
) -> Iterator[DeliverySeen]:
    for service in services:
        before = _before(hop, service)
        recorded = next(filter(None, (recorded_digest(service, commit) for commit in commits)), None)
        unread = DeliverySeen(service, hop.source, hop.target, None)
        try:
            proposed = read_declared(hop.repo, head, hop.target, service)
        except ImageNotFound as foreign:
            hint = f"if this was not intended, close the merge request; else {foreign.hint}"
            yield replace(unread, fault=ImageNotFound(foreign.what, where=foreign.where, hint=hint))
            continue
        except _OF_THE_MANIFEST as fault:
            yield replace(unread, fault=fault)
            continue
        if proposed is None:
            if before is not None or _brings_link(hop, service, head):
                yield replace(unread, fault=absence(hop.repo, head, hop.target, service))
        elif recorded is not None or before is None or before.image != proposed.image:
            found = _delivery(hop, proposed, recorded, before)
            brought = linked(hop.repo, head, hop.target, service) if _brings_link(hop, service, head) else None
            yield replace(found, fault=brought) if brought is not None else found


def _brings_link(hop: _Hop, service: Service, head: str) -> bool:
    folder = hop.target.path.write(service.name)
    before = hop.repo.links(hop.base, folder) if hop.base else {}
    return not hop.repo.links(head, folder).items() <= before.items()


def _before(hop: _Hop, service: Service) -> DeclaredRelease | None:
    """Return what the target declared where the merge request began: what it does not change, it does not move."""
    try:
        return read_declared(hop.repo, hop.base, hop.target, service) if hop.base else None
    except _OF_THE_MANIFEST:
        return None  # what was broken there is what the merge request may mend


def _delivery(
    hop: _Hop, proposed: DeclaredRelease, recorded: Digest | None, before: DeclaredRelease | None
) -> DeliverySeen:
    world, source, target, service = hop.world, hop.source, hop.target, proposed.service
    from_source = names_source(source, target, proposed.image)
    try:
        origin = _origin(world, source, proposed, recorded, from_source=from_source)
    except _OF_THE_MANIFEST as broken:  # the source's own manifest, now
        return DeliverySeen(service, source, target, proposed, broken, recorded=recorded)
    image: ImageRef | None = None
    rightful: str | None = None
    if origin is not None and origin.digest is not None:
        tag = rightful = proposed.image.tag or ""
        if from_source or target.tag.numbered:
            existing = existing_candidates(world.images, target, service, origin.version)
            if from_source:
                tag = candidate_tag(target.tag, origin.version, origin.digest, existing)
            rightful = rightful_tag(target.tag, tag, origin.digest, existing)
        image = ImageRef(target.registry.host, service.image, tag, origin.digest)
    seen = DeliverySeen(
        service=service,
        source=source,
        target=target,
        proposed=proposed,
        names_source=from_source and image is not None and _by_tag(image) != _by_tag(proposed.image),
        foreign_markers=_foreign_markers(source, target, proposed, before),
        origin=origin,
        recorded=recorded,
        target_image=image,
        target_digest=world.images.digest(_by_tag(image)) if image else None,
        rightful_tag=rightful,
        stranded=stranded_images(world.pipeline, proposed.data, proposed.file, target, service),
        not_kept=changed_in_spite(proposed.data, before, service, proposed.file),
        is_first=before is None,
    )
    return replace(seen, fault=_fault(seen))


def _foreign_markers(
    source: Environment, target: Environment, proposed: DeclaredRelease, before: DeclaredRelease | None
) -> tuple[ImageSite, ...]:
    """Return the sites whose setter marker the target had not: automation may not follow a release to it."""
    if source.deploy is not Deploy.AUTO or target.deploy is Deploy.AUTO:
        return ()
    own = {site.marker for site in before.sites} if before else set()
    return tuple(site for site in proposed.sites if site.marker is not None and site.marker not in own)


def _fault(seen: DeliverySeen) -> TidegateError | None:
    """Return why the manifest can't be rewritten, or must not be merged as it stands: that is no plan's business."""
    if seen.proposed is None or seen.target_image is None:
        return None
    try:
        with_image(seen.proposed, seen.target_image)
        rewritten = rewritten_manifest(seen)
    except _OF_THE_MANIFEST as unsafe:
        return unsafe
    if rewritten is not None or not seen.foreign_markers:
        return None
    site = seen.foreign_markers[0]
    return ManifestRefused(
        f"brings the setter marker {site.marker}: automation would change {seen.target.name} by itself",
        where=Place(seen.proposed.file, site.line),
        hint="delete the comment with $imagepolicy",
    )


def names_source(source: Environment, target: Environment, image: ImageRef) -> bool:
    """Return whether `image` is written as the source names it, rather than as the target does.

    The host tells, where the two accounts differ. In one account the tag tells: a candidate's number is the
    mark of the environment whose pattern counts candidates.
    """
    if source.registry.host != target.registry.host:
        return image.host == source.registry.host
    tag = image.tag or ""
    if target.tag.numbered and target.tag.read(tag):
        return False
    if source.tag.numbered and source.tag.read(tag):
        return True
    return target.tag.read(tag) is None


def _origin(
    world: World, source: Environment, proposed: DeclaredRelease, recorded: Digest | None, *, from_source: bool
) -> Origin | None:
    """Return the release of the source environment that `proposed` is; of several, the recorded digest tells."""
    allowed = (source if from_source else proposed.environment).registry.host
    if proposed.image.host != allowed:
        return None
    repo = world.repo(source)
    declared = read_declared(repo, branch_head(repo, source), source, proposed.service)
    if declared is None:
        return None
    wanted = None if from_source else proposed.environment.tag.read(proposed.image.tag or "")
    newest: Origin | None = None
    for past in past_releases(repo, declared):
        image = past.declared.image
        candidate = source.tag.read(image.tag or "")
        if candidate is None or image.host != source.registry.host:
            continue
        if from_source:
            fits = _by_tag(image) == _by_tag(proposed.image)
        else:
            # Written alike: equal is not enough, or 01.1.3 and v1.1.3 would become tags of 1.1.3.
            fits = wanted is not None and str(candidate.version) == str(wanted.version)
        if not fits:
            continue
        digest = world.images.digest(_by_tag(image))
        found = Origin(past.declared, past.since, digest, candidate.version, past.until, past.delivered)
        if recorded is None or found.digest == recorded:
            return found
        newest = newest or found
    return newest


def _is_own_rewrite(hop: _Hop, deliveries: tuple[DeliverySeen, ...], commits: tuple[Commit, ...]) -> bool:
    """Return whether the head differs from its parent by nothing but Tidegate's own edit of image references.

    Made again from the parent and compared byte by byte; who wrote the commit plays no part.
    """
    if len(commits) <= 1 or len(commits[0].parents) != 1:
        return False
    head, parent = commits[0].id, commits[0].parents[0]
    try:
        below = _deliveries(hop, tuple(each.service for each in deliveries), parent, commits[1:])
        rewritten = {
            each.proposed.file: after
            for each in below
            if each.proposed is not None and (after := rewritten_manifest(each)) is not None
        }
    except _OF_THE_MANIFEST:
        return False  # what can't be made again was not made by Tidegate
    changed = hop.repo.changed_files(parent, head)
    return bool(rewritten) and set(changed) == set(rewritten) and dict(hop.repo.read(head, changed)) == rewritten


def _by_tag(image: ImageRef) -> ImageRef:
    return ImageRef(image.host, image.repository, image.tag)
