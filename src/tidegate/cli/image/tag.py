"""`tidegate image tag`."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.model.json import Json


@click.command(
    "tag",
    cls=Command,
    examples=[
        "tidegate image tag registry.example.com/inventory:1.1.3 1.1.3-rc1",
        "tidegate image tag dev:inventory:1.1.3 stable latest --replace",
    ],
)
@click.argument("image")
@click.argument("tags", metavar="TAG...", nargs=-1, required=True)
@click.option("--replace", is_flag=True, help="Move a tag that holds another image. Default: that is an error.")
@output_option
@pass_invocation
def tag(invocation: Invocation, *, image: str, tags: tuple[str, ...], replace: bool, form: Format) -> None:
    """Give an image further tags in its repository.

    No blob is touched: the manifest is read once, and written under each tag that does not hold it yet.
    """
    from tidegate.cli.image.access import open_places
    from tidegate.errors.image import PlaceInvalid
    from tidegate.model.image import is_tag
    from tidegate.registry.retag import retag

    wrong = next((each for each in tags if not is_tag(each)), None)
    if wrong is not None:
        hint = "letters, digits, _ . - and at most 128 of them"
        if "/" in wrong or ":" in wrong:
            hint = "a tag alone is named here, in IMAGE's repository; into another one goes tidegate image copy"
        raise PlaceInvalid(f"{wrong[:200]!r} is not a tag", hint=hint)
    with open_places(invocation) as places:
        place = places.parse(image)
        results = retag(place, tags, replace=replace)
    if form is Format.TABLE:
        for each in results:
            invocation.output.line(
                f"{place.with_tag(each.tag)}  {each.digest}{'' if each.written else '  (was there)'}"
            )
        return
    from tidegate.cli.report import Report, Table

    documents: list[Json] = [
        {"image": str(place.with_tag(each.tag)), "digest": str(each.digest), "adopted": not each.written}
        for each in results
    ]
    names = tuple(str(place.with_tag(each.tag)) for each in results)
    invocation.output.show(form, Report(Table(("IMAGE",), (), empty=""), {"tags": documents}, names))
