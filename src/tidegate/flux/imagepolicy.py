"""ImagePolicies in a file: read, and their semver range written. Both API versions have the same spec."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tidegate.flux.follow import Follower, View
from tidegate.flux.helmrelease import resources_in, view_at
from tidegate.flux.shapes import NULL, text_of
from tidegate.yamledit import Edit, Path, Scalar, Sequence, Style, apply, parse

API_GROUP: Final = "image.toolkit.fluxcd.io"
API_VERSIONS: Final = frozenset(f"{API_GROUP}/{version}" for version in ("v1", "v1beta2", "v1beta1"))
KIND: Final = "ImagePolicy"

_RANGE: Final = ("spec", "policy", "semver", "range")
_INT: Final = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """One ImagePolicy: a document, or an item of a `kind: List`.

    Args:
        document: index in the file, from 0.
        api_version: e.g. `image.toolkit.fluxcd.io/v1`.
        name: `metadata.name`.
        namespace: `metadata.namespace`, or None when it comes from elsewhere.
        spec: `.spec` as plain values: mappings, lists, strings, numbers, booleans and None.
        line: line where the document's content starts.
        range: the semver range as written, without quotes; None when the policy has none.
        range_line: its line.
        path: where in the document it stands; () for all of it.
    """

    document: int
    api_version: str
    name: str
    namespace: str | None
    spec: Mapping[str, object]
    line: int
    range: str | None = None
    range_line: int | None = None
    path: Path = ()

    @property
    def at(self) -> tuple[int, Path]:
        """Document and path: what tells it from the others in its file."""
        return self.document, self.path

    @property
    def range_path(self) -> Path:
        """Where in the document its range stands."""
        return (*self.path, *_RANGE)


def image_policies(data: bytes, *, file: str = "<data>") -> list[ImagePolicy]:
    """Return the ImagePolicies in `data`, in order; none when it holds other things.

    Raises:
        InvalidYaml, YamlTooLarge: as `tidegate.yamledit.documents`.
    """
    stream = parse(data, file=file)
    follower = Follower(stream)
    policies = []
    for resource in resources_in(stream, follower):
        if resource.kind != KIND or resource.api_version not in API_VERSIONS:
            continue
        spec = view_at(follower, resource.view, "spec")
        value = _plain(follower, spec) if spec is not None else None
        at = view_at(follower, resource.view, *_RANGE)
        policies.append(
            ImagePolicy(
                document=resource.document,
                api_version=resource.api_version,
                name=resource.name,
                namespace=resource.namespace,
                spec=value if isinstance(value, dict) else {},
                line=resource.line,
                range=text_of(at.node) or None if at is not None and isinstance(at.node, Scalar) else None,
                range_line=at.node.line if at is not None else None,
                path=resource.path,
            )
        )
    return policies


def set_policy_range(data: bytes, policy: ImagePolicy, text: str, *, file: str = "<data>") -> bytes:
    """Return `data` with the range of `policy` (from `image_policies(data)`) as `text`, all else as it was.

    Raises:
        UnsafeEdit: the policy has no range, or it can't be edited.
    """
    return apply(data, [Edit(policy.range_path, text, policy.document)], file=file)


def _plain(follower: Follower, view: View) -> object:
    if isinstance(view.node, Sequence):
        items = enumerate(view.node.items)
        return [_plain(follower, follower.view((item, view.refusal), (*view.path, index))) for index, item in items]
    if isinstance(view.node, Scalar):
        return _plain_scalar(view.node)
    fields = follower.fields(view)
    return {key: _plain(follower, follower.view(field, (*view.path, key))) for key, field in fields.items()}


def _plain_scalar(scalar: Scalar) -> object:
    """Return the value by YAML 1.2's core schema (section 10.3.2)."""
    text = scalar.text
    if scalar.style is not Style.PLAIN or scalar.tag is not None:
        return text
    if text in NULL:
        return None
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
