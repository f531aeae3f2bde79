"""A cell's drawer as the page shows it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tidegate.config import ForgeSettings, GitLabForge
from tidegate.engine.views.cell_detail import CellDetail, Commits
from tidegate.engine.views.explanation import has
from tidegate.engine.views.timeline import Stay
from tidegate.model import Answer, MergeRequest, Reason
from tidegate.server.access.visitor import Visitor
from tidegate.server.pages.actions import Action, actions_for
from tidegate.server.pages.clauses import Piece, cell_url, gate_anchor, linked
from tidegate.server.pages.forge_pages import commit_url, compare_url, evidence_url, merge_request_url
from tidegate.server.pages.image_view import ImageView, image_view
from tidegate.server.pages.live_view import LiveView, live_view
from tidegate.server.pages.request_view import RequestView, request_view
from tidegate.server.pages.spans import age, span

_GATES: Final = {Answer.GO: ("✓", "Go"), Answer.WAIT: ("◐", "Wait"), Answer.NO: ("✕", "No")}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a unified diff: what it is (`add`, `remove`, `hunk`, `file` or `keep`), and its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class GateRow:
    """What one gate found.

    Args:
        pieces: why; what it names as evidence is a link where that has a page.
        evidence: the same where the sentence does not name it.
    """

    id: str
    gate: str
    answer: str
    glyph: str
    word: str
    pieces: tuple[Piece, ...]
    evidence: Piece | None
    hint: str | None


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
    """One line of the history; merge request and commit each with its page, where the forge has one."""

    tag: str
    since: str
    ago: str
    lasted: str | None
    actor: str
    merge_request: str | None
    url: str | None
    commit: str
    commit_url: str | None


@dataclass(frozen=True, slots=True)
class DetailView:
    """The drawer.

    Args:
        sentence: why, as `tidegate why` says it.
        actions: the buttons.
        request: the open merge request; None: there is none.
        command: the command line that tells the same.
        live: what runs; None where nobody looks.
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
    brought_by_url: str | None
    command: str
    request: RequestView | None
    actions: tuple[Action, ...]
    gates: tuple[GateRow, ...]
    diff: tuple[DiffLine, ...]
    images: tuple[ImageView, ...]
    commits: CommitsView | None
    stays: tuple[StayRow, ...]
    faults: tuple[tuple[str, str | None], ...]
    live: LiveView | None = None


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
    verdict = explanation.verdict if explanation else None
    return DetailView(
        service=service,
        environment=environment,
        url=cell_url(service, environment),
        sentence=explanation.sentence if explanation else has(cell),
        tag=cell.tag,
        since=cell.since.isoformat() if cell.since else None,
        ago=age(cell.since, now),
        actor=cell.actor,
        brought_by=cell.merge_request,
        brought_by_url=merge_request_url(forge, cell.merge_request),
        command=shlex.join(
            ("tidegate", *(("why", service, "--in", environment) if explanation else ("status", service)))
        ),
        request=request_view(found, now) if found else None,
        actions=actions_for(visitor, detail, approves=not has_pages),
        gates=tuple(_gate(each, found, forge) for each in verdict.reasons) if verdict and found else (),
        diff=tuple(diff_lines(detail.diff)),
        images=tuple(image_view(each) for each in detail.images),
        commits=_commits(detail.commits, cell.service.source, forge) if detail.commits else None,
        stays=tuple(_stay(each, cell.environment.repo, forge, now) for each in detail.stays),
        faults=tuple((str(each), each.hint) for each in detail.faults),
        live=live_view(cell.live, now) if cell.live else None,
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


def _gate(reason: Reason, found: MergeRequest, forge: ForgeSettings) -> GateRow:
    glyph, word = _GATES[reason.answer]
    pieces: tuple[Piece, ...] = (Piece(reason.text),)
    beside = None
    if reason.evidence is not None:
        url = evidence_url(forge, found, reason.evidence)
        if reason.evidence not in reason.text:
            beside = Piece(reason.evidence, url)
        elif url is not None:
            pieces = linked(pieces[0], reason.evidence, url)
    return GateRow(gate_anchor(reason.gate), reason.gate, reason.answer.value, glyph, word, pieces, beside, reason.hint)


def _commits(commits: Commits, source: str | None, forge: ForgeSettings) -> CommitsView:
    return CommitsView(
        commits.since[:12],
        commits.until[:12],
        compare_url(forge, source, commits.since, commits.until),
        tuple((each.id[:12], each.message.partition("\n")[0]) for each in commits.found),
        str(commits.fault) if commits.fault else None,
    )


def _stay(stay: Stay, repo: str, forge: ForgeSettings, now: datetime) -> StayRow:
    return StayRow(
        stay.tag,
        stay.since.isoformat(),
        span(now - stay.since),
        span(stay.until - stay.since) if stay.until else None,
        stay.actor,
        stay.merge_request,
        merge_request_url(forge, stay.merge_request),
        stay.commit[:12],
        commit_url(forge, repo, stay.commit),
    )
