"""Observations: what was seen of the world, as values. Deciding and planning read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tidegate.engine.declared import DeclaredRelease
from tidegate.errors import TidegateError
from tidegate.flux import ImageSite
from tidegate.model import Commit, Digest, Environment, ImageRef, MergeRequest, Pipeline, Rewrite, Service, Version


@dataclass(frozen=True, slots=True)
class BranchSeen:
    """The branch that a promotion uses.

    Args:
        name: `tidegate/<service>/to-<environment>`.
        head: its head, or None when there is no such branch.
        file: bytes of the promoted file at the head, or None.
        digest: what the head's `Tidegate-Digest` trailer says of the service, or "".
        file_below: bytes of the target's file where the branch left the target's branch, or None.
        foreign: commits on it that Tidegate did not write, so that it must not be replaced.
    """

    name: str
    head: str | None
    file: bytes | None = None
    digest: str = ""
    file_below: bytes | None = None
    foreign: tuple[Commit, ...] = ()


@dataclass(frozen=True, slots=True)
class PromotionSeen:
    """What a promotion is planned from.

    Args:
        service: what moves.
        source: where it comes from.
        target: where it goes.
        release: the source's release.
        digest: what the release's tag holds now.
        version: the release version without candidate numbers.
        tag: the tag that the release gets in the target.
        held: what that tag holds in the target's registry now; None when it does not exist.
        target_head: head of the target's branch.
        target_file: the path that the target's HelmRelease has or will have.
        present: what the target declares, or None at a first promotion.
        branch: the promotion's branch.
        merge_request: the open merge request from that branch, or None.
        actor: who is acting.
        pipeline: the accounts that there are.
    """

    service: Service
    source: Environment
    target: Environment
    release: DeclaredRelease
    digest: Digest
    version: Version
    tag: str
    held: Digest | None
    target_head: str
    target_file: str
    present: DeclaredRelease | None
    branch: BranchSeen
    merge_request: MergeRequest | None
    actor: str
    pipeline: Pipeline

    @property
    def source_image(self) -> ImageRef:
        """The release's image, pinned to the digest."""
        return self.release.image.with_digest(self.digest)

    @property
    def target_image(self) -> ImageRef:
        """The image as the target names it, pinned to the digest."""
        return ImageRef(self.target.registry.host, self.service.image, self.tag, self.digest)

    @property
    def named_image(self) -> ImageRef:
        """The image that the merge request names: the target's, or the source's until it is approved."""
        return self.source_image if self.target.rewrite is Rewrite.ON_APPROVAL else self.target_image


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a merge request's image was found in the source environment.

    Args:
        release: the source environment's release that it is.
        since: when the source environment got it (UTC).
        digest: what its tag holds now; None when the tag does not exist.
        version: the release version.
        until: when the source environment got another one (UTC); None: it has it.
        delivered: the digest that was delivered to the source environment; None where nothing recorded one.
    """

    release: DeclaredRelease
    since: datetime
    digest: Digest | None
    version: Version
    until: datetime | None = None
    delivered: Digest | None = None


@dataclass(frozen=True, slots=True)
class DeliverySeen:
    """One service's part of a merge request.

    Args:
        service: what moves.
        source: where it comes from.
        target: where it goes.
        proposed: what the merge request's head declares; None when `fault` says why it can't be read.
        fault: what is wrong with the manifest, or None.
        names_source: the manifest names the source image, so that it must be rewritten.
        foreign_markers: where it brings a setter marker out of an automatic environment; a rewrite leaves them out.
        origin: the release of the source environment that it is; None when the source never had it.
        recorded: the digest that the merge request recorded when it was opened, or None.
        target_image: the image as the target will name it, or None when it can't be told.
        target_digest: what the target's tag holds now; None when it does not exist.
        rightful_tag: the tag that the image is to have in the target; the manifest's own unless its number is wrong.
        stranded: other images that the manifest names in an account of the pipeline that is not the target's.
        not_kept: paths that `keep:` names, written with dots, at which it does not say what the target has there.
        is_first: the target has nothing of the service yet.
    """

    service: Service
    source: Environment
    target: Environment
    proposed: DeclaredRelease | None
    fault: TidegateError | None = None
    names_source: bool = False
    foreign_markers: tuple[ImageSite, ...] = ()
    origin: Origin | None = None
    recorded: Digest | None = None
    target_image: ImageRef | None = None
    target_digest: Digest | None = None
    rightful_tag: str | None = None
    stranded: tuple[ImageSite, ...] = ()
    not_kept: tuple[str, ...] = ()
    is_first: bool = False


@dataclass(frozen=True, slots=True)
class MergeRequestSeen:
    """A merge request and everything that decides about it.

    Args:
        merge_request: as the forge shows it.
        target: the environment whose rules hold.
        deliveries: the services that it moves, at least one.
        reviewed: heads at which an approval counts: the head, below Tidegate's own rewrite its parent, and what
            either of them is a rebase of.
        committers: names and e-mail addresses, in small letters, of who committed to the branch, Tidegate's own
            commits left out. Git proves none of them.
        members: `group:…` and `user:…` of the rule → the user names that it stands for; empty where nobody approved.
        now: when it was looked at (UTC).
        outside: changed files that are in no folder of the services that it moves.
        unread: it has more commits than are looked at, so that not every committer is known.
        extra: where no approval is asked for, the changed files that are more than the move of an image.
        overtaken: files of the services that the target's branch has changed since the merge request began.
    """

    merge_request: MergeRequest
    target: Environment
    deliveries: tuple[DeliverySeen, ...]
    reviewed: frozenset[str]
    committers: frozenset[str]
    members: Mapping[str, frozenset[str]]
    now: datetime
    outside: tuple[str, ...] = ()
    unread: bool = False
    extra: tuple[str, ...] = ()
    overtaken: tuple[str, ...] = ()

    @property
    def rewritten(self) -> bool:
        """Whether the head is no more than Tidegate's own rewrite of what was reviewed, or its rebase."""
        return len(self.reviewed) > 1
