"""Planning one promotion of several services: one commit, one merge request, one verdict. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tidegate.counted import counted
from tidegate.engine.manifests import manifest_diff, promoted_manifest
from tidegate.engine.observations import PromotionSeen
from tidegate.engine.plan import Plan
from tidegate.engine.plan_promotion import branch_holds, comes_along, require_image, require_own_branch, warnings_of
from tidegate.engine.steps import Comment, CommitFiles, OpenMergeRequest, Step
from tidegate.engine.together_text import (
    together_body,
    together_description,
    together_note,
    together_title,
    together_trailers,
)
from tidegate.errors.release import ManifestRefused

_DRAFT: Final = "Draft: "


@dataclass(frozen=True, slots=True)
class TogetherSeen:
    """What several services' promotion to one environment is planned from.

    Args:
        parts: each service's, at least one; all of one target, and all on one branch.
        on_branch: the files that the branch changes.
    """

    parts: tuple[PromotionSeen, ...]
    on_branch: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Move:
    """One service's change: the file as the merge request has it, and as it is once it is delivered."""

    seen: PromotionSeen
    after: bytes
    delivered: bytes

    @property
    def diff(self) -> str:
        before = self.seen.present.data if self.seen.present else None
        return manifest_diff(before, self.after, self.seen.target_file)


def plan_together(seen: TogetherSeen) -> Plan:
    """Return the steps that bring all releases before the target's approvers by one merge request.

    A service whose release the target has is left out. What is there already is left out as well, as `plan_promotion`
    has it.

    Raises:
        UnsafeEdit: a manifest can't be edited byte-exactly.
        ManifestRefused: the branch holds commits that Tidegate did not make, or two services are in one file.
        TargetImageGone: the target declares a release, and its image is not there.
    """
    moves = tuple(_moves(seen.parts))
    first = seen.parts[0]
    if not moves:
        return Plan(f"{first.target.name} has all of {counted(len(seen.parts), 'service')} already", ())
    _require_own_files(moves)
    parts = tuple(each.seen for each in moves)
    steps: list[Step] = []
    files = {each.seen.target_file: each.after for each in moves}
    holds = seen.on_branch == set(files) and all(
        branch_holds(each.seen, (each.after, each.delivered)) for each in moves
    )
    if not holds:
        require_own_branch(first)
        steps.append(
            CommitFiles(
                project=first.target.repo,
                branch=first.branch.name,
                parent=first.target_head,
                expected=first.branch.head,
                files=files,
                subject=together_title(parts),
                body=together_body(parts),
                trailers=together_trailers(parts),
                author=first.actor,
            )
        )
    diff = "".join(each.diff for each in moves)
    notes = tuple(text for each in moves for text in comes_along(each.seen, each.after))
    steps.extend(_merge_request_steps(parts, diff, notes))
    warnings = tuple(text for each in moves for text in warnings_of(each.seen, each.after))
    return Plan(_summary(parts), tuple(steps), diff, tuple(dict.fromkeys(warnings)))


def _moves(parts: tuple[PromotionSeen, ...]) -> Iterator[_Move]:
    for seen in parts:
        delivered = promoted_manifest(seen, seen.target_image)
        before = seen.present.data if seen.present else None
        if before == delivered:
            require_image(seen)
            continue
        after = promoted_manifest(seen, seen.named_image)
        yield _Move(seen, delivered if before == after else after, delivered)


def _require_own_files(moves: tuple[_Move, ...]) -> None:
    owners: dict[str, str] = {}
    for each in moves:
        file, name = each.seen.target_file, each.seen.service.name
        if file in owners:
            raise ManifestRefused(
                f"{owners[file]} and {name} are in one file, which can't be edited for both at once",
                where=file,
                hint="promote them one after the other, without --together",
            )
        owners[file] = name


def _merge_request_steps(parts: tuple[PromotionSeen, ...], diff: str, notes: tuple[str, ...]) -> Iterator[Step]:
    first = parts[0]
    found, target = first.merge_request, first.target
    is_draft = found.draft if found is not None else target.merge_request.draft
    title = f"{_DRAFT if is_draft else ''}{together_title(parts)}"
    description = together_description(parts, diff, notes)
    if found is not None and (found.title, found.description) == (title, description):
        return
    if found is not None:
        # Before the text changes, so that a run that was killed between them still tells reviewers.
        yield Comment(target.repo, found.iid, together_note(parts), first.actor)
    yield OpenMergeRequest(
        target.repo,
        first.branch.name,
        target.branch,
        title,
        description,
        author=first.actor,
        known=found.iid if found is not None else None,
        is_fresh=found is None,
        options=target.merge_request,
    )


def _summary(parts: tuple[PromotionSeen, ...]) -> str:
    return f"{together_title(parts)}: {', '.join(f'{each.service.name} {each.tag}' for each in parts)}"
