"""`tidegate image verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.report import Report, Table
from tidegate.counted import counted
from tidegate.model.json import Json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidegate.registry.places import ImagePlace
    from tidegate.registry.tree import Home
    from tidegate.registry.verification import Verification


@click.command(
    "verify",
    cls=Command,
    examples=[
        "tidegate image verify dev:inventory:1.1.3 prd:inventory:1.1.3",
        "tidegate image verify oci-layout:bundle:inventory-1.1.3 registry.site.example.com/inventory:1.1.3 --deep",
    ],
)
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@click.option("--deep", is_flag=True, help="Read every blob at DST and verify its bytes, not only that it is there.")
@click.option("--foreign", is_flag=True, help="Look for layers, too, whose media type says that they lie elsewhere.")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="DST is to be this platform of SRC alone.")
@output_option
@pass_invocation
def verify(
    invocation: Invocation,
    *,
    source: str,
    target: str,
    deep: bool,
    foreign: bool,
    platform: str | None,
    form: Format,
) -> None:
    """Compare an image with its copy, part by part.

    The copy must have the same digest, every manifest and blob, and all that is attached at SRC. Anything missing ends
    with exit code 1. After a copy with --platform, give that here, too.
    """
    from dataclasses import replace

    from tidegate.cli.image.access import open_places
    from tidegate.errors.image import ImagesDiffer
    from tidegate.registry.verification import verify_image

    with open_places(invocation) as places:
        there = places.parse(source)
        here = places.parse(target)
        here = here if here.tag or here.digest else replace(here, tag=there.tag, digest=there.digest)
        if platform is not None:
            from tidegate.registry.platforms import find_part

            there = replace(there, digest=find_part(there, platform).digest)
        found = verify_image(there, here, deep=deep, foreign=foreign)
    faults: list[Json] = list(found.faults)
    document: dict[str, Json] = {
        "source": {"image": str(there), "digest": str(found.source)},
        "target": {"image": str(here), "digest": str(found.target) if found.target else None},
        "blobs": found.blobs,
        "referrers": found.referrers,
        "faults": faults,
    }
    if form is Format.TABLE:
        for fault in found.faults:
            invocation.output.line(f"✗ {fault}")
        if not found.faults:
            read = "read" if deep else "there"
            blobs = counted(found.blobs, "blob")
            invocation.output.line(f"{here}  {found.target}  {blobs} {read}, {found.referrers} attached")
    else:
        invocation.output.show(form, Report(Table(("FAULT",), (), empty=""), document, found.faults))
    if found.faults:
        count = len(found.faults)
        what = counted(count, "part is missing or differs", "parts are missing or differ")
        options = [*(() if platform is None else ("--platform", platform)), *(("--foreign",) if foreign else ())]
        written = str(here.with_tag(here.tag) if here.tag else here)
        raise ImagesDiffer(what, where=str(here), hint=_hint(found, there, here, (source, written, *options)))


def _replacing(there: Home, here: Home, tags: Sequence[str]) -> str:
    """Return how tags by which something is attached are copied where they hold something else."""
    from shlex import join

    copies = (join(("tidegate", "image", "copy", *(f"{each.shown}:{tag}" for each in (there, here)))) for tag in tags)
    return f"if SRC's is the right one: {'; '.join(f'{copy} --replace' for copy in copies)}"


def _hint(found: Verification, there: ImagePlace, here: ImagePlace, pair: Sequence[str]) -> str:
    """Return what to do about what was found, as it can be typed.

    Args:
        found: what was found.
        there: the source.
        here: the target.
        pair: both as they are written, and options that a copy of them has, too.
    """
    from shlex import join, quote

    copy, target = join(("tidegate", "image", "copy", *pair)), pair[1]
    if found.taken and len(found.taken) == len(found.faults):
        return _replacing(there.home, here.home, found.taken)
    if found.part is not None:
        part = f"{there.with_tag(there.tag) if there.tag else there.home.shown}@{found.target}"
        alone = (*pair, "--platform", found.part) if found.part else (part, *pair[1:])
        comparison = join(("tidegate", "image", "verify", *alone))
        return f"if that is all it should be: {comparison}; else bring the whole: {copy} --replace"
    if found.target != found.source:
        return f"copy it: {copy}" if found.target is None else f"copy it again: {copy} --replace"
    if there.home.key == here.home.key:
        return "it was compared with itself: bring it anew from where it was built, or from another copy of it"
    first = f"remove what has wrong bytes ({join(('rm', *found.damaged))}); then: " if found.damaged else ""
    if not found.of_image:
        return f"{first}bring what is attached: {copy} --referrers always"
    return (
        f"{first}its tag is right, so that a copy leaves it as it is: take the tag away "
        f"(tidegate image rm {quote(target)}), then {copy}"
        f"{'' if first else '; what has wrong bytes in a registry stays until it has lost that'}"
    )
