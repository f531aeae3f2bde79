"""What a run has learnt about where blobs are, so that nothing is asked or sent twice."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tidegate.model.digest import Digest
from tidegate.registry.tree import Home


class _Place:
    """One blob in one registry: the repositories that have it, and the turns of those who are about to bring it."""

    __slots__ = ("repositories", "turns")

    def __init__(self) -> None:
        self.repositories: dict[str, None] = {}
        self.turns: defaultdict[str | None, threading.RLock] = defaultdict(threading.RLock)


class SeenBlobs:
    """Which repositories were seen to have which blobs, and which registries mount. Safe for use by many threads.

    A registry may lose a blob meanwhile: whoever finds out calls `forget`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: defaultdict[tuple[int, Digest], _Place] = defaultdict(_Place)
        self._refusing = set[int]()
        self._trying = set[int]()

    def has(self, home: Home, digest: Digest) -> bool:
        """Return whether the repository was seen to have the blob."""
        with self._lock:
            return home.repository in self._place(home, digest).repositories

    def elsewhere(self, home: Home, digest: Digest) -> str | None:
        """Return another repository of the same registry that has the blob, or None."""
        with self._lock:
            others = self._place(home, digest).repositories
            return next((repository for repository in others if repository != home.repository), None)

    def note(self, home: Home, digest: Digest) -> None:
        """Remember that the repository has the blob."""
        with self._lock:
            self._place(home, digest).repositories[home.repository] = None

    def begin_trial(self, home: Home) -> bool:
        """Return whether the caller is the one blob that may try what a registry takes; see `end_trial`."""
        with self._lock:
            first = home.key[0] not in self._trying
            self._trying.add(home.key[0])
            return first

    def end_trial(self, home: Home) -> None:
        """Let another blob try."""
        with self._lock:
            self._trying.discard(home.key[0])

    def mounts(self, home: Home) -> bool:
        """Return whether the registry may be hoped to mount: it has not refused, or has done it since."""
        return home.key[0] not in self._refusing

    def learn_mount(self, home: Home, *, done: bool) -> None:
        """Remember how a mount of what another repository has went. ECR refuses each, unless told to."""
        with self._lock:
            (self._refusing.discard if done else self._refusing.add)(home.key[0])

    def forget(self, home: Home) -> bool:
        """Forget what is known of the repository; return whether there was anything."""
        with self._lock:
            known = [place for (registry, _), place in self._places.items() if registry == home.key[0]]
            found = [place.repositories.pop(home.repository, self) is not self for place in known]
        return any(found)

    @contextmanager
    def one_at_a_time(self, home: Home, digest: Digest, patience: float) -> Iterator[bool]:
        """Keep others from bringing the same blob to the same repository; where it mounts, to the same registry.

        They can mount it afterwards. The value is False when someone else has been at it for `patience` seconds.
        Within one thread, it may be entered again.
        """
        with self._lock:
            turns = self._place(home, digest).turns
            mine = [turns[home.repository], *([turns[None]] if self.mounts(home) else [])]
        with ExitStack() as held:
            yield all(_taken(held, turn, patience) for turn in mine)

    def _place(self, home: Home, digest: Digest) -> _Place:
        return self._places[home.key[0], digest]


def _taken(held: ExitStack, turn: threading.RLock, patience: float) -> bool:
    """Return whether `turn` could be taken; it is given back when `held` ends."""
    taken = turn.acquire(timeout=patience)
    if taken:
        held.callback(turn.release)
    return taken
