"""`tidegate image copy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format

if TYPE_CHECKING:
    from tidegate.cli.image.course import Course
    from tidegate.cli.image.events import CopyEvents
    from tidegate.registry.batch import Copied, Event, Pair
    from tidegate.registry.copy.copier import Wish
    from tidegate.registry.places import Places

_REFERRERS = ("with-image", "always", "never")


@click.command(
    "copy",
    cls=Command,
    examples=[
        "tidegate image copy dev.example.com/inventory:1.1.3-rc1 prd.example.com/inventory:1.1.3",
        "tidegate image copy dev:inventory:1.1.3 oci-layout:bundle:inventory-1.1.3",
        "tidegate image copy --from release.txt --jobs 8 -o json",
    ],
)
@click.argument("source", metavar="[SRC]", required=False)
@click.argument("target", metavar="[DST]", required=False)
@click.option(
    "--from", "file", metavar="FILE", help="Copy many: a line of FILE is SRC DST, or # and a comment; - for stdin."
)
@click.option(
    "--platform", metavar="OS/ARCH[/VARIANT]", help="Only one platform of an index: the copy has another digest."
)
@click.option(
    "--referrers",
    type=click.Choice(_REFERRERS),
    default=_REFERRERS[0],
    show_default=True,
    help="When signatures, SBOMs and attestations are looked for. always: even where DST is right already.",
)
@click.option("--replace", is_flag=True, help="Move a tag that holds another image. Default: that is an error.")
@click.option("--foreign", is_flag=True, help="Copy layers, too, whose media type says that they lie elsewhere.")
@click.option("--jobs", type=click.IntRange(1, 64), default=24, show_default=True, help="Images at once.")
@output_option
@pass_invocation
def copy(
    invocation: Invocation,
    *,
    source: str | None,
    target: str | None,
    file: str | None,
    platform: str | None,
    referrers: str,
    replace: bool,
    foreign: bool,
    jobs: int,
    form: Format,
) -> None:
    """Copy images with all that is attached to them.

    The bytes stay the same, so the digest does. What DST has already is not sent again; its tag is written last. A
    tag that is right already is left as it is, without another question. DST without a tag gets SRC's, where that has
    one. Of a list, what fails does not keep the others; the exit code is 1 then.

    With -o json stdout has one event a line while it goes on; the last one, `finished`, says how each copy ended.
    """
    from tidegate.cli.image.access import open_places
    from tidegate.registry.copy.copier import Referrers, Wish

    if (file is None) == (source is None) or (source is None) != (target is None):
        both = ", not both" if source and file else ""
        raise click.UsageError(f"name SRC and DST, or give a list with --from FILE{both}")
    wish = Wish(Referrers(referrers), replace=replace, foreign=foreign)
    with open_places(invocation) as places:
        pairs = _pairs(invocation, places, source, target, file)
        if not pairs:
            invocation.output.say(f"nothing to copy: {'stdin' if file == '-' else file} names no image")
        results = _run(invocation, places, pairs, wish=wish, platform=platform, jobs=jobs, form=form)
    if len(results) == 1 and results[0].error is not None:
        raise results[0].error
    _show(invocation, form, results)
    _fail(results, "stdin" if file == "-" else file)


def _show(invocation: Invocation, form: Format, results: list[Copied]) -> None:
    if form is Format.TABLE:
        for each in results:
            if each.report is not None:
                invocation.output.line(f"{each.pair.written}  {each.report.digest}")
    elif form is not Format.JSON:
        from tidegate.cli.image.events import copy_records
        from tidegate.cli.report import Report, Table

        names = tuple(f"{each.pair.written}" for each in results if each.report is not None)
        documents = {"copies": copy_records(results)}
        invocation.output.show(form, Report(Table(("IMAGE",), (), empty=""), documents, names))


def _pairs(
    invocation: Invocation, places: Places, source: str | None, target: str | None, file: str | None
) -> list[Pair]:
    if source is not None and target is not None:
        from tidegate.registry.batch import Pair

        return [Pair(places.parse(source), places.parse(target))]
    from tidegate.cli.image.pairs import read_pairs

    return read_pairs(file or "", invocation.directory, places)


def _run(
    invocation: Invocation,
    places: Places,
    pairs: list[Pair],
    *,
    wish: Wish,
    platform: str | None,
    jobs: int,
    form: Format,
) -> list[Copied]:
    from tidegate.cli.image.access import RETRY
    from tidegate.cli.image.course import Course
    from tidegate.cli.image.talk import CopyTalk
    from tidegate.registry.batch import Batch

    batch = Batch(RETRY, jobs, tells_blobs=form is Format.JSON)
    course = Course(len(pairs), batch.sent, places.pauses)
    moves, has_events = _may_move(invocation, form), form is Format.JSON
    talk = CopyTalk(invocation.output, course, moves=moves, tells_failures=not has_events)
    events = _events(invocation, course, platform) if form is Format.JSON else None

    def tick() -> None:
        talk.tick()
        if events:
            events.tick()

    def see(event: Event) -> None:
        event = _with_hint(event, wish, places)
        course.see(event)
        talk.see(event)
        if events:
            events.see(event)

    try:
        for event in batch.copy(pairs, wish=wish, platform=platform, tick=tick):
            see(event)
    except KeyboardInterrupt:
        for event in batch.interrupted():
            see(event)
        course.put_in_order(pairs)
        if events:
            events.finish(interrupted=True)
        talk.interrupted()
        raise
    talk.clear()
    course.put_in_order(pairs)
    if events:
        events.finish(interrupted=False)
    return course.results


def _with_hint(event: Event, wish: Wish, places: Places) -> Event:
    """Return `event`; of an error that comes of an option, its being left out, or a name, with a hint that says so."""
    from dataclasses import replace

    from tidegate.errors.registry import BlobMissing, TagExists
    from tidegate.registry.batch import Copied

    if not isinstance(event, Copied) or event.error is None:
        return event
    error = event.error
    if isinstance(error, TagExists) and not wish.replace:
        hint = "release tags do not move; for others there is --replace"
    elif isinstance(error, BlobMissing) and wish.foreign:
        hint = f"a layer that lies elsewhere may be missing here: leave --foreign out. Another one: {error.hint}"
    else:
        places.tell_reading(error, event.pair.source, event.pair.target)
        return event
    return replace(event, error=type(error)(error.what, where=error.where, hint=hint))


def _may_move(invocation: Invocation, form: Format) -> bool:
    """Return whether a line may be drawn over and over: on a terminal that erases, and without events between."""
    mixed = form is Format.JSON and invocation.output.data.isatty()
    return invocation.environ.get("TERM") != "dumb" and not mixed


def _events(invocation: Invocation, course: Course, platform: str | None) -> CopyEvents:
    from tidegate.cli.image.events import CopyEvents

    return CopyEvents(invocation.output, course, platform)


def _fail(results: list[Copied], where: str | None) -> None:
    errors = [each.error for each in results if each.error is not None]
    if errors:
        from tidegate.counted import counted
        from tidegate.errors.image import CopiesFailed

        hints = {each.hint for each in errors}
        why = (hints.pop() if len(hints) == 1 else None) or "the lines above say why"
        hint = f"{why}; what was copied is not copied again"
        what = f"{len(errors)} of {counted(len(results), 'image')} {'was' if len(errors) == 1 else 'were'} not copied"
        raise CopiesFailed(what, where=where, hint=hint)
