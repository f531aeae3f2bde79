"""Doing what a visitor asks for: as that person, where their roles allow it. For the API and for pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidegate.config.settings import LocalForge
from tidegate.engine.deliver import Delivery, deliver_merge_request, planned_delivery
from tidegate.engine.observations import MergeRequestSeen
from tidegate.engine.observe_delivery import observe_delivery
from tidegate.engine.promote import Promoted, promote
from tidegate.engine.together import promote_together
from tidegate.engine.world import World
from tidegate.errors.forge import MergeRequestMissing
from tidegate.errors.server import ApprovedElsewhere
from tidegate.model import MergeRequest
from tidegate.model.json import Json
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.server.access.permissions import Permission
from tidegate.server.access.visitor import Visitor
from tidegate.server.api.talk import Talk
from tidegate.server.parts import Parts
from tidegate.server.step_log import StepLog


@dataclass(frozen=True, slots=True)
class Doer:
    """A visitor who acts. For one request.

    Args:
        parts: the server's.
        visitor: who acts: author of commits, merge requests, approvals and notes.
    """

    parts: Parts
    visitor: Visitor

    def world(self) -> World:
        """Return a world in which the visitor acts."""
        return replace(self.parts.new_world(), actor=self.visitor.user)

    def promote(
        self, service: str, to: str, version: str | None = None, *, separate: bool = False
    ) -> tuple[Promoted, list[dict[str, Json]]]:
        """Have an open merge request that brings a release to `to`; return it, and what was told on the way.

        Raises:
            SignInNeeded, Forbidden: the visitor may not.
            TidegateError: as `engine.promote`.
        """
        self.visitor.require(Permission.PROMOTE, to)
        world = self.world()
        moving, target = world.service(service), world.environment(to)
        key = ServiceKey(moving.name, target.name)
        talk = self._talk(key)
        try:
            promoted = promote(world, moving, target, talk, version, separate=separate)
        finally:
            self.parts.queue.add([key])
        if promoted.merge_request is not None:
            found = promoted.merge_request
            self.parts.queue.add([MergeRequestKey(found.project, found.iid)])
        return promoted, talk.told

    def together(self, services: Sequence[str], to: str) -> tuple[Promoted, list[dict[str, Json]]]:
        """Have one open merge request that brings several services' releases to `to`; return it, and what was told.

        Args:
            services: their names; none for all.
            to: the environment's name.

        Raises:
            SignInNeeded, Forbidden: the visitor may not.
            TidegateError: as `engine.together`.
        """
        self.visitor.require(Permission.PROMOTE, to)
        world = self.world()
        moving, target = [world.service(name) for name in services], world.environment(to)
        talk = self._talk(ServiceKey("(together)", target.name))
        try:
            promoted = promote_together(world, moving, target, talk)
        finally:
            keys = (ServiceKey(each.name, target.name) for each in moving or world.pipeline.services.values())
            self.parts.queue.add([*keys])
        if promoted.merge_request is not None:
            found = promoted.merge_request
            self.parts.queue.add([MergeRequestKey(found.project, found.iid)])
        return promoted, talk.told

    def approve(self, project: str, iid: int, *, head: str | None = None, take_back: bool = False) -> MergeRequest:
        """Give, or take back, the visitor's approval of a merge request.

        Args:
            project: project path on the forge.
            iid: the merge request's number.
            head: what the visitor has seen of it; None: it is approved as it is now.
            take_back: take it back.

        Raises:
            SignInNeeded, Forbidden: the visitor may not.
            HeadMoved: it has another head than `head`, or than the one that the visitor's roles were looked at for.
            ApprovedElsewhere: the forge is not a local one.
            MergeRequestNotOpen: it is merged or closed.
        """
        world, request = self._allowed(Permission.APPROVE, project, iid)
        forge = self.parts.configuration.forge
        if not isinstance(forge, LocalForge):
            raise ApprovedElsewhere(
                "people approve on GitLab, signed in there", hint=f"open the merge request at {forge.url}"
            )
        if take_back:
            found = world.forge.unapprove(project, iid, user=world.actor)
        else:
            found = world.forge.approve(project, iid, user=world.actor, head=head or request.head)
        self.parts.queue.add([MergeRequestKey(project, iid)])
        return found

    def deliver(self, project: str, iid: int, *, dry_run: bool = False) -> tuple[Delivery, list[dict[str, Json]]]:
        """Deliver a merge request if it may go; return what became of it, and what was told on the way.

        Args:
            dry_run: write nothing; it takes no more than a viewer.

        Raises:
            SignInNeeded, Forbidden: the visitor may not.
            TidegateError: as `engine.deliver`.
        """
        world, _ = self._allowed(Permission.VIEW if dry_run else Permission.DELIVER, project, iid)
        if dry_run:
            return planned_delivery(world, project, iid), []
        key = MergeRequestKey(project, iid)
        talk = self._talk(key)

        def allow(seen: MergeRequestSeen) -> None:  # its author may have pushed since it was looked at first
            self.visitor.require(Permission.DELIVER, seen.target.name)

        try:
            return deliver_merge_request(world, project, iid, talk, allow=allow), talk.told
        finally:
            self.parts.queue.add([key])

    def resync(self) -> None:
        """Have everything looked at anew.

        Raises:
            SignInNeeded, Forbidden: the visitor may not.
        """
        self.visitor.require(Permission.RESYNC)
        self.parts.queue.add([EverythingKey()])

    def _talk(self, key: Key) -> Talk:
        return Talk(StepLog(key, self.parts.stopping))

    def _allowed(self, permission: Permission, project: str, iid: int) -> tuple[World, MergeRequest]:
        """Return the world and the merge request, where the visitor may do that in the environment which it moves.

        Whoever may do it nowhere is told so before anything is read. What moves no image of any service, they may touch
        who may do so in every environment of its repository.
        """
        if not any(self.visitor.may(permission, each.name) for each in self.parts.configuration.pipeline.environments):
            self.visitor.require(permission)
        world = self.world()
        require_project(world, project)
        found = world.forge.merge_request(project, iid)
        seen = observe_delivery(world, found)
        here = {each.name for each in world.pipeline.environments if each.repo == project}
        for name in sorted({seen.target.name} if seen else here):
            self.visitor.require(permission, name)
        return world, found


def require_project(world: World, project: str) -> None:
    """Return when a project is an environment's repository.

    Others are nobody's business here: the server's own token may open more on the forge than the visitor's would.

    Raises:
        MergeRequestMissing: it is none.
    """
    if project not in {each.repo for each in world.pipeline.environments}:
        raise MergeRequestMissing(
            f"{project!r} is no environment's repository", hint="/api/v1/services tells the environments and theirs"
        )
