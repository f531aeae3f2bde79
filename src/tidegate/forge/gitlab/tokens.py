"""Which token a call to GitLab carries. A token is never printed; where it comes from is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tidegate.errors.forge import JobTokenReadsOnly, TokenMissing
from tidegate.git.remote import basic

FILE_VARIABLE: Final = "TIDEGATE_GITLAB_TOKEN_FILE"
VARIABLE: Final = "GITLAB_TOKEN"
JOB_VARIABLE: Final = "CI_JOB_TOKEN"
INSTEAD: Final = (
    "create a project or group access token (role Maintainer, scopes api and write_repository; on GitLab.com Free, a "
    f"personal one of a user made for it) and store it as the protected, masked CI variable {VARIABLE}"
)
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Token:
    """A token.

    Args:
        value: the secret.
        source: where it comes from, for people: a variable's name, or a file.
        is_job: whether it is a CI job's own token.
    """

    value: str = field(repr=False)
    source: str
    is_job: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields that carry it to the API."""
        return {"JOB-TOKEN": self.value} if self.is_job else {"Authorization": f"Bearer {self.value}"}

    @property
    def git_authorization(self) -> str:
        """The value of `Authorization` for git over HTTP; of the user's name, only the job token's matters."""
        return basic("gitlab-ci-token" if self.is_job else "oauth2", self.value)

    def check_writes(self, where: str) -> None:
        """See that this token may do more than read.

        Raises:
            JobTokenReadsOnly: it may not.
        """
        if self.is_job:
            raise JobTokenReadsOnly(
                f"{self.source} is the only token here, and with it GitLab lets a job only read",
                where=where,
                hint=INSTEAD,
            )


class Tokens:
    """The tokens of an environment.

    Looked for in this order: the project's own variable, the file that `TIDEGATE_GITLAB_TOKEN_FILE` names,
    `GITLAB_TOKEN`, `CI_JOB_TOKEN`.

    Args:
        environ: environment variables.
        by_project: project path → name of the variable that holds its token.
    """

    def __init__(self, environ: Mapping[str, str], by_project: Mapping[str, str] | None = None) -> None:
        self._environ = environ
        self._by_project = by_project or {}

    def of(self, project: str | None) -> Token:
        """Return the token for calls about `project`; None: about groups and users.

        Raises:
            TokenMissing: there is none, or what is configured holds none.
        """
        found = self.find(project)
        if found is None:
            what = "there is no token for GitLab"
            raise TokenMissing(what, where=project, hint=f"set {VARIABLE}, or {FILE_VARIABLE} to a file's name")
        return found

    def find(self, project: str | None) -> Token | None:
        """Return the token for `project`, or None when none is configured.

        Raises:
            TokenMissing: what is configured holds none.
        """
        own = self._by_project.get(project or "")
        if own is not None:
            return Token(_checked(self._environ.get(own, ""), own), own)
        name = self._environ.get(FILE_VARIABLE)
        if name:
            return Token(_checked(_read(name), f"{FILE_VARIABLE} ({name})"), name)
        for variable in (VARIABLE, JOB_VARIABLE):
            value = self._environ.get(variable)
            if value:
                return Token(_checked(value, variable), variable, is_job=variable == JOB_VARIABLE)
        return None


def _read(name: str) -> str:
    try:
        with Path(name).open(encoding="ascii") as file:
            return file.read(_LONGEST + 2)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not plain text"
        what = f"the token's file can't be read: {reason}"
        raise TokenMissing(what, where=name, hint=f"see {FILE_VARIABLE}") from None


def _checked(value: str, source: str) -> str:
    text = value.strip()
    if not text or len(text) > _LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        what = "holds something that is no token" if text else "is empty or not set"
        raise TokenMissing(f"{source} {what}", hint="one line with the token alone, such as glpat-…")
    return text
