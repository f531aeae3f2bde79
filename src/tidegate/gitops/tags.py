"""GitVersionTags: the version tags port over `git ls-remote` and an annotated tag that is pushed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tidegate.errors.git import (
    BranchMissing,
    CommitMissing,
    GitFailed,
    HistoryIncomplete,
    LeaseLost,
    RepositoryMissing,
)
from tidegate.git.history import commits_between, is_whole
from tidegate.git.identity import Identity
from tidegate.git.message import plain
from tidegate.git.names import check_branch, check_commit
from tidegate.git.program import Git
from tidegate.git.push import Outcome, RefUpdate, push
from tidegate.git.remote import Remote
from tidegate.ports.clock import Clock
from tidegate.ports.tags import HistoryCommit

_PEELED = "^{}"


class GitVersionTags:
    """The tags of one remote repository; fulfils the port `VersionTags`.

    The remote decides who gets a tag: creating one is a compare-and-swap against 'does not exist'.

    Args:
        git: the program.
        remote: where the tags are.
        checkout: git directory of a checkout of it, whose HEAD is what gets tagged; None to tag the remote's
            default branch.
        identity: the tagger.
        clock: for the time of tags.
    """

    def __init__(self, git: Git, remote: Remote, checkout: Path | None, identity: Identity, clock: Clock) -> None:
        self._git = git
        self._remote = remote
        self._checkout = checkout
        self._identity = identity
        self._clock = clock

    @classmethod
    def at(cls, git: Git, place: str, identity: Identity, clock: Clock) -> GitVersionTags:
        """Return the tags of `place`: a checkout (its remote `origin`), or the address of a repository.

        A folder is a checkout when it has a `.git`.

        Raises:
            RepositoryMissing: the checkout has no remote `origin`.
            UnsafeRemote: the address is not allowed.
        """
        if not (Path(place) / ".git").exists():
            return cls(git, Remote.parse(place), None, identity, clock)
        folder = git.run("-C", place, "rev-parse", "--absolute-git-dir").text
        found = git.run("remote", "get-url", "--push", "origin", folder=Path(folder), fine=frozenset({0, 2, 128}))
        if found.status != 0:
            raise RepositoryMissing(
                "the checkout has no remote called origin",
                where=place,
                hint="git remote add origin ADDRESS, or name the repository by its address",
            )
        address = found.text.partition("\n")[0]
        if "://" not in address and not Path(address).is_absolute() and (Path(place) / address).exists():
            address = str((Path(place) / address).resolve())
        return cls(git, Remote.parse(address), Path(folder), identity, clock)

    @property
    def remote(self) -> Remote:
        """Where the tags are."""
        return self._remote

    def all(self) -> Mapping[str, str]:
        """Return tag name → commit id, read from the remote now."""
        tags: dict[str, str] = {}
        for id_, ref in self._ls_remote("--tags"):
            name = ref.removeprefix("refs/tags/")
            if ref.endswith(_PEELED):
                tags[name.removesuffix(_PEELED)] = id_
            else:
                tags.setdefault(name, id_)
        return tags

    def target(self) -> str:
        """Return the commit that a new tag would name.

        Raises:
            BranchMissing: there is no commit yet, or the remote has no default branch.
        """
        if self._checkout is not None:
            said = self._git.run(
                "rev-parse", "--verify", "--quiet", "HEAD^{commit}", folder=self._checkout, fine=frozenset({0, 1, 128})
            )
            if said.status == 0:
                return check_commit(said.text)
        else:
            for id_, ref in self._ls_remote(pattern="HEAD"):
                if ref == "HEAD":
                    return check_commit(id_)
        raise BranchMissing("there is no commit that a version could name", where=self._remote.url, hint="commit first")

    def branch(self) -> str | None:
        """Return the branch that the checkout is on; None for a detached HEAD, or without a checkout."""
        if self._checkout is None:
            return None
        said = self._git.run(
            "symbolic-ref", "--quiet", "--short", "HEAD", folder=self._checkout, fine=frozenset({0, 1})
        )
        return said.text or None

    def history(self, since: str, until: str, *, files: bool) -> tuple[HistoryCommit, ...]:
        """Return every commit that `until` has and `since` has not, each before its parents.

        A checkout that has it all is asked. Else, as in a shallow clone, the remote is: commits without their files
        are small, and no other way is exact where branches meet. The checkout stays as it is.

        Raises:
            HistoryIncomplete: a commit is neither in the checkout nor on the remote.
        """
        if since == until:
            return ()
        if self._checkout is not None and is_whole(self._git, self._checkout, (since, until)):
            return commits_between(self._git, self._checkout, since, until, files=files)
        part = "blob:none" if files else "tree:0"
        try:
            with self._passing_repository(f"--filter={part}", since, until) as folder:
                return commits_between(self._git, folder, since, until, files=files)
        except CommitMissing as error:
            raise HistoryIncomplete(
                f"the commits since the last version are not all known: {error.what}",
                where=self._remote.url,
                hint="push the commit first, or have the whole history in the checkout: GIT_DEPTH: 0 in GitLab CI",
            ) from error

    def claim(self, tag: str, commit: str, message: str) -> bool:
        """Create the annotated tag `tag` at `commit` on the remote; False when the remote has that tag already.

        Raises:
            CommitMissing: there is no such commit.
            InvalidBranch: git would not take the tag's name.
        """
        ref = f"refs/tags/{check_branch(tag)}"
        text = (
            f"object {check_commit(commit)}\ntype commit\ntag {tag}\n"
            f"tagger {self._identity.at(self._clock.now())}\n\n{plain(message)}\n"
        )
        with self._repository_with(commit) as folder:
            made = self._git.run("mktag", folder=folder, data=text.encode("utf-8", "replace"))
            try:
                (outcome,) = push(self._git, folder, self._remote, [RefUpdate(ref, made.text, None)])
            except LeaseLost:
                # A creation that failed for another reason than the tag being there must not look like a lost race.
                if tag not in self.all():
                    raise
                return False
        return outcome is Outcome.CREATED

    def _ls_remote(self, *options: str, pattern: str | None = None) -> Iterator[tuple[str, str]]:
        patterns = [pattern] if pattern else []
        said = self._git.run("ls-remote", "--quiet", *options, "--", self._remote.url, *patterns, remote=self._remote)
        for line in said.text.splitlines():
            id_, tab, ref = line.partition("\t")
            if not tab:
                raise GitFailed("git ls-remote answered something else", where=self._remote.url, hint="try again")
            yield id_, ref

    @contextmanager
    def _repository_with(self, commit: str) -> Iterator[Path]:
        """Give the git directory that has `commit`: the checkout, or a passing one with that commit and no more.

        Its files come along: git reads them when it packs a tag of a commit that is no branch's head any more.
        """
        if self._checkout is not None:
            yield self._checkout
            return
        with self._passing_repository("--depth=1", commit) as folder:
            yield folder

    @contextmanager
    def _passing_repository(self, *wanted: str) -> Iterator[Path]:
        """Give a git directory with what is `wanted`: options of `git fetch`, then commits."""
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", *(each for each in wanted if each[0] == "-"))
        commits = [check_commit(each) for each in wanted if each[0] != "-"]
        with tempfile.TemporaryDirectory(prefix="tidegate-tag-") as passing:
            folder = Path(passing) / "tag.git"
            self._git.run("init", "--quiet", "--bare", "--template=", "--object-format=sha1", str(folder))
            # With a filter, git keeps the remote's name, and a name can't begin with `/` as a path does.
            self._git.run("remote", "add", "origin", self._remote.url, folder=folder)
            self._git.run("fetch", *options, "origin", *commits, folder=folder, remote=self._remote)
            yield folder
