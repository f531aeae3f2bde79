"""A cell's drawer as the page shows it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from tidegate.config import ForgeSettings, GitLabForge
from tidegate.engine.cell_detail import CellDetail, Commits, ImageSeen
from tidegate.engine.explanation import trouble
from tidegate.engine.timeline import Stay
from tidegate.model import Answer, Reason
from tidegate.model.image_node import ImageNode
from tidegate.server.access.visitor import Visitor
from tidegate.server.pages.actions import Action, actions_for
from tidegate.server.pages.clauses import cell_url, gate_anchor
from tidegate.server.pages.spans import age, span

_ROLES: Final = {"has": "It has", "source": "Promoted from", "moving": "On its way"}
_GATES: Final = {Answer.GO: ("✓", "Go"), Answer.WAIT: ("◐", "Wait"), Answer.NO: ("✕", "No")}
_ATTACHED: Final = (
    ("sig", "signature"),
    ("sbom", "SBOM"),
    ("spdx", "SBOM"),
    ("cyclonedx", "SBOM"),
    ("in-toto", "attestation"),
    ("att", "attestation"),
)
"""What is in a referrer's artifact type or cosign tag → what people call it; the first that fits."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified diff: what it is (`add`, `remove`, `hunk`, `file` or `keep`), and its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class GateRow:
    """What one gate found."""

    id: str
    gate: str
    answer: str
    glyph: str
    word: str
    text: str
    evidence: str | None
    url: str | None
    hint: str | None


@dataclass(frozen=True, slots=True)
class ImageView:
    """An image.

    Args:
        role: what it is to this cell.
        reference: host, repository and tag.
        digest: all of it.
        platforms: `os/architecture`; empty where it can't be told.
        attached: what is attached to it, in words, each with its digest.
        created_from: the commit that it was built from, or None.
        fault: why it can't be read.
    """

    role: str
    reference: str
    digest: str
    platforms: tuple[str, ...]
    attached: tuple[tuple[str, str], ...]
    created_from: str | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class CommitsView:
    """The commits that would come: from, to, a page that compares them, and their first lines."""

    since: str
    until: str
    url: str | None
    lines: tuple[tuple[str, str], ...]
    fault: str | None


@dataclass(frozen=True, slots=True)
class StayRow:
    """One line of the history."""

    tag: str
    since: str
    ago: str
    lasted: str | None
    actor: str
    merge_request: str | None
    commit: str


@dataclass(frozen=True, slots=True)
class DetailView:
    """The drawer.

    Args:
        sentence: why, as `tidegate why` says it.
        actions: the buttons.
        request: reference, title, page and pipelines' page of the open merge request; None: there is none.
        command: the command line that tells the same.
    """

    service: str
    environment: str
    url: str
    sentence: str
    tag: str | None
    since: str | None
    ago: str | None
    actor: str | None
    brought_by: str | None
    command: str
    request: tuple[str, str, str | None, str | None] | None
    actions: tuple[Action, ...]
    gates: tuple[GateRow, ...]
    diff: tuple[DiffLine, ...]
    images: tuple[ImageView, ...]
    commits: CommitsView | None
    stays: tuple[StayRow, ...]
    faults: tuple[tuple[str, str | None], ...]


def detail_view(detail: CellDetail, visitor: Visitor, forge: ForgeSettings, now: datetime) -> DetailView:
    """Return the drawer of a cell.

    Args:
        detail: what was read.
        visitor: who looks.
        forge: where merge requests are, for its pages.
        now: what time it is (UTC).
    """
    cell, explanation, found = detail.cell, detail.explanation, detail.merge_request
    service, environment = cell.service.name, cell.environment.name
    has_pages = isinstance(forge, GitLabForge)
    pipelines = f"{found.web_url}/pipelines" if found and found.web_url and has_pages else None
    verdict = explanation.verdict if explanation else None
    return DetailView(
        service=service,
        environment=environment,
        url=cell_url(service, environment),
        sentence=explanation.sentence if explanation else trouble(cell) or f"{environment} has {service} {cell.tag}",
        tag=cell.tag,
        since=cell.since.isoformat() if cell.since else None,
        ago=age(cell.since, now),
        actor=cell.actor,
        brought_by=cell.merge_request,
        command=f"tidegate why {service} --in {environment}" if explanation else f"tidegate status {service}",
        request=(found.ref, found.title, found.web_url, pipelines) if found else None,
        actions=actions_for(visitor, detail, approves=not has_pages),
        gates=tuple(
            _gate(each, found.web_url if found else None, found.ref if found else "") for each in verdict.reasons
        )
        if verdict
        else (),
        diff=tuple(diff_lines(detail.diff)),
        images=tuple(_image(each) for each in detail.images),
        commits=_commits(detail.commits, cell.service.source, forge) if detail.commits else None,
        stays=tuple(_stay(each, now) for each in detail.stays),
        faults=tuple((str(each), each.hint) for each in detail.faults),
    )


def diff_lines(diff: str) -> Iterator[DiffLine]:
    """Yield the lines of a unified diff, each with what it is."""
    in_hunk = False
    for line in diff.rstrip("\n").split("\n") if diff else ():
        if line.startswith("@@"):
            in_hunk = True
            yield DiffLine("hunk", line)
        elif not in_hunk or line.startswith("diff --git "):
            in_hunk = False
            yield DiffLine("file", line)
        else:
            yield DiffLine({"+": "add", "-": "remove"}.get(line[:1], "keep"), line)


def attached_as(node: ImageNode) -> str:
    """Return what people call something that is attached to an image."""
    kind = f"{node.artifact_type or ''} {node.tag or ''}".casefold()
    return next((word for part, word in _ATTACHED if part in kind), node.artifact_type or "artifact")


def compare_url(forge: ForgeSettings, source: str | None, since: str, until: str) -> str | None:
    """Return the forge's page that compares two commits of a service's source; None where it has none."""
    if not isinstance(forge, GitLabForge) or source is None or ":" in source or source.startswith("/"):
        return None
    return f"{forge.url.rstrip('/')}/{quote(source)}/-/compare/{quote(since, safe='')}...{quote(until, safe='')}"


def _gate(reason: Reason, url: str | None, ref: str) -> GateRow:
    glyph, word = _GATES[reason.answer]
    is_request = reason.evidence == ref
    return GateRow(
        gate_anchor(reason.gate),
        reason.gate,
        reason.answer.value,
        glyph,
        word,
        reason.text,
        reason.evidence,
        url if is_request else None,
        reason.hint,
    )


def _image(seen: ImageSeen) -> ImageView:
    node = seen.node
    children = [each for each in node.children if each.platform] if node else []
    return ImageView(
        role=_ROLES[seen.role],
        reference=f"{seen.image.name}:{seen.image.tag}" if seen.image.tag else seen.image.name,
        digest=str(seen.image.digest or ""),
        platforms=tuple(each.platform for each in children if each.platform),
        attached=tuple(_attached(node)) if node else (),
        created_from=node.label("org.opencontainers.image.revision") if node else None,
        fault=str(seen.fault) if seen.fault else None,
    )


def _attached(node: ImageNode) -> Iterator[tuple[str, str]]:
    for each in node.referrers:
        yield attached_as(each), str(each.manifest.digest)
    for child in node.children:
        yield from _attached(child)


def _commits(commits: Commits, source: str | None, forge: ForgeSettings) -> CommitsView:
    return CommitsView(
        commits.since[:12],
        commits.until[:12],
        compare_url(forge, source, commits.since, commits.until),
        tuple((each.id[:12], each.message.partition("\n")[0]) for each in commits.found),
        str(commits.fault) if commits.fault else None,
    )


def _stay(stay: Stay, now: datetime) -> StayRow:
    return StayRow(
        stay.tag,
        stay.since.isoformat(),
        span(now - stay.since),
        span(stay.until - stay.since) if stay.until else None,
        stay.actor,
        stay.merge_request,
        stay.commit[:12],
    )
