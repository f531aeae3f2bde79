"""Planning a promotion. Pure: from what was seen to the steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidegate.engine.declared import stranded_images
from tidegate.engine.description import (
    promotion_body,
    promotion_description,
    promotion_title,
    promotion_trailers,
    title_tag,
    update_note,
)
from tidegate.engine.gates.keep import not_there_yet
from tidegate.engine.manifests import changed_in_spite, manifest_diff, promoted_manifest
from tidegate.engine.observations import PromotionSeen
from tidegate.engine.plan import Plan
from tidegate.engine.steps import Comment, CommitFiles, OpenMergeRequest, Step
from tidegate.errors.release import ManifestRefused, TargetImageGone
from tidegate.model import ImageRef

_DRAFT: Final = "Draft: "


def plan_promotion(seen: PromotionSeen) -> Plan:
    """Return the steps that bring the release before the target's approvers.

    What is there already is left out: a target that has the release needs no step, a branch that holds the
    change needs no commit, a merge request that says the same needs no new text.

    Raises:
        UnsafeEdit: the manifest can't be edited byte-exactly.
        ManifestRefused: the branch holds commits that Tidegate did not make.
        TargetImageGone: the target declares the release, and its image is not there.
    """
    after = promoted_manifest(seen, seen.named_image)
    delivered = promoted_manifest(seen, seen.target_image)
    before = seen.present.data if seen.present else None
    if before == delivered:
        require_image(seen)
        return Plan(f"{seen.target.name} has {seen.service.name} {seen.tag} already", ())
    if before == after:  # someone merged the source's reference: what is left to do is to name the target's
        after = delivered
    diff = manifest_diff(before, after, seen.target_file)
    steps: list[Step] = []
    if not branch_holds(seen, (after, delivered)):
        require_own_branch(seen)
        steps.append(
            CommitFiles(
                project=seen.target.repo,
                branch=seen.branch.name,
                parent=seen.target_head,
                expected=seen.branch.head,
                files={seen.target_file: after},
                subject=promotion_title(seen),
                body=promotion_body(seen),
                trailers=promotion_trailers(seen),
                author=seen.actor,
            )
        )
    along = comes_along(seen, after)
    steps.extend(_merge_request_steps(seen, diff, along))
    return Plan(_summary(seen), tuple(steps), diff, warnings_of(seen, after))


def warnings_of(seen: PromotionSeen, after: bytes) -> tuple[str, ...]:
    """Return what a person should know before the target's file becomes `after`."""
    return (*_warnings(seen), *comes_along(seen, after), *_stranded(seen, after))


def require_image(seen: PromotionSeen) -> None:
    """Return when the target, which names the release already, names an image that is there.

    Raises:
        TargetImageGone: it is not, so that Flux can't pull it: that is not "nothing to do".
    """
    if seen.held is None and seen.present is not None:
        image = ImageRef(seen.target_image.host, seen.target_image.repository, seen.tag)
        raise TargetImageGone(
            f"{seen.target.name} names {image}, which does not exist",
            where=f"{seen.target.repo}: {seen.present.place}",
            hint=f"bring it back: `tidegate image copy {seen.source_image} {image}`",
        )


def branch_holds(seen: PromotionSeen, wanted: tuple[bytes, bytes]) -> bool:
    """Return whether the branch holds the change, as it was opened or as a delivery has rewritten it."""
    before = seen.present.data if seen.present else None
    return seen.branch.file in wanted and seen.branch.file_below == before and seen.branch.digest == str(seen.digest)


def require_own_branch(seen: PromotionSeen) -> None:
    """Return when the branch may be written anew.

    Raises:
        ManifestRefused: somebody else's commit stands on it, and its merge request is open.
    """
    if seen.branch.foreign and seen.merge_request is not None:
        commit = seen.branch.foreign[0]
        raise ManifestRefused(
            f"{seen.merge_request.ref} has a commit by {commit.author} ({commit.subject!r}) that would be lost",
            where=f"{seen.target.repo} branch {seen.branch.name}",
            hint="deliver or close that merge request first, or take the commit off its branch",
        )


def _merge_request_steps(seen: PromotionSeen, diff: str, notes: tuple[str, ...]) -> list[Step]:
    found = seen.merge_request
    # Whoever made it a draft says when it is ready.
    is_draft = found.draft if found is not None else seen.target.merge_request.draft
    draft = _DRAFT if is_draft else ""
    title, description = f"{draft}{promotion_title(seen)}", promotion_description(seen, diff, notes)
    if found is not None and (found.title, found.description) == (title, description):
        return []
    steps: list[Step] = [
        OpenMergeRequest(
            seen.target.repo,
            seen.branch.name,
            seen.target.branch,
            title,
            description,
            author=seen.actor,
            known=found.iid if found is not None else None,
            is_fresh=found is None,
            options=seen.target.merge_request,
        )
    ]
    if found is not None and found.title != title:
        before = title_tag(found.title.removeprefix(draft), seen)
        # The note stands before the text changes, so that a run that was killed between them still tells reviewers.
        steps.insert(0, Comment(seen.target.repo, found.iid, update_note(seen, before), seen.actor))
    return steps


def _summary(seen: PromotionSeen) -> str:
    was = f" (has {seen.present.image.tag})" if seen.present else " (first promotion)"
    return (
        f"{seen.service.name} {seen.version}: {seen.source.name} {seen.release.image.tag} → "
        f"{seen.target.name} {seen.tag}{was}"
    )


def _warnings(seen: PromotionSeen) -> tuple[str, ...]:
    found: list[str] = []
    if seen.present is not None:
        held = seen.target.tag.read(seen.present.image.tag or "")
        if held is not None and held.version > seen.version:
            found.append(f"{seen.target.name} goes back from {seen.present.image.tag} to {seen.tag}")
    if seen.merge_request is not None and not _same_version(seen):
        stale = [each.user for each in seen.merge_request.approvals]
        if stale:
            found.append(f"{seen.merge_request.ref} loses the approvals of {', '.join(stale)}: its content changes")
    return tuple(found)


def comes_along(seen: PromotionSeen, after: bytes) -> tuple[str, ...]:
    """Return what the target is to keep and has not yet."""
    if seen.present is not None:
        return ()
    paths = changed_in_spite(after, None, seen.service, seen.target_file)
    return tuple(not_there_yet(path, seen.target.name, seen.source.name) for path in paths)


def _stranded(seen: PromotionSeen, after: bytes) -> Iterator[str]:
    for site in stranded_images(seen.pipeline, after, seen.target_file, seen.target, seen.service):
        place = f"{seen.target_file}:{site.line}"
        yield f"{place} also names {site.image}, which is in another account: deliver will refuse it"


def _same_version(seen: PromotionSeen) -> bool:
    return seen.branch.digest == str(seen.digest)
