"""The next version, looked up or claimed. The lock is a git tag: whoever pushes it first has the version."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from tidegate.engine.versions.branch_versions import BranchPattern
from tidegate.engine.versions.conventional_commits import bump_of
from tidegate.engine.versions.next_version import Bump, newest_release, next_version
from tidegate.engine.versions.version_tags import Line, TaggedVersions, TagStyle
from tidegate.errors.git import LeaseLost
from tidegate.errors.release import VersionOriginUnknown, VersionTaken
from tidegate.model import Version
from tidegate.ports import VersionTags

ATTEMPTS: Final = 100
"""How often a version is computed and claimed before the contention is reported; each time another one got ahead."""

_PATIENCE: Final = 5
"""How often a claim may fail in a row without anyone having the tag, as when another push holds the remote's lock."""


@dataclass(frozen=True, slots=True)
class VersionRequest:
    """Which version is asked for.

    Args:
        style: how a version is written as a git tag.
        bump: what to raise; None for what the commits since the last version ask for.
        line: continue this line instead of the newest. Every bump on a given line is a patch.
        paths: with `bump` None, the folders and files whose commits count; empty for all.
        pattern: how a pre-release is written, when one is asked for.
        branch: the branch that the pre-release is for.
        released: versions known from elsewhere, e.g. the registry's tags; the higher wins.
        reads_tags: git tags count as versions; else only `released` do.
        reuse: a version that the commit has already is the answer, as for a job that is run again.
    """

    style: TagStyle
    bump: Bump | None = Bump.PATCH
    line: Line | None = None
    paths: tuple[str, ...] = ()
    pattern: BranchPattern | None = None
    branch: str = ""
    released: frozenset[Version] = frozenset()
    reads_tags: bool = True
    reuse: bool = False


@dataclass(frozen=True, slots=True)
class NextVersion:
    """The version that comes next. Once claimed, it belongs to the caller alone.

    Args:
        version: the version.
        tag: the git tag that claims it.
        commit: the commit that the tag names or would name; None where no git repository was looked at.
        previous: the newest release before it, of the line if one was asked for; None when there is none.
        bump: what was raised.
        present: the version that the commit had before, which `reuse` keeps; None when it had none.
    """

    version: Version
    tag: str
    commit: str | None
    previous: Version | None
    bump: Bump
    present: Version | None = None

    @property
    def reused(self) -> bool:
        """Whether it is a version that the commit had already."""
        return self.version == self.present


def find_next(tags: VersionTags | None, request: VersionRequest) -> NextVersion:
    """Return the version that comes next; nothing is written.

    Args:
        tags: the tags of the application's repository; None to go by `request.released` alone.
        request: which version.

    Raises:
        LineUnknown: the line has no version and was not opened.
        VersionOriginUnknown: the commits are to tell the bump, and the newest version has no git tag.
        HistoryIncomplete: the commits since the newest version can't be read.
    """
    return _next(tags, request, None if tags is None else tags.target(), frozenset())


def claim_next(tags: VersionTags, request: VersionRequest) -> NextVersion:
    """Take the next version by pushing its tag; when another pipeline was faster, the one after it.

    After a lost race everything is looked at anew: what the winner's commit has already no longer asks for a bump.

    Args:
        tags: the tags of the application's repository.
        request: which version.

    Raises:
        VersionTaken: others were faster 100 times.
        LeaseLost: the remote keeps refusing the tag, and nobody has it.
        LineUnknown, VersionOriginUnknown, HistoryIncomplete: as for `find_next`.
    """
    commit = tags.target()
    taken: set[Version] = set()
    refused = 0
    for _ in range(ATTEMPTS):
        found = _next(tags, request, commit, taken)
        if found.reused:
            return found
        try:
            claimed = tags.claim(found.tag, commit, f"Version {found.version}")
        except LeaseLost:
            refused += 1
            if refused == _PATIENCE:
                raise
            continue
        if claimed:
            return found
        taken.add(found.version)
        refused = 0
    raise VersionTaken(f"other pipelines took the next version {ATTEMPTS} times", hint="run the job again")


def _next(
    tags: VersionTags | None, request: VersionRequest, commit: str | None, taken: AbstractSet[Version]
) -> NextVersion:
    every = tags.all() if tags is not None else {}
    present = _present(every, request, commit)
    if present is not None and request.reuse:
        return _again(every, request, commit, present)
    names = every if request.reads_tags else {}
    tagged = TaggedVersions.read(request.style, names)
    versions = tagged.versions | request.released | taken
    previous = newest_release(versions, request.line)
    bump = request.bump or _bump_by_commits(tags, request, names, previous, commit)
    version = next_version(versions, tagged.lines, bump=bump, line=request.line)
    if request.pattern is not None:
        version = request.pattern.next(version, request.branch, versions)
    return NextVersion(version, request.style.write(version), commit, previous, bump, present)


def _present(names: Mapping[str, str], request: VersionRequest, commit: str | None) -> Version | None:
    """Return the version that `commit` has and that `request` could have given it; the highest of several.

    There is none while a line above it was opened and has no version: the next build begins that line.
    """
    at_commit = TaggedVersions.read(request.style, (tag for tag, id_ in names.items() if id_ == commit)).versions
    found = max((version for version in at_commit if _fits(version, request)), default=None)
    if found is None or request.line is not None:
        return found
    tagged = TaggedVersions.read(request.style, names)
    begun = {version.line for version in tagged.versions if not version.prerelease}
    return None if any(line > found.line for line in tagged.lines - begun) else found


def _fits(version: Version, request: VersionRequest) -> bool:
    if request.line not in {None, version.line}:
        return False
    if request.pattern is not None:
        return request.pattern.reads(version, request.branch)
    raised = {Bump.MAJOR: (version.minor, version.patch), Bump.MINOR: (version.patch,)}
    return not version.prerelease and not any(raised.get(request.bump or Bump.PATCH, ()))


def _again(names: Mapping[str, str], request: VersionRequest, commit: str | None, present: Version) -> NextVersion:
    """Return `present` as it was once given."""
    versions = TaggedVersions.read(request.style, names).versions
    previous = newest_release((version for version in versions if version < present), request.line)
    tag = request.style.find(present, (tag for tag, id_ in names.items() if id_ == commit))
    bump = Bump.PATCH
    if previous is not None and present.line != previous.line:
        bump = Bump.MINOR if present.major == previous.major else Bump.MAJOR
    return NextVersion(present, tag or request.style.write(present), commit, previous, bump, present)


def _bump_by_commits(
    tags: VersionTags | None,
    request: VersionRequest,
    names: Mapping[str, str],
    previous: Version | None,
    commit: str | None,
) -> Bump:
    if previous is None or request.line is not None:
        return Bump.PATCH
    since = request.style.find(previous, names)
    if tags is None or commit is None or since is None:
        raise VersionOriginUnknown(
            f"no git tag tells which commit is {previous}, so that nothing tells which commits came after it",
            hint=f"tag its commit {request.style.write(previous)}, or say what to raise: --bump patch, minor or major",
        )
    commits = tags.history(names[since], commit, files=bool(request.paths))
    return bump_of(commits, previous, request.paths)
