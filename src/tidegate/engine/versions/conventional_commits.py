"""What the commits since a version ask for: Conventional Commits 1.0.0 (conventionalcommits.org), as git keeps them.

Beyond the letter of the specification, merges, squashes and reverts are read:

- A merge speaks for itself only by the title of its merge request: the first line below `Merge branch …`.
- In the body of a squashed commit, each `* feat: …` counts, and so does what `git merge --squash` lists.
- A revert and what it reverts cancel each other. What was released before can't be taken back: that is a patch.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from tidegate.engine.versions.next_version import Bump
from tidegate.model import Version
from tidegate.ports.tags import HistoryCommit

_HEADER: Final = re.compile(r"(?P<type>[A-Za-z][A-Za-z0-9_-]*)(?:\([^()]*\))?(?P<breaking>!)?:[ \t]+\S")
_BREAKING: Final = re.compile(r"[ \t]*(?:[*-][ \t]+)?BREAKING[ -]CHANGE(?::[ \t]*\S|[ \t]+#)")
_BULLET: Final = re.compile(r"[*-][ \t]+")
_SQUASHED: Final = "Squashed commit of the following:"
_INDENT: Final = "    "
_AGAIN: Final = re.compile(r'(?:Reapply "(?P<reapplied>.*)"|Revert "Revert "(?P<reverted>.*)"")')
_REVERTS: Final = re.compile(r"\bThis reverts (?:merge )?commit ([0-9a-f]{7,40})\b")
_REFS: Final = re.compile(r"Refs:[ \t]*([0-9a-f]{7,40}(?:[, \t]+[0-9a-f]{7,40})*)[, \t]*")
"""Names are parted by something: were that optional, one long word would be cut in ever so many ways."""
_SHORTEST_ID: Final = 7
_LONGEST_SUBJECT: Final = 1000
_ORDER: Final = (Bump.PATCH, Bump.MINOR, Bump.MAJOR)


def bump_of(commits: Sequence[HistoryCommit], after: Version, paths: Sequence[str] = ()) -> Bump:
    """Return what `commits` ask for: a feature is minor, a breaking change is major, all else is a patch.

    Before 1.0.0 a breaking change is minor, too: that the interface is stable is said by a person, with `major`.

    Args:
        commits: those since `after`, each before its parents.
        after: the version that is followed.
        paths: folders and files of the service, from the repository's root; empty for the whole repository.
    """
    cancelled = _cancelled(commits)
    asked = (_asks_for(each) for each in commits if each.id not in cancelled and _concerns(each, paths))
    bump = max(asked, key=_ORDER.index, default=Bump.PATCH)
    return Bump.MINOR if bump is Bump.MAJOR and after.major == 0 else bump


def _concerns(commit: HistoryCommit, paths: Sequence[str]) -> bool:
    return not paths or any(file == path or file.startswith(f"{path}/") for file in commit.files for path in paths)


def _asks_for(commit: HistoryCommit) -> Bump:
    lines = commit.message.strip("\n").splitlines() or [""]
    if any(map(_BREAKING.match, lines)):
        return Bump.MAJOR
    headers = [match for text in _headers(lines, merge=len(commit.parents) > 1) if (match := _HEADER.match(text))]
    if any(match["breaking"] for match in headers):
        return Bump.MAJOR
    return Bump.MINOR if any(match["type"].lower() == "feat" for match in headers) else Bump.PATCH


def _headers(lines: Sequence[str], *, merge: bool) -> Iterator[str]:
    """Yield every line of a message that may be a commit's own first line."""
    yield _unwrapped(lines[0][:_LONGEST_SUBJECT])
    body = lines[1:]
    if merge:
        yield next(filter(str.strip, body), "")
    squashed = _SQUASHED in lines
    for line in body:
        if bullet := _BULLET.match(line):
            yield line[bullet.end() :]
        elif squashed and line.startswith(_INDENT):
            yield line[len(_INDENT) :]


def _unwrapped(subject: str) -> str:
    """Return what comes back when a revert is reverted: X for `Reapply "X"` and `Revert "Revert "X""`."""
    while match := _AGAIN.fullmatch(subject):
        subject = match["reapplied"] or match["reverted"] or ""
    return subject


def _cancelled(commits: Sequence[HistoryCommit]) -> frozenset[str]:
    """Return the reverts whose target is among `commits`, and those targets."""
    known = {each.id: each for each in commits}
    starts: defaultdict[str, list[str]] = defaultdict(list)
    for id_ in known:
        starts[id_[:_SHORTEST_ID]].append(id_)
    cancelled: set[str] = set()
    for commit in commits:
        if commit.id in cancelled:
            continue  # a revert that was reverted itself
        for name in _reverted_names(commit.message):
            targets = [id_ for id_ in starts.get(name[:_SHORTEST_ID], ()) if id_.startswith(name)]
            if len(targets) == 1:
                cancelled |= {commit.id, targets[0], *_brought(known[targets[0]], known)}
    return frozenset(cancelled)


def _reverted_names(message: str) -> Iterable[str]:
    yield from _REVERTS.findall(message)
    if message.lower().startswith("revert"):
        for line in message.splitlines():
            if match := _REFS.fullmatch(line):
                yield from re.split(r"[, \t]+", match[1])


def _brought(merge: HistoryCommit, known: Mapping[str, HistoryCommit]) -> frozenset[str]:
    """Return the commits that came in by a merge; none for an ordinary commit."""
    if len(merge.parents) == 1:
        return frozenset()
    return _reachable(merge.parents[1:], known) - _reachable(merge.parents[:1], known)


def _reachable(starts: Sequence[str], known: Mapping[str, HistoryCommit]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(starts)
    while waiting:
        id_ = waiting.pop()
        if id_ in known and id_ not in found:
            found.add(id_)
            waiting += known[id_].parents
    return frozenset(found)
