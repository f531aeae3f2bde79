"""The words of a merge request that moves several services. Pure; golden-tested."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.counted import counted
from tidegate.engine.description import approvals_wanted, fenced, named
from tidegate.engine.observations import PromotionSeen


def together_title(parts: Sequence[PromotionSeen]) -> str:
    """Return the merge request's title, which is the commit's subject, too."""
    return f"Promote {named([f'{each.service.name} {each.tag}' for each in parts])} to {parts[0].target.name}"


def together_body(parts: Sequence[PromotionSeen]) -> str:
    """Return the text of the commit."""
    return "\n".join(f"- {each.service.name}: {_moved(each)}" for each in parts).replace("`", "")


def together_trailers(parts: Sequence[PromotionSeen]) -> dict[str, str]:
    """Return the trailers of the commit: names, versions and digests are listed in the same order."""
    trailers = {
        "Tidegate-Service": ", ".join(each.service.name for each in parts),
        "Tidegate-From": parts[0].source.name,
        "Tidegate-To": parts[0].target.name,
        "Tidegate-Version": ", ".join(each.tag for each in parts),
        "Tidegate-Digest": ", ".join(str(each.digest) for each in parts),
    }
    if parts[0].merge_request:
        trailers["Tidegate-Merge-Request"] = parts[0].merge_request.ref
    return trailers


def together_description(parts: Sequence[PromotionSeen], diff: str, notes: Sequence[str]) -> str:
    """Return the merge request's text: what moves, the diff, how to deliver and how to undo.

    Args:
        parts: the services.
        diff: of their files.
        notes: what a reviewer is to look at in it.
    """
    source, target = parts[0].source.name, parts[0].target
    what = f"**{counted(len(parts), 'service')}**"
    return "\n".join(
        (
            f"{what}: from **{source}** to **{target.name}**, all or none.",
            "",
            *_table(parts),
            "",
            "### What changes",
            "",
            *fenced(diff),
            "",
            *(f"- {note}" for note in notes),
            *([""] if notes else []),
            "### How to deliver",
            "",
            approvals_wanted(target.approvals),
            f"Then `tidegate deliver {parts[0].service.name} --to {target.name}`, or the next scheduled run, has every",
            "image in place, and then merges. Flux deploys what is merged.",
            "",
            "### How to undo",
            "",
            "Before the merge: close this merge request; nothing has changed.",
            "After the merge: revert the merge commit.",
        )
    )


def together_note(parts: Sequence[PromotionSeen]) -> str:
    """Return the note that tells reviewers of another set of releases in an open merge request."""
    lines = (
        "This merge request brings now:",
        "",
        *_table(parts),
        "",
        "Approvals given before do not count for it.",
        "",
        f"By {parts[0].actor}.",
    )
    return "\n".join(lines)


def _table(parts: Sequence[PromotionSeen]) -> tuple[str, ...]:
    rows = (f"| {each.service.name} | {_moved(each)} | `{each.digest}` |" for each in parts)
    return ("| service | version | digest |", "|---|---|---|", *rows)


def _moved(seen: PromotionSeen) -> str:
    before = seen.present.image.tag if seen.present else None
    return f"`{before}` → `{seen.tag}`" if before else f"`{seen.tag}` (first promotion)"
