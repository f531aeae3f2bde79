"""Planning a delivery. Pure: from a merge request that may go to the steps."""

from __future__ import annotations

from tidegate.engine.description import delivery_note, delivery_trailers, merge_message, rewrite_subject
from tidegate.engine.manifests import manifest_diff, rewritten_manifest
from tidegate.engine.observations import DeliverySeen, MergeRequestSeen
from tidegate.engine.plan import Plan
from tidegate.engine.reporting import available_report, delivering_report
from tidegate.engine.steps import Comment, CommitFiles, CopyImage, Merge, Step, Tell, Unschedule, VerifyImage
from tidegate.model import MergeRequest, Verdict


def plan_delivery(seen: MergeRequestSeen, actor: str, *, shown: Verdict | None = None) -> Plan:
    """Return the steps that make the images available, write what is still to be written, and merge.

    Images come first: Flux never sees a reference that can't be pulled.

    Args:
        seen: a merge request whose verdict is go.
        actor: who is acting.
        shown: the verdict, where the forge can show how far it is: whose approvals were seen stands in the note that
            is kept there, before anything is pushed. None: a note of its own tells it.

    Raises:
        UnsafeEdit: a manifest can't be rewritten byte-exactly.
    """
    found = seen.merge_request
    steps: list[Step] = [step for each in seen.deliveries for step in _image_steps(each)]
    rewritten = {
        each.proposed.file: (each.proposed.data, after)
        for each in seen.deliveries
        if each.proposed is not None and (after := rewritten_manifest(each)) is not None
    }
    marker = " and its setter marker" if any(each.foreign_markers for each in seen.deliveries) else ""
    if shown is not None and (rewritten or any(isinstance(step, CopyImage) for step in steps)):
        steps.insert(0, Tell(delivering_report(seen, shown)))
    if rewritten:
        steps.append(
            CommitFiles(
                project=found.project,
                branch=found.source_branch,
                parent=found.head,
                expected=found.head,
                files={file: after for file, (_, after) in rewritten.items()},
                subject=rewrite_subject(seen),
                body=f"What was approved stays as it is but for the image reference{marker} in {', '.join(rewritten)}.",
                trailers=delivery_trailers(seen),
                author=None,
            )
        )
    if shown is None:
        steps.append(Comment(found.project, found.iid, delivery_note(seen), actor))
    else:
        steps.append(Tell(available_report(seen, shown)))
    files = {each.proposed.file: each.proposed.data for each in seen.deliveries if each.proposed is not None}
    files.update((file, after) for file, (_, after) in rewritten.items())
    message, options = merge_message(seen), seen.target.merge_request
    steps.append(Merge(found.project, found.iid, found.source_branch, found.head, files, message, actor, options))
    diff = "".join(manifest_diff(before, after, file) for file, (before, after) in rewritten.items())
    return Plan(_summary(seen), tuple(steps), diff)


def stopping_plan(found: MergeRequest) -> Plan:
    """Return the step that keeps the forge from merging by itself what may not go any more."""
    return Plan(f"{found.ref} may not go any more", (Unschedule(found.project, found.iid),))


def _image_steps(each: DeliverySeen) -> tuple[Step, ...]:
    image = each.target_image
    if image is None or each.origin is None or image.digest is None:
        return ()
    if each.target_digest == image.digest:
        return (VerifyImage(image),)
    return (CopyImage(each.origin.release.image.with_digest(image.digest), image), VerifyImage(image))


def _summary(seen: MergeRequestSeen) -> str:
    what = ", ".join(
        f"{each.service.name} {each.target_image.tag if each.target_image else '?'}" for each in seen.deliveries
    )
    return f"{seen.merge_request.ref}: {what} to {seen.target.name}"
