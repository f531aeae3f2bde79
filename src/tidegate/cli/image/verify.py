"""`tidegate image verify`."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format, Json
from tidegate.cli.report import Report, Table


@click.command(
    "verify",
    cls=Command,
    examples=[
        "tidegate image verify dev:inventory:1.1.3 prd:inventory:1.1.3",
        "tidegate image verify oci-layout:bundle:1.1.3 registry.site.example.com/inventory:1.1.3 --deep",
    ],
)
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST")
@click.option("--deep", is_flag=True, help="Read every blob at DST and verify its bytes, not only that it is there.")
@output_option
@pass_invocation
def verify(invocation: Invocation, *, source: str, target: str, deep: bool, form: Format) -> None:
    """Compare an image with its copy, part by part.

    The copy must have the same digest, every manifest and blob, and all that is attached at SRC. Anything missing ends
    with exit code 1.
    """
    from dataclasses import replace

    from tidegate.cli.image.access import open_places
    from tidegate.errors.image import ImagesDiffer
    from tidegate.registry.verification import verify_image

    with open_places(invocation) as places:
        there = places.parse(source)
        here = places.parse(target)
        here = here if here.tag or here.digest else replace(here, tag=there.tag, digest=there.digest)
        found = verify_image(there, here, deep=deep)
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
            invocation.output.line(f"{here}  {found.target}  {found.blobs} blobs {read}, {found.referrers} attached")
    else:
        invocation.output.show(form, Report(Table(("FAULT",), (), empty=""), document, found.faults))
    if found.faults:
        again = "--replace" if found.target not in {None, found.source} else "--referrers always"
        count = len(found.faults)
        what = "1 part is missing or differs" if count == 1 else f"{count} parts are missing or differ"
        raise ImagesDiffer(what, where=str(here), hint=f"copy it again: tidegate image copy SRC DST {again}")
