"""A repository whose branches meet, made with plain git."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from support.git_worlds import bare_repository, git
from tidegate.ports import HistoryCommit

MERGE_TITLE: Final = "feat: title of the merge request"


@dataclass(frozen=True, slots=True)
class BranchyHistory:
    """A bare repository, and what it holds.

    Args:
        bare: the repository. `main` is at the last of `since`.
        root: the first commit.
        base: the second commit; `since` is what came after it.
        since: the commits that `main` has and `base` has not, oldest first; one of them starts at `root`.
    """

    bare: Path
    root: HistoryCommit
    base: HistoryCommit
    since: tuple[HistoryCommit, ...]


def branchy_history(folder: Path) -> BranchyHistory:
    """Make it as `folder`/app.git: two branches, one of which began before `base`, are merged into main."""
    bare = bare_repository(folder, "app")
    work = folder / "work"
    git("clone", "--quiet", str(bare), str(work), cwd=folder)
    git("checkout", "--quiet", "-b", "main", cwd=work)
    root = _commit(work, "chore: begin", "app/main.py", "README.md")
    base = _commit(work, "feat: what the version has", "app/main.py", parent=root, clock="2037-01-01T00:00:00Z")
    git("checkout", "--quiet", "-b", "old", root.id, cwd=work)
    old = _commit(work, "feat: begun long ago", "lib/old.py", parent=root)
    git("checkout", "--quiet", "-b", "feature", base.id, cwd=work)
    first = _commit(work, "fix(app)!: ü\n\nBREAKING CHANGE: a\nb", "app/new.py", parent=base)
    second = _commit(work, "Words", "lib/more.py", "app/na\u00efve name.py", parent=first)
    git("checkout", "--quiet", "main", cwd=work)
    own = _commit(work, "docs: main goes on", "README.md", parent=base)
    merged = _merge(work, "old", own, old)
    last = _merge(work, "feature", merged, second)
    git("push", "--quiet", "origin", "main", cwd=work)
    return BranchyHistory(bare, root, base, (old, first, second, own, merged, last))


def _commit(
    work: Path, message: str, *files: str, parent: HistoryCommit | None = None, clock: str | None = None
) -> HistoryCommit:
    """Commit `files`; with `clock`, on a machine whose clock is wrong."""
    for file in files:
        path = work / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(message)
    git("add", ".", cwd=work)
    alias = f"alias.late=!GIT_COMMITTER_DATE={clock} git commit" if clock else "alias.late=commit"
    git("-c", alias, "late", "--quiet", "-m", message, cwd=work)
    return HistoryCommit(_head(work), (parent.id,) if parent else (), f"{message}\n", tuple(sorted(files)))


def _merge(work: Path, branch: str, into: HistoryCommit, tip: HistoryCommit) -> HistoryCommit:
    message = f"Merge branch '{branch}' into 'main'\n\n{MERGE_TITLE}"
    git("merge", "--quiet", "--no-ff", "-m", message, branch, cwd=work)
    changed = git("-c", "core.quotePath=false", "diff", "--name-only", "HEAD~1", "HEAD", cwd=work).splitlines()
    return HistoryCommit(_head(work), (into.id, tip.id), f"{message}\n", tuple(sorted(changed)))


def _head(work: Path) -> str:
    return git("rev-parse", "HEAD", cwd=work)
