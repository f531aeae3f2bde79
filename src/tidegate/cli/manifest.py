"""`tidegate manifest`: images in HelmReleases, and byte-exact edits, by hand."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.printable import printable
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from pathlib import Path

    from tidegate.flux import ImageSite


@click.group("manifest", cls=Group)
def manifest() -> None:
    """Find images in HelmReleases, and change a value without touching another byte."""


@manifest.command(
    "images", examples=["tidegate manifest images apps/*/release.yaml", "tidegate manifest images a.yaml -o json"]
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@output_option
@pass_invocation
def images(invocation: Invocation, *, files: tuple[str, ...], form: Format) -> None:
    """List every place that names an image."""
    from tidegate.errors.manifest import NotHelmRelease
    from tidegate.flux import find_images

    found: list[tuple[str, ImageSite]] = []
    others: list[NotHelmRelease] = []
    for file in files:
        data = _read(invocation.path(file), file)
        try:
            found += [(file, site) for site in find_images(data, file=file)]
        except NotHelmRelease as error:
            others.append(error)
    if len(others) == len(files):
        raise others[0]
    for other in others:
        invocation.output.say(printable(f"{other}: passed over"))
    rows = tuple(_row(file, site) for file, site in found)
    documents: list[Json] = [_record(file, site) for file, site in found]
    table = Table(("PLACE", "PATH", "IMAGE", "NOTE"), rows, empty="no images")
    names = tuple(site.reference for _, site in found)
    invocation.output.show(form, Report(table, {"images": documents}, names))


@manifest.command(
    "set",
    examples=[
        "tidegate manifest set release.yaml spec.values.image.tag 1.1.3",
        "tidegate manifest set release.yaml 'spec.values.containers[0].image' app:1.1.3 --dry-run",
    ],
)
@click.argument("file", metavar="FILE")
@click.argument("path", metavar="PATH")
@click.argument("value", metavar="VALUE")
@click.option("--document", type=click.IntRange(0), metavar="N", help="Which document of the file, from 0.")
@click.option("--dry-run", is_flag=True, help="Print the change as a diff and write nothing.")
@pass_invocation
def set_value(invocation: Invocation, *, file: str, path: str, value: str, document: int | None, dry_run: bool) -> None:
    """Change one value in place; every other byte of the file stays."""
    from tidegate.engine.manifests import manifest_diff
    from tidegate.whole_file import held, replace_file
    from tidegate.yamledit import Edit, apply, only_document, parse, parse_path

    where, at = parse_path(path), invocation.path(file)
    _require_file(at, file)
    with nullcontext() if dry_run else held(at):
        before = _read(at, file)
        if document is None:
            document = only_document(parse(before, file=file), where)
        after = apply(before, [Edit(where, value, document)], file=file)
        if not dry_run and after != before:
            replace_file(at, after)
    if after == before:
        invocation.output.say(printable(f"{file}: {path} is {value} already"))
    elif dry_run:
        for line in manifest_diff(before, after, file).splitlines():
            invocation.output.line(printable(line))
    else:
        invocation.output.say(printable(f"{file}: {path} is now {value}"))


def _read(path: Path, name: str) -> bytes:
    from tidegate.yamledit.stream import MAX_BYTES

    _require_file(path, name)
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)  # one byte too many is refused when it is parsed


def _require_file(path: Path, name: str) -> None:
    from tidegate.errors.manifest import ManifestMissing

    if not path.is_file():
        raise ManifestMissing(f"there is no file {name}", where=name, hint="name a file that exists")


def _row(file: str, site: ImageSite) -> tuple[str | Cell, ...]:
    from tidegate.yamledit import dotted

    note: str | Cell = f"set by {site.marker}" if site.marker else ""
    if site.refusal:
        note = Cell(site.refusal, Style.WAIT)
    return f"{file}:{site.line}", dotted(site.path), site.reference, note


def _record(file: str, site: ImageSite) -> dict[str, Json]:
    return {
        "file": file,
        "line": site.line,
        "document": site.document,
        "path": list(site.path),
        "reference": site.reference,
        "registry": site.registry,
        "repository": site.repository,
        "tag": site.tag,
        "digest": site.digest,
        "image": str(site.image) if site.image else None,
        "marker": str(site.marker) if site.marker else None,
        "refusal": site.refusal,
    }
