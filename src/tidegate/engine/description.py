"""The words of merge requests and commits. Pure; golden-tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tidegate.counted import counted
from tidegate.engine.gates.approvals import counted_approvals
from tidegate.engine.observations import DeliverySeen, MergeRequestSeen, PromotionSeen
from tidegate.model import ApprovalRule, Rewrite
from tidegate.model.image import is_tag

_LONGEST_DIFF: Final = 50_000
"""Characters of a diff in a merge request's text."""
_NAMED: Final = 3
"""How many services a line names; of more, it tells the number."""


def promotion_title(seen: PromotionSeen) -> str:
    """Return the merge request's title, which is the commit's subject, too."""
    return f"Promote {seen.service.name} {seen.tag} to {seen.target.name}"


def title_tag(title: str, seen: PromotionSeen) -> str | None:
    """Return the tag that an earlier title of this promotion names; None when a person wrote another title."""
    before, after = f"Promote {seen.service.name} ", f" to {seen.target.name}"
    tag = title.removeprefix(before).removesuffix(after)
    return tag if title == f"{before}{tag}{after}" and is_tag(tag) else None


def promotion_trailers(seen: PromotionSeen) -> dict[str, str]:
    """Return the trailers of the promotion's commit."""
    trailers = {
        "Tidegate-Service": seen.service.name,
        "Tidegate-From": seen.source.name,
        "Tidegate-To": seen.target.name,
        "Tidegate-Version": seen.tag,
        "Tidegate-Digest": str(seen.digest),
    }
    if seen.merge_request:
        trailers["Tidegate-Merge-Request"] = seen.merge_request.ref
    return trailers


def promotion_body(seen: PromotionSeen) -> str:
    """Return the text of the promotion's commit."""
    return f"From {seen.source.name}: {_tagged(seen.source_image)}\nTo {seen.target.name}: {_tagged(seen.target_image)}"


def promotion_description(seen: PromotionSeen, diff: str, notes: tuple[str, ...] = ()) -> str:
    """Return the merge request's text: what moves, the diff, how to deliver and how to undo.

    Args:
        seen: what the promotion is planned from.
        diff: of the target's file.
        notes: what a reviewer is to look at in it.
    """
    before = seen.present.image.tag if seen.present else None
    return "\n".join(
        (
            f"**{seen.service.name}** moves from **{seen.source.name}** to **{seen.target.name}**.",
            "",
            "| | |",
            "|---|---|",
            f"| version | {f'`{before}` → `{seen.tag}`' if before else f'`{seen.tag}` (first promotion)'} |",
            f"| digest | `{seen.digest}` |",
            f"| source image | `{_tagged(seen.source_image)}` |",
            f"| target image | `{_tagged(seen.target_image)}` |",
            "",
            "### What changes",
            "",
            *fenced(diff),
            "",
            *(f"- {note}" for note in notes),
            *([""] if notes else []),
            "### How to deliver",
            "",
            *_how_to_deliver(seen),
            "",
            "### How to undo",
            "",
            *_how_to_undo(seen, before),
        )
    )


def fenced(diff: str) -> tuple[str, str, str]:
    """Return a diff as Markdown shows it, whatever stands in it."""
    text = _shown(diff)
    fence = "`" * max(3, _longest_run_of_backticks(text) + 1)
    return (f"{fence}diff", text or "(the file stays as it is)", fence)


def _how_to_deliver(seen: PromotionSeen) -> tuple[str, ...]:
    target = seen.target
    copied = seen.source.registry != target.registry or seen.tag != seen.release.image.tag
    if not copied:
        image = "verifies that the image still has this digest"
    elif target.rewrite is Rewrite.ON_APPROVAL:
        image = "copies the image, writes the target image into the manifest"
    else:
        image = "makes the target image exist with exactly this digest"
    return (
        f"{approvals_wanted(target.approvals)} Then `tidegate deliver {seen.service.name} --to {target.name}`, or the",
        f"next scheduled run, {image}, and merges. Flux deploys what is merged.",
    )


def _how_to_undo(seen: PromotionSeen, before: str | None) -> tuple[str, ...]:
    lines = ("Before the merge: close this merge request; nothing has changed.",)
    if before is None:
        return (*lines, "After the merge: revert the merge commit.")
    version = seen.target.tag.read(before)
    back = str(version.version) if version else before
    again = f"tidegate promote {seen.service.name} --to {seen.target.name} --version {back}"
    return (*lines, f"After the merge: `{again}`, or revert the merge commit.")


def approvals_wanted(rule: ApprovalRule) -> str:
    """Return one sentence that says whose approval is needed."""
    if rule.count == 0:
        return "No approval is needed."
    who = " or ".join(rule.approvers) or "anyone"
    exceptions = [
        text
        for wanted, text in ((rule.not_author, "the author"), (rule.not_committers, "those who committed to it"))
        if wanted
    ]
    but = f" (not {' or '.join(exceptions)})" if exceptions else ""
    return f"Needs {counted(rule.count, 'approval')} from {who}{but}."


def update_note(seen: PromotionSeen, before: str | None) -> str:
    """Return the note that tells reviewers of a newer release in an open merge request."""
    what = f"`{seen.tag}` replaces `{before}`" if before else f"This merge request brings `{seen.tag}` now"
    return f"{what}: digest `{seen.digest}`. Approvals given before do not count for it.\n\nBy {seen.actor}."


def delivery_trailers(seen: MergeRequestSeen) -> dict[str, str]:
    """Return the trailers of the commits that a delivery makes.

    Of several services, names and versions are listed in the same order.
    """
    deliveries = seen.deliveries
    approved = approvals_recorded(seen)
    return {
        "Tidegate-Service": ", ".join(each.service.name for each in deliveries),
        "Tidegate-From": deliveries[0].source.name,
        "Tidegate-To": seen.target.name,
        "Tidegate-Version": ", ".join(str(each.target_image.tag) for each in deliveries if each.target_image),
        "Tidegate-Digest": ", ".join(str(each.target_image.digest) for each in deliveries if each.target_image),
        "Tidegate-Merge-Request": seen.merge_request.ref,
        **approved,
    }


def approvals_recorded(seen: MergeRequestSeen) -> Mapping[str, str]:
    """Return trailers that say whose approvals counted, each with the head that it was given at."""
    valid = counted_approvals(seen)
    if not valid:
        return {}
    return {"Tidegate-Approved-By": ", ".join(f"{user} at {one.head[:12]}" for user, one in valid.items())}


def named(names: Sequence[str]) -> str:
    """Return names as one line has them: all of a few, the number of many."""
    return " and ".join(names) if len(names) <= _NAMED else f"{len(names)} services"


def rewrite_subject(seen: MergeRequestSeen) -> str:
    """Return the subject of the commit that puts the target image into the manifest."""
    return f"Name the {seen.target.name} image of {named([each.service.name for each in seen.deliveries])}"


def merge_message(seen: MergeRequestSeen) -> str:
    """Return the merge commit's message with its trailers."""
    what = named([f"{each.service.name} {_tag(each)}" for each in seen.deliveries])
    trailers = "\n".join(f"{name}: {value}" for name, value in delivery_trailers(seen).items())
    return (
        f"Deliver {what} to {seen.target.name}\n\n"
        f"Merge request {seen.merge_request.ref}: {_one_line(seen.merge_request.title)}\n\n{trailers}\n"
    )


def delivery_note(seen: MergeRequestSeen) -> str:
    """Return the note that a delivery leaves on the merge request before it merges."""
    lines = [
        f"- `{each.target_image.name}:{each.target_image.tag}` holds `{each.target_image.digest}`"
        for each in seen.deliveries
        if each.target_image
    ]
    approved = approvals_recorded(seen).get("Tidegate-Approved-By")
    approvals = f"Approvals seen: {approved}." if approved else approvals_wanted(seen.target.approvals)
    return "\n".join((f"Delivering to {seen.target.name}:", "", *lines, "", approvals))


def _shown(diff: str) -> str:
    """Return a diff as a forge keeps it: with LF line ends, and not longer than a person reads."""
    lines = diff.replace("\r\n", "\n").replace("\r", "\n").rstrip()
    if len(lines) <= _LONGEST_DIFF:
        return lines
    return f"{lines[:_LONGEST_DIFF].rpartition(chr(10))[0]}\n(… the rest is in the merge request's changes)"


def _tag(delivery: DeliverySeen) -> str:
    return str(delivery.target_image.tag) if delivery.target_image else "?"


def _one_line(text: str) -> str:
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())[:200]


def _tagged(image: object) -> str:
    return str(image).partition("@")[0]


def _longest_run_of_backticks(text: str) -> int:
    longest = run = 0
    for mark in text:
        run = run + 1 if mark == "`" else 0
        longest = max(longest, run)
    return longest
