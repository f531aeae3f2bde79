"""Names that go into git: paths, branches, commit ids. What is not safe is refused here, before git sees it."""

from __future__ import annotations

import re
from typing import Final

from tidegate.errors.git import CommitMissing, InvalidBranch, UnsafePath

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_NOT_IN_A_REF: Final = re.compile(r"[ ~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|[./]$|^[-./]")
_LONGEST_REF: Final = 200
LONGEST_PATH: Final = 4096
_GIT_FOLDERS: Final = frozenset({".git", "git~1"})
"""`.git`, and the name under which Windows and macOS file systems know it too (git's `verify_path`)."""


def check_path(path: str) -> str:
    r"""Return `path` when it may name a file or a folder in a repository.

    Raises:
        UnsafePath: absolute, empty parts, `.`, `..`, `.git`, a backslash or characters that can't be printed.
    """
    parts = path.split("/")
    if (
        len(path) > LONGEST_PATH
        or not path.isprintable()
        or "\\" in path
        or any(part in {"", ".", ".."} or part.lower() in _GIT_FOLDERS for part in parts)
    ):
        raise UnsafePath(
            f"{path[:200]!r} is not a path that may be read or written",
            hint="write a path relative to the repository's root, without `..`, e.g. clusters/dev/inventory.yaml",
        )
    return path


def as_text(path: str) -> str:
    r"""Return a path of a repository as it can be told; bytes in it that are no UTF-8 are spelt, e.g. `\xff`.

    Half a character fits into no page and no JSON document. What is spelt so can't be read: see `check_path`.
    """
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_branch(name: str) -> bool:
    """Return whether git would take `name` as a branch's or a tag's name (git-check-ref-format)."""
    return (
        0 < len(name) <= _LONGEST_REF
        and name.isprintable()
        and name not in {"@", "HEAD"}
        and _NOT_IN_A_REF.search(name) is None
    )


def check_branch(name: str) -> str:
    """Return `name` when git would take it as a branch's or a tag's name.

    Raises:
        InvalidBranch: it would not.
    """
    if not is_branch(name):
        raise InvalidBranch(f"{name[:200]!r} can't be a branch or a tag", hint="see `git help check-ref-format`")
    return name


def branch_ref(name: str) -> str:
    """Return the full name of branch `name`, e.g. `refs/heads/main`."""
    return f"refs/heads/{check_branch(name)}"


def check_commit(commit: str) -> str:
    """Return `commit` when it is a whole commit id.

    Raises:
        CommitMissing: it is not; so no repository has it.
    """
    if not _COMMIT.fullmatch(commit):
        raise CommitMissing(f"{commit[:80]!r} is not a commit id", hint="give all 40 hexadecimal digits")
    return commit
