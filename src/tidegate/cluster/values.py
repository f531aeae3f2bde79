"""The images in the values of a HelmRelease that came as JSON, found as in a file of git."""

from __future__ import annotations

import json
import re
from typing import Final

from tidegate.errors.manifest import InvalidYaml, NotHelmRelease, YamlTooLarge
from tidegate.flux import find_images
from tidegate.model import ImageRef
from tidegate.model.json import Json

_BEYOND_ASCII: Final = re.compile(r"[^\x20-\x7e]")
_HEADER: Final = b'{"apiVersion":"helm.toolkit.fluxcd.io/v2","kind":"HelmRelease","spec":{"values":%b}}'
_TWO_BYTES: Final = 0xFFFF


def images_in_values(values: Json) -> tuple[ImageRef, ...]:
    """Return the images that `spec.values` names, in order, each once; none where they can't be searched.

    JSON is YAML but for a few characters, so that the one search knows every shape in which charts spell an image.
    """
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    data = _HEADER % _BEYOND_ASCII.sub(_escaped, text).encode()
    try:
        sites = find_images(data)
    except (InvalidYaml, YamlTooLarge, NotHelmRelease):
        return ()
    return tuple(dict.fromkeys(site.image for site in sites if site.image is not None))


def _escaped(found: re.Match[str]) -> str:
    """Return a character as YAML spells it in quotes: JSON has pairs of surrogates for what is beyond two bytes."""
    code = ord(found.group())
    if code > _TWO_BYTES:
        return f"\\U{code:08x}"
    return "\\ufffd" if 0xD800 <= code <= 0xDFFF else f"\\u{code:04x}"  # noqa: PLR2004 - half a pair is no character
