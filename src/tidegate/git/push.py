"""Pushing as a compare-and-swap: `git push --porcelain --force-with-lease` (git-push, 'OUTPUT')."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from tidegate.errors import TidegateError
from tidegate.errors.git import GitFailed, LeaseLost, PushRefused
from tidegate.git.failures import failure, first_line
from tidegate.git.program import Finished, Git
from tidegate.git.remote import Remote

_MOVED: Final = re.compile(
    r"stale info|fetch first|non-fast-forward|already exists|needs force|cannot lock ref|failed to update ref"
    r"|failed to delete|incorrect old value|remote ref updated|expected|atomic transaction failed",
    re.IGNORECASE,
)
"""Reasons that mean: the ref was not where it was expected to be."""

_FOLLOWS: Final = re.compile(r"atomic push fail", re.IGNORECASE)
"""The reason of a ref that was held back only because another one of an atomic push was rejected."""

_IN_THE_WAY: Final = re.compile(r"exists; cannot create|refname conflict", re.IGNORECASE)
"""A branch `a` is in the way of `a/b`: no retry helps, though git calls it a failed update."""


_GONE: Final = re.compile(r"unable to delete '[^']*': remote ref does not exist")
"""git says this without a porcelain line."""


class Outcome(Enum):
    """What a push did to one ref. The values are git's flags."""

    CREATED = "*"
    FORWARDED = " "
    FORCED = "+"
    DELETED = "-"
    UNCHANGED = "="
    REJECTED = "!"


@dataclass(frozen=True, slots=True)
class RefUpdate:
    """One ref to move.

    Args:
        ref: full name, e.g. `refs/heads/main`.
        new: the object that it is to name; None to delete it.
        expected: what it must name now; None when it must not exist.
    """

    ref: str
    new: str | None
    expected: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a push says of one ref: `[rejected] (stale info)` and the like stand in the summary."""

    outcome: Outcome
    ref: str
    summary: str


def push(git: Git, folder: Path, remote: Remote, updates: Sequence[RefUpdate]) -> tuple[Outcome, ...]:
    """Move refs on the remote, all or none, each only if it is where it is expected; return what happened, in order.

    A ref that is at its new value already is `UNCHANGED`, whatever was expected: an earlier push did it.

    Args:
        git: the program.
        folder: the repository that has the objects.
        remote: where the refs are.
        updates: at least one.

    Raises:
        LeaseLost: a ref was elsewhere. Nothing was written.
        PushRefused: the remote refused: a protected branch or a hook. Nothing was written.
        RepositoryMissing, GitUnauthorized, RemoteUnreachable: from `tidegate.errors.git`.
    """
    finished, answers = _push(git, folder, remote, updates, atomic=len(updates) > 1)
    rejected = [answer for answer in answers.values() if answer.outcome is Outcome.REJECTED]
    if rejected:
        raise rejection(rejected, finished.err, remote)
    if _GONE.search(finished.err):
        raise LeaseLost("a branch to be deleted is gone already", where=remote.url, hint="look again")
    if finished.status != 0 or any(update.ref not in answers for update in updates):
        raise failure("push", finished.err, remote)
    return tuple(answers[update.ref].outcome for update in updates)


def push_each(
    git: Git, folder: Path, remote: Remote, updates: Sequence[RefUpdate]
) -> tuple[Outcome | TidegateError, ...]:
    """Move refs on the remote in one exchange, each by itself; return what happened to each, in order.

    Args:
        git: the program.
        folder: the repository that has the objects.
        remote: where the refs are.
        updates: none of which deletes a ref.

    Returns:
        For each what `push` returns or raises of it alone. A hook that refuses one may have refused all.

    Raises:
        RepositoryMissing, GitUnauthorized, RemoteUnreachable: from `tidegate.errors.git`.
    """
    finished, answers = _push(git, folder, remote, updates, atomic=False)
    if any(update.ref not in answers for update in updates):
        raise failure("push", finished.err, remote)
    found = [answers[update.ref] for update in updates]
    return tuple(
        rejection([answer], finished.err, remote) if answer.outcome is Outcome.REJECTED else answer.outcome
        for answer in found
    )


def _push(
    git: Git, folder: Path, remote: Remote, updates: Sequence[RefUpdate], *, atomic: bool
) -> tuple[Finished, dict[str, Answer]]:
    arguments = ["push", "--porcelain", "--no-verify", "--no-signed", "--no-follow-tags"]
    if atomic:
        arguments.append("--atomic")
    arguments += [f"--force-with-lease={update.ref}:{update.expected or ''}" for update in updates]
    refspecs = [f"{update.new or ''}:{update.ref}" for update in updates]
    finished = git.run(*arguments, "--", remote.url, *refspecs, folder=folder, remote=remote, fine=frozenset({0, 1}))
    return finished, {answer.ref: answer for answer in parse_porcelain(finished.out)}


def parse_porcelain(out: bytes) -> list[Answer]:
    """Return one answer per ref: lines of `FLAG TAB FROM:TO TAB SUMMARY`; other lines are talk."""
    answers = []
    for line in out.decode("utf-8", "replace").splitlines():
        flag, _, rest = line.partition("\t")
        refs, tab, summary = rest.partition("\t")
        if tab and flag in {outcome.value for outcome in Outcome}:
            answers.append(Answer(Outcome(flag), refs.partition(":")[2], summary))
    return answers


def rejection(rejected: Sequence[Answer], said: str, remote: Remote) -> TidegateError:
    """Return the error for the refs that were rejected.

    Args:
        rejected: at least one.
        said: git's standard error, with what the server's hooks printed.
        remote: what was pushed to.
    """
    cause = next((answer for answer in rejected if not _FOLLOWS.search(answer.summary)), rejected[0])
    name = cause.ref.removeprefix("refs/heads/")
    summary = first_line(cause.summary)
    if _IN_THE_WAY.search(said):
        return PushRefused(
            f"{name} can't be created: another branch's name is in its way",
            where=remote.url,
            hint="delete the branch whose name is the beginning of this one's",
        )
    if _MOVED.search(cause.summary):
        return LeaseLost(f"{name} moved since it was read: {summary}", where=remote.url, hint="look again, then repeat")
    if "[remote failure]" in cause.summary:
        return GitFailed(f"the remote failed to take {name}: {summary}", where=remote.url, hint="see the server's log")
    talk = [line.removeprefix("remote:").strip() for line in said.splitlines() if line.startswith("remote:")]
    detail = first_line("\n".join(f"remote: {line}" for line in talk if line)) if any(talk) else summary
    return PushRefused(
        f"the remote refused to move {name}: {detail}",
        where=remote.url,
        hint="the branch may be protected, or a hook of the server said no; ask who looks after the repository",
    )
