"""GitLabRemotes: GitLab's repositories over HTTP, each with the token that its project is governed by."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tidegate.forge.gitlab.tokens import Tokens
from tidegate.git.remote import ProjectRemotes, Remote


@dataclass(frozen=True, slots=True)
class GitLabRemotes(ProjectRemotes):
    """`URL/PROJECT.git`, with the token in a header. Without one, git's own ways to authenticate are left.

    Args:
        tokens: which token is for which project.
    """

    tokens: Tokens = field(repr=False)

    @property
    def branches_at_once(self) -> int:
        """How many branches one push may move: of more, GitLab tells no webhook, and begins few of their pipelines.

        `push_event_hooks_limit` in its Settings API, and `PIPELINE_PROCESS_LIMIT` in `Git::ProcessRefChangesService`.
        """
        return 3

    def require_writable(self, project: str) -> None:
        """Do nothing when the project's token may do more than read.

        Raises:
            JobTokenReadsOnly: it is a job's. GitLab may let it push, and never open what is pushed as a merge request.
        """
        token = self.tokens.find(project)
        if token is not None:
            token.check_writes(project)

    def remote(self, project: str) -> Remote:
        """Return the remote of `project`, e.g. `platform/gitops`.

        Raises:
            InvalidProject, UnsafeRemote: see `ProjectRemotes`.
            TokenMissing: a token is configured and not there.
        """
        remote = ProjectRemotes(self.base).remote(project)
        token = self.tokens.find(project)
        return remote if token is None else replace(remote, authorization=token.git_authorization)
