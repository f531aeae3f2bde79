"""Stage: calls of the command line that can be killed at a chosen moment, or run at the same moment.

A stage is a small process (`stage_process`) that has imported Tidegate once and forks for each call: each call is a
process of its own, in a session of its own, and dies by SIGKILL as a whole. Nothing in the product knows of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from support.cli import Ended


@dataclass(frozen=True, slots=True)
class Kill:
    """When a call is to die.

    Args:
        kind: at which kind of outward effect, e.g. `git push`.
        number: at which one of that kind, from 1: of what threads do, the order over all kinds differs.
        moment: `before`, `during` or `after` it; of a push also `received` (the remote has everything and has moved
            no ref), `orphaned` (likewise, but the push lives on) and `moved` (the remote has moved the refs, and the
            client does not know).
    """

    kind: str
    number: int
    moment: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the command line.

    Args:
        arguments: what stands after `tidegate`.
        environ: all environment variables that it gets.
        delay: seconds to wait before it starts.
        kill: when to die; None: never.
    """

    arguments: Sequence[str]
    environ: Mapping[str, str]
    delay: float = 0
    kill: Kill | None = None


@dataclass(frozen=True, slots=True)
class Played(Ended):
    """How a call ended; its code is -9 when it was killed.

    Args:
        effects: the kinds of its outward effects, in order: `git push`, `POST`, `rename`, …
    """

    effects: tuple[str, ...] = ()

    @property
    def killed(self) -> bool:
        """Whether it was killed as it was meant to be."""
        return self.code == -9


class Stage:
    """A context manager.

    Args:
        folder: for what calls print, and for the counts of their effects.
    """

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).with_name("stage_process.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def play(self, *calls: Call) -> tuple[Played, ...]:
        """Run calls at the same moment and return how each ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([asdict(call) for call in calls]) + "\n")
        self._process.stdin.flush()
        answers = json.loads(self._process.stdout.readline())
        return tuple(
            Played(answer["code"], answer["out"], answer["err"], tuple(answer["effects"])) for answer in answers
        )
