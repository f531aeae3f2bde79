"""Theatre: one scene, killed at each moment of each of its outward effects, run again, and compared."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from difflib import unified_diff
from itertools import count, product
from pprint import pformat

from support.end_state import end_state
from support.kill_points import install_hooks
from support.road_texts import DEV, STAGING
from support.road_world import RoadWorld
from support.stage import Call, Kill, Played, Stage

MOMENTS = {
    "git push": ("before", "received", "orphaned", "moved", "after"),
    "POST": ("after",),
    "PATCH": ("during", "after"),
    "PUT": ("during", "after"),
    "rename": ("after",),
    "git fast-import": ("after",),
    "git hash-object": ("after",),
}
"""When to die at an effect of a kind. Just before an effect is just after the one before it, save for the first."""


class Theatre:
    """One scene, as often as it is wanted: the same prepared world, the same call.

    Args:
        stage: where it is played.
        world: prepared. It is kept aside; each play gets a copy of it at the very place, so that its cache holds.
        arguments: the call.
        reset: called before each play, for what is not in the world's folder.
        end: says what a world looks like in the end.
        moments: when to die at an effect of a kind.
    """

    def __init__(
        self,
        stage: Stage,
        world: RoadWorld,
        arguments: tuple[str, ...],
        reset: Callable[[], None] = lambda: None,
        *,
        end: Callable[[RoadWorld], object] = end_state,
        moments: Mapping[str, tuple[str, ...]] = MOMENTS,
    ) -> None:
        world.tidegate("status")  # fills the cache
        for project in (DEV, STAGING):
            install_hooks(world.repository(project))
        self._end = end
        self._moments = moments
        self._stage = stage
        self._world = world
        self._kept = world.folder.rename(world.folder.with_name("kept"))
        self._call = ("-C", str(world.folder), *arguments)
        self._reset = reset
        self._numbers = count()

    def begin(self) -> RoadWorld:
        """Return the prepared world anew."""
        if self._world.folder.exists():
            # Renamed first: what a killed run has left running may write in it a moment longer.
            gone = self._world.folder.rename(self._world.folder.with_name(f"gone-{next(self._numbers)}"))
            shutil.rmtree(gone, ignore_errors=True)
        shutil.copytree(self._kept, self._world.folder)
        self._reset()
        return self._world

    def play(self, kill: Kill | None = None) -> Played:
        """Make the call."""
        (played,) = self._stage.play(Call(self._call, self._world.environ, kill=kill))
        return played

    def sweep(self) -> tuple[str, ...]:
        """Kill at each moment of each effect, run again, compare; return the kinds of effects of a whole run."""
        world = self.begin()
        whole = self.play()
        assert whole.code == 0, whole.out + whole.err
        expected = self._end(world)
        again = self.play()
        assert (again.code, self._end(world)) == (0, expected), (
            f"a second whole run changes something: {self._end(world)}"
        )
        self._survive(Kill(whole.effects[0], 1, "before"), expected)
        for kind, times in Counter(whole.effects).items():
            for number, moment in product(range(1, times + 1), self._moments[kind]):
                self._survive(Kill(kind, number, moment), expected)
        return whole.effects

    def _survive(self, kill: Kill, expected: object) -> None:
        world = self.begin()
        first = self.play(kill)
        told = f"killed {kill.moment} {kill.kind} number {kill.number}"
        # What threads do varies: a run may have had one rename less than the one that was counted.
        assert first.killed or first.effects.count(kill.kind) < kill.number, f"not {told}: {first}"
        second = self.play()
        assert second.code == 0, f"{told}; then: {second.out}{second.err}"
        now = self._end(world)
        assert now == expected, f"{told}: {_difference(expected, now)}\n{second.out}{second.err}"


def _difference(expected: object, now: object) -> str:
    lines = (pformat(each, width=160).splitlines() for each in (expected, now))
    return "\n".join(unified_diff(*lines, "expected", "now", n=0, lineterm=""))
