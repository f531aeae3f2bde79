"""`tidegate image copy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format, Json, Report, Table

if TYPE_CHECKING:
    from tidegate.registry.batch import Copied, Pair
    from tidegate.registry.copy import Wish
    from tidegate.registry.places import Places

_REFERRERS = ("with-image", "always", "never")


@click.command(
    "copy",
    cls=Command,
    examples=[
        "tidegate image copy dev.example.com/inventory:1.1.3-rc1 prd.example.com/inventory:1.1.3",
        "tidegate image copy dev:inventory:1.1.3 oci-layout:bundle:inventory-1.1.3",
        "tidegate image copy --from release.txt --jobs 16 -o json",
    ],
)
@click.argument("source", metavar="[SRC]", required=False)
@click.argument("target", metavar="[DST]", required=False)
@click.option("--from", "file", metavar="FILE", help="Copy many: a line of FILE is SRC DST; - for stdin.")
@click.option("--platform", metavar="OS/ARCH", help="Only one platform of an index: the copy has another digest.")
@click.option(
    "--referrers",
    type=click.Choice(_REFERRERS),
    default=_REFERRERS[0],
    show_default=True,
    help="When signatures, SBOMs and attestations are looked for. always: even where DST is right already.",
)
@click.option("--replace", is_flag=True, help="Move a tag that holds another image. Default: that is an error.")
@click.option("--foreign", is_flag=True, help="Copy layers, too, whose media type says that they lie elsewhere.")
@click.option("--jobs", type=click.IntRange(1, 64), default=8, show_default=True, help="Images at once.")
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
    tag that is right already is left as it is, without another question. DST without a tag gets SRC's.
    """
    from tidegate.cli.image.access import open_places
    from tidegate.registry.copy import Referrers, Wish

    if (file is None) == (source is None) or (source is None) != (target is None):
        raise click.UsageError("name SRC and DST, or give a list with --from FILE")
    wish = Wish(Referrers(referrers), replace=replace, foreign=foreign)
    if platform is not None:
        invocation.output.say(f"only {platform} is copied: its digest is not the one of the whole image")
    with open_places(invocation) as places:
        pairs = _pairs(invocation, places, source, target, file)
        results = _run(invocation, pairs, wish, platform, jobs)
    if len(results) == 1 and results[0].error is not None:
        raise results[0].error
    if form is Format.TABLE:
        for each in results:
            if each.report is not None:
                invocation.output.line(f"{each.target}  {each.report.digest}")
    else:
        documents: list[Json] = [_record(each) for each in results]
        names = tuple(f"{each.target}" for each in results if each.report is not None)
        invocation.output.show(form, Report(Table(("IMAGE",), (), empty=""), {"copies": documents}, names))
    _fail(results)


def _pairs(
    invocation: Invocation, places: Places, source: str | None, target: str | None, file: str | None
) -> list[Pair]:
    from tidegate.cli.image.pairs import read_pairs
    from tidegate.registry.batch import Pair

    if source is not None and target is not None:
        return [Pair(places.parse(source), places.parse(target))]
    return read_pairs(file or "", invocation.directory, places)


def _run(invocation: Invocation, pairs: list[Pair], wish: Wish, platform: str | None, jobs: int) -> list[Copied]:
    from tidegate.cli.image.access import RETRY
    from tidegate.cli.image.talk import CopyTalk
    from tidegate.registry.batch import ByteCount, copy_all
    from tidegate.registry.copy import Copier

    sent = ByteCount()
    talk = CopyTalk(invocation.output, len(pairs), sent)
    results: list[Copied] = []
    try:
        copies = copy_all(
            Copier(RETRY, on_bytes=sent.add), pairs, wish=wish, platform=platform, workers=jobs, tick=talk.tick
        )
        for copied in copies:
            results.append(copied)
            if len(pairs) > 1 or copied.error is None:
                talk.ended(copied)
    except KeyboardInterrupt:
        talk.clear()
        done = sum(each.report is not None for each in results)
        invocation.output.say(f"interrupted: {done} of {len(pairs)} images are there, the others are not; run it again")
        raise
    talk.clear()
    return results


def _fail(results: list[Copied]) -> None:
    from tidegate.errors.image import CopiesFailed

    errors = [each.error for each in results if each.error is not None]
    if errors:
        hint = "the lines above say why; run it again: what was copied is not copied again"
        raise CopiesFailed(f"{len(errors)} of {len(results)} images were not copied", where=errors[0].where, hint=hint)


def _record(copied: Copied) -> dict[str, Json]:
    report, error = copied.report, copied.error
    kept: list[Json] = list(report.kept) if report else []
    return {
        "source": str(copied.pair.source),
        "target": str(copied.target),
        "digest": str(report.digest) if report else None,
        "adopted": report.adopted if report else None,
        "blobsSent": report.blobs_sent if report else 0,
        "bytesSent": report.bytes_sent if report else 0,
        "blobsPresent": report.blobs_present if report else 0,
        "foreign": [str(digest) for digest in report.foreign] if report else [],
        "referrers": report.referrers if report else 0,
        "kept": kept,
        "error": {"code": error.code, "what": str(error), "hint": error.hint} if error else None,
    }
