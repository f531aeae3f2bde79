"""`tidegate image inspect`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.printable import printable
from tidegate.cli.report import Report, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.model.image_node import ImageNode
    from tidegate.model.manifest import Descriptor


@click.command(
    "inspect",
    cls=Command,
    examples=[
        "tidegate image inspect registry.example.com/inventory:1.1.3",
        "tidegate image inspect oci-layout:bundle:inventory-1.1.3 -o json",
    ],
)
@click.argument("image")
@output_option
@pass_invocation
def inspect(invocation: Invocation, *, image: str, form: Format) -> None:
    """Show what an image consists of.

    A tree of index, manifests, config and layers with their sizes and labels, and of all that is attached to them.
    """
    from tidegate.cli.image.access import existing, open_places
    from tidegate.registry.inspect import inspect_image

    with open_places(invocation) as places:
        place = existing(places.parse(image))
        node = inspect_image(place)
    if form is Format.TABLE:
        invocation.output.line(printable(str(place)))
        for line in _lines(node, ""):
            invocation.output.line(printable(line))
        return
    table = Table(("DIGEST",), (), empty="")
    report = Report(table, {"image": str(place), "tree": _record(node)}, (str(node.manifest.digest),))
    invocation.output.show(form, report)


def _lines(node: ImageNode, indent: str, role: str = "") -> Iterator[str]:
    what = "  ".join(part for part in (role, node.platform, node.artifact_type, *node.predicates, node.tag) if part)
    first, others, kind = ("blob", "blob", "index") if node.is_index else ("config", "layer", "manifest")
    yield f"{indent}{kind} {node.manifest.digest}  {_size(node.size)} in all{f'  {what}' if what else ''}"
    inner = f"{indent}  "
    for name, value in sorted(node.labels.items()):
        yield f"{inner}label {name}={value}"
    for number, blob in enumerate(node.blobs):
        yield f"{inner}{others if number else first} {_blob(blob)}"
    for layer in node.foreign:
        yield f"{inner}layer {_blob(layer)}  lies elsewhere"
    for child in node.children:
        yield from _lines(child, inner)
    for referrer in node.referrers:
        yield from _lines(referrer, inner, "attached")


def _blob(blob: Descriptor) -> str:
    return f"{blob.digest}  {_size(blob.size)}  {blob.media_type}"


def _size(size: float) -> str:
    from tidegate.cli.image.sizes import shown

    return shown(size)


def _record(node: ImageNode) -> dict[str, Json]:
    return {
        **_descriptor(node.manifest),
        "totalSize": node.size,
        "platform": node.platform,
        "artifactType": node.artifact_type,
        "tag": node.tag,
        "predicates": list(node.predicates),
        "labels": dict(node.labels),
        "blobs": [_descriptor(blob) for blob in node.blobs],
        "foreign": [_descriptor(layer) for layer in node.foreign],
        "manifests": [_record(child) for child in node.children],
        "referrers": [_record(referrer) for referrer in node.referrers],
    }


def _descriptor(part: Descriptor) -> dict[str, Json]:
    return {"mediaType": part.media_type, "digest": str(part.digest), "size": part.size}
