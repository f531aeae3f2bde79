"""`tidegate demo`."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from tidegate.cli.demo.dev import DEV
from tidegate.cli.demo.e2e import E2E
from tidegate.cli.demo.production import PRODUCTION
from tidegate.cli.demo.progress import Progress, taken
from tidegate.cli.demo.proof import END
from tidegate.cli.demo.scene import Beat, Scene
from tidegate.cli.demo.stage import Stage
from tidegate.cli.demo.staging import STAGING
from tidegate.cli.demo.world import make_world
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.counted import counted
from tidegate.git import Git

SCENES: Final = (
    Scene("The world", "Everything is a folder: no server, no cluster.", (Beat("world", make_world),)),
    DEV,
    E2E,
    STAGING,
    PRODUCTION,
    END,
)
_KEPT: Final = frozenset({"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR"})


@click.command("demo", cls=Command, examples=["tidegate demo", "tidegate demo /tmp/demo"])
@click.argument("folder", metavar="[DIR]", default="demo")
@pass_invocation
def demo(invocation: Invocation, folder: str) -> None:
    """Play the whole road, dev → e2e → staging → production, in a folder.

    Needs git and nothing else. An interrupted demo goes on where it stopped; a finished one is made anew.
    """
    began = time.monotonic()
    place = invocation.path(folder)
    with taken(place) as progress:
        environ = _environment(invocation.environ, place.absolute())
        stage = Stage(
            folder=place.absolute(),
            shown=str(place),
            environ=environ,
            hands=Git.find(environ),
            screen=invocation.output.data,
            colour=invocation.output.colour,
        )
        try:
            _play(stage, progress)
        except KeyboardInterrupt:
            invocation.output.say("interrupted: the same command goes on where this one stopped")
            raise
    _farewell(stage, time.monotonic() - began)


def _play(stage: Stage, progress: Progress) -> None:
    names = [beat.name for scene in SCENES for beat in scene.beats]
    finished = list(progress.finished())
    if finished == names or finished != names[: len(finished)]:
        finished = []
        progress.write(finished)
    if finished:
        done = counted(len(finished), "step is", "steps are")
        stage.tell(f"An interrupted demo goes on: {done} done, of {len(names)}.")
    for scene, beats in _remaining(len(finished)):
        stage.heading(scene.title)
        stage.tell(scene.intro)
        for beat in beats:
            beat.play(stage)
            finished.append(beat.name)
            progress.write(finished)


def _remaining(done: int) -> Iterator[tuple[Scene, tuple[Beat, ...]]]:
    """Yield the scenes that are not finished, each with the beats to play, when the first `done` beats are."""
    for scene in SCENES:
        if done < len(scene.beats):
            yield scene, scene.beats[done:]
        done = max(0, done - len(scene.beats))


def _environment(environ: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """Return what the demo's commands get of the environment: nobody's settings, tokens or git configuration."""
    kept = {name: value for name, value in environ.items() if name in _KEPT}
    return {**kept, "GIT_CONFIG_GLOBAL": "/dev/null", "TIDEGATE_CACHE": str(folder / ".cache"), "NO_COLOR": "1"}


def _farewell(stage: Stage, seconds: float) -> None:
    world = stage.shown
    stage.tell(f"Done in {seconds:.1f} s. The world stays in {world}/. Try in it:")
    for line in (
        "status",
        "why orders",
        "promote orders --to production --as ruth",
        "why orders --in production",
        "mr show 'platform/gitops-staging!1'",
    ):
        stage.note(f"tidegate -C {shlex.quote(world)} {line}")
    stage.tell("Or see its board in a browser, by the link that this prints, until Ctrl-C:")
    stage.note(f"tidegate -C {shlex.quote(world)} serve --as ruth")
    if shutil.which("tidegate") is None:
        stage.tell(f"(tidegate is {sys.argv[0]} here)")
