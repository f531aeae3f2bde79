"""FakeGitLab: what a GitLab does about merge requests, over real bare repositories."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import count
from pathlib import Path

from tidegate.ports.clock import Clock
from tidegate.testing.gitlab.events import (
    Event,
    addressed,
    merge_request_event,
    note_event,
    pipeline_event,
    push_event,
)
from tidegate.testing.gitlab.messages import Answer, Call, Exchange, Json, Request
from tidegate.testing.gitlab.repository import BareRepository
from tidegate.testing.gitlab.state import (
    Access,
    ApprovalRule,
    Group,
    Membership,
    MergeRequest,
    Note,
    Pipeline,
    Project,
    User,
    Version,
    Wish,
)


@dataclass(slots=True)
class Fault:
    """What goes wrong with the coming calls of a kind.

    Args:
        method: of the calls.
        template: their route, e.g. `/projects/{id}/merge_requests`.
        answer: what is answered instead; None hangs up.
        done: whether what was asked for is done all the same.
        times: how many calls.
    """

    method: str
    template: str
    answer: Answer | None
    done: bool = False
    times: int = 1


def _nothing(moment: str, request: Request) -> None:
    """Let a push be."""


@dataclass(slots=True)
class FakeGitLab:
    """A GitLab in memory; serve it with `serve`.

    Args:
        root: folder of the repositories, `PROJECT.git` each.
        clock: for times.
        premium: Premium's approval rules instead of Free's, where approvals gate nothing.
        checks: how many looks at a merge request see GitLab still working out whether it can be merged.

    Attributes:
        calls: what was called, in order.
        pushes: how often something was pushed by git.
        confirmed: how often the caller had the answer already (ETag).
        exchanges: calls and their answers, in order; without those that a fault answered.
        events: what webhooks are to be told, the oldest first; see `webhooks.deliver`.
        pusher: who pushed last.
        faults: what goes wrong with coming calls.
        around_push: called when a push has come (`received`), and when its refs are moved (`moved`).
        before: what happens before coming calls, one each; to race with them.
    """

    root: Path
    clock: Clock
    premium: bool = False
    checks: int = 0
    url: str = "http://gitlab.invalid"
    calls: list[Call] = field(default_factory=list)
    pushes: int = 0
    confirmed: int = 0
    exchanges: list[Exchange] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    pusher: User | None = None
    faults: list[Fault] = field(default_factory=list)
    before: dict[tuple[str, str], Callable[[], object]] = field(default_factory=dict)
    around_push: Callable[[str, Request], None] = _nothing
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    tokens: dict[str, Access] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    numbers: count[int] = field(default_factory=lambda: count(1000))

    def user(self, username: str, *, bot: bool = False) -> User:
        """Return the user of that name, made when there is none."""
        return self.users.setdefault(username, User(next(self.numbers), username, bot=bot))

    def token(self, username: str, *, scope: str = "api", revoked: bool = False) -> str:
        """Return a new token of a user."""
        token = f"glpat-{secrets.token_hex(10)}"
        self.tokens[token] = Access(self.user(username), scope, revoked)
        return token

    def group(self, path: str, *usernames: str, expires: date | None = None) -> Group:
        """Return the group at `path`, with these users among its direct members."""
        group = self.groups.setdefault(path, Group(next(self.numbers), path))
        group.members += [Membership(self.user(name), expires=expires) for name in usernames]
        return group

    def project(self, path: str) -> Project:
        """Return the project at `path`, whose repository is `root/path.git`."""
        if path not in self.projects:
            self.projects[path] = Project(next(self.numbers), path, BareRepository(self.root / f"{path}.git"))
        return self.projects[path]

    def open(self, project: Project, request: MergeRequest, head: str = "") -> MergeRequest:
        """Take in a new merge request, whose branches exist; of one from a fork, the head is given."""
        self._push(project, request, head or project.repository.heads()[request.source])
        project.requests[request.iid] = request
        project.known = {}
        self.tell(project, request, "open", request.author)
        return request

    def refresh(self, project: Project) -> None:
        """Notice what was pushed: new heads, and what is in the target branch already."""
        heads = project.repository.heads()
        if heads == project.known:
            return
        for branch in sorted({*heads, *project.known} if project.known else ()):
            if heads.get(branch) != project.known.get(branch):
                self._tell_push(project, branch, project.known.get(branch, ""), heads.get(branch, ""))
        project.known = heads
        for request in project.requests.values():
            if request.state != "opened":
                continue
            source, target = self._source(request, heads), heads.get(request.target)
            if source is not None and source != request.head:
                old = request.head
                self._push(project, request, source)
                self.tell(project, request, "update", self.pusher or request.author, oldrev=old)
                if self.premium and project.reset_approvals_on_push:
                    request.approvals.clear()
            if request.seen_at != (source, target):
                request.seen_at, request.checks = (source, target), self.checks
            if target is not None and project.repository.merge_base(request.head, target) == request.head:
                self.finish(project, request, project.repository.arrival(request.head, target), request.author)
        self.advance(project)

    def status(self, project: Project, request: MergeRequest, *, looks: bool = False) -> str:
        """Return `detailed_merge_status`; with `looks`, GitLab gets on with working it out."""
        if request.state != "opened":
            return "not_open"
        if request.checks:
            request.checks -= looks
            return "checking" if request.prepared else "preparing"
        request.prepared = request.prepared or self.clock.now()
        return self._obstacle(project, request) or "mergeable"

    def merge(self, project: Project, request: MergeRequest, wish: Wish) -> None:
        """Merge what is mergeable, as the project's merge method wants."""
        repository, name, at = project.repository, wish.user.username, self.clock.now()
        target, head = repository.heads()[request.target], request.head
        tree = repository.merged_tree(target, head)
        if tree is None:
            raise AssertionError("this is not mergeable")
        if wish.squash or request.squash:
            text = wish.squash_message or request.title
            base = repository.merge_base(head, target) or target
            head = repository.commit(repository.tree(head), (base,), text, name=name, at=at)
            request.squash_commit = head
        commit: str | None = None
        if project.merge_method != "ff":
            text = wish.message or f"Merge branch '{request.source}' into '{request.target}'"
            commit = repository.commit(tree, (target, head), text, name=name, at=at)
        repository.move(request.target, commit or head, target)
        if wish.remove_source or request.remove_source:
            repository.remove(request.source)
        self.finish(project, request, commit, wish.user)

    def advance(self, project: Project) -> None:
        """Do what GitLab does by itself: end what a push has overtaken, merge what waited for its pipeline."""
        for request in project.requests.values():
            wish = request.scheduled
            if request.state != "opened" or wish is None:
                continue
            if wish.sha != request.head:
                self.unschedule(project, request)
            elif not wish.train and self.status(project, request) == "mergeable":
                self.merge(project, request, wish)

    def depart(self, project: Project) -> None:
        """Merge what is on the merge train, in order; what can't be merged is taken off."""
        for iid in tuple(project.train):
            request = project.requests[iid]
            wish = request.scheduled
            if wish is not None and wish.sha == request.head and self.status(project, request) == "mergeable":
                self.merge(project, request, wish)
            self.unschedule(project, request)

    @staticmethod
    def unschedule(project: Project, request: MergeRequest) -> None:
        """Cancel auto-merge, or take a merge request off its train."""
        request.scheduled = None
        project.train[:] = [iid for iid in project.train if iid != request.iid]

    def finish_rebase(self, project: Project, request: MergeRequest) -> None:
        """Rebase a merge request, in its time."""
        if not request.rebasing or request.rebased_by is None:
            return
        request.rebasing -= 1
        if request.rebasing:
            return
        repository, heads = project.repository, project.repository.heads()
        onto, name = heads[request.target], request.rebased_by.username
        top = repository.rebased(request.head, onto, name=name, at=self.clock.now())
        if top is None:
            request.error = "Rebase failed: Rebase locally, resolve all conflicts, then push the branch."
            return
        repository.move(request.source, top, heads[request.source])
        self.refresh(project)

    def finish(self, project: Project, request: MergeRequest, commit: str | None, user: User) -> None:
        """Have a merge request merged by `commit`; None: by moving the target branch alone."""
        request.state, request.merge_commit, request.merged_by = "merged", commit, user
        request.merged_at = request.updated = self.clock.now()
        self.note(request, user, "merged", system=True)
        self.tell(project, request, "merge", user)

    def tell(self, project: Project, request: MergeRequest, action: str, user: User, *, oldrev: str = "") -> None:
        """Have webhooks told what somebody did with a merge request."""

        def body() -> dict[str, Json]:
            return merge_request_event(project, request, user, self.url, action=action, oldrev=oldrev)

        self.events += addressed(project, "merge_request", body)

    def tell_note(self, project: Project, request: MergeRequest, note: Note) -> None:
        """Have webhooks told of a note."""
        self.events += addressed(project, "note", lambda: note_event(project, request, note, self.url))

    def _tell_push(self, project: Project, branch: str, old: str, new: str) -> None:
        if branch in project.untold:
            project.untold.discard(branch)
            return
        self.events += addressed(
            project, "push", lambda: push_event(project, self.pusher, self.url, branch, old=old, new=new)
        )

    def pipeline(self, project: Project, sha: str, ref: str, user: User, *, source: str) -> Pipeline:
        """Add a pipeline."""
        made = Pipeline(next(self.numbers), len(project.pipelines) + 1, sha, ref, source, user, self.clock.now())
        project.pipelines.append(made)
        return made

    def tell_pipeline(self, project: Project, pipeline: Pipeline) -> None:
        """Have webhooks told of a pipeline's status."""
        self.events += addressed(project, "pipeline", lambda: pipeline_event(project, pipeline, self.url))

    def note(self, request: MergeRequest, user: User, body: str, *, system: bool = False) -> Note:
        """Add a note."""
        note = Note(next(self.numbers), user, body, self.clock.now(), system)
        request.notes.append(note)
        return note

    def leave(self, username: str) -> None:
        """Block a user."""
        self.user(username).state = "blocked"

    def now(self) -> datetime:
        """Return the present moment."""
        return self.clock.now()

    @staticmethod
    def _source(request: MergeRequest, heads: Mapping[str, str]) -> str | None:
        """Return the source branch's head; nothing is ever pushed to a fork."""
        return heads.get(request.source) if request.fork is None else request.head

    def _obstacle(self, project: Project, request: MergeRequest) -> str:
        heads = project.known
        if self._source(request, heads) is None or request.target not in heads:
            return "commits_status"
        if project.repository.merged_tree(heads[request.target], request.head) is None:
            return "conflict"
        if request.draft:
            return "draft_status"
        if not self.is_approved(project, request):
            return "not_approved"
        behind = project.merge_method != "merge" and not project.repository.is_below(
            heads[request.target], request.head
        )
        return self._pipeline_obstacle(project, request) or project.blocked_by or ("need_rebase" if behind else "")

    def is_approved(self, project: Project, request: MergeRequest) -> bool:
        """Return whether Premium's rules have their approvals; on Free nothing asks for any."""
        if not self.premium:
            return True
        rules = (ApprovalRule("", project.approvals_required), *project.rules)
        return all(len(rule.approvers(request)) >= rule.required for rule in rules)

    @staticmethod
    def _pipeline_obstacle(project: Project, request: MergeRequest) -> str:
        """Return what stands in the way where pipelines must succeed: the head's newest counts."""
        if not project.pipelines_must_succeed:
            return ""
        if project.lagging:
            project.lagging -= 1
            return "ci_still_running"
        newest = project.head_pipeline(request)
        status = project.status_of(newest) if newest else "missing"
        if status in {"created", "pending", "running"}:
            return "ci_still_running"
        return "" if status == "success" else "ci_must_pass"

    def _push(self, project: Project, request: MergeRequest, head: str) -> None:
        target = project.repository.heads().get(request.target, head)
        base = project.repository.merge_base(head, target) or target
        request.versions.append(Version(next(self.numbers), head, base, target, self.clock.now()))
        request.updated = self.clock.now()
