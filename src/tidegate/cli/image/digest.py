"""`tidegate image digest`."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format


@click.command(
    "digest",
    cls=Command,
    examples=[
        "tidegate image digest registry.example.com/inventory:1.1.3",
        "tidegate image digest prd:inventory:1.1.3 -o name",
    ],
)
@click.argument("image")
@click.option("--platform", metavar="OS/ARCH[/VARIANT]", help="The manifest of one platform of an index.")
@output_option
@pass_invocation
def digest(invocation: Invocation, *, image: str, platform: str | None, form: Format) -> None:
    """Print the digest of an image."""
    from tidegate.cli.image.access import existing, open_places

    with open_places(invocation) as places:
        place = existing(places.parse(image))
        found = str(place.digest)
        if platform is not None:
            from tidegate.registry.platforms import find_part

            found = str(find_part(place, platform).digest)
    if form is Format.TABLE:
        invocation.output.line(found)
        return
    from tidegate.cli.report import Report, Table

    report = Report(Table(("DIGEST",), ((found,),), empty=""), {"image": image, "digest": found}, (found,))
    invocation.output.show(form, report)
