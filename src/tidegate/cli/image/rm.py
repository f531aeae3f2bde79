"""`tidegate image rm`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command

if TYPE_CHECKING:
    from tidegate.registry.places import ImagePlace, Places


@click.command(
    "rm",
    cls=Command,
    examples=[
        "tidegate image rm registry.example.com/inventory:1.1.3-rc1",
        "tidegate image rm dev:inventory:old --yes",
    ],
)
@click.argument("image")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@pass_invocation
def rm(invocation: Invocation, *, image: str, yes: bool) -> None:
    """Remove a tag that no environment runs.

    Only the tag: the image stays under its other tags and its digest. With a tidegate.yaml, every environment is read
    first, and a tag that one of them names, whose very image it runs, or that attaches a signature to that, is refused.
    """
    from tidegate.cli.image.access import existing, has_configuration, open_places
    from tidegate.errors.image import PlaceInvalid
    from tidegate.registry.untag import remove_tag

    with open_places(invocation) as places:
        place = places.parse(image)
        if place.tag is None or place.digest is not None:
            hint = f"write {image}:TAG"
            if place.digest is not None:
                hint = "a tag is removed, not a digest; registries collect what no tag names"
            raise PlaceInvalid(f"{image} does not end with a tag", hint=hint)
        found = existing(place)
        if has_configuration(invocation):
            _refuse_running(invocation, found, places, image)
        if not yes:
            _ask(place, f"remove {place} ({found.digest})?")
        remove_tag(place.home, place.tag)
    invocation.output.say(f"removed {place}; it was {found.digest}")


def _ask(place: ImagePlace, question: str) -> None:
    """Return when a person says yes."""
    from tidegate.errors.image import NotConfirmed

    try:
        agreed = sys.stdin is not None and click.confirm(question, err=True)  # it is None when closed: `<&-`
    except click.Abort:
        if sys.stdin.isatty():
            raise  # Ctrl-C
        click.echo(err=True)  # the question's line ends with its answer
        agreed = False  # a job has nobody to ask
    if not agreed:
        raise NotConfirmed("the tag was left as it is", where=str(place), hint="answer y, or give --yes")


def _refuse_running(invocation: Invocation, image: ImagePlace, places: Places, written: str) -> None:
    """Refuse the tag when an environment declares it or its cluster names it, or the only name of what it declares.

    So for whatever `written` calls the place, and for tags that say what is attached to what an environment runs, to
    one of its platforms, or to something attached.
    """
    from functools import cache, partial

    from tidegate.bootstrap import open_world
    from tidegate.engine.views.status import look, matrix
    from tidegate.errors.image import ImageInUse
    from tidegate.registry.untag import attaches_to

    here = places.location(written)
    attaches = cache(partial(attaches_to, image.home, image.tag or ""))  # environments run the same image
    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        for cells in matrix(world, tuple(world.pipeline.services.values()), look):
            for cell in cells:
                if cell.fault is not None:
                    raise cell.fault
                for runs in (cell.image, cell.live.image if cell.live else None):
                    if runs is None or places.location(f"{runs.host}/{runs.repository}") != here:
                        continue
                    is_it = image.tag == runs.tag or cell.digest == image.digest
                    if is_it or (cell.digest and attaches(cell.digest)):
                        raise ImageInUse(
                            f"{cell.environment.name} runs {cell.service.name} as {runs}",
                            where=str(image),
                            hint="move the environment to another version first",
                        )
