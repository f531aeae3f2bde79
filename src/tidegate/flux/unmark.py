"""Taking setter markers out of a file."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.flux.markers import marker_of
from tidegate.flux.sites import ImageSite
from tidegate.yamledit import Scalar, parse
from tidegate.yamledit.locate import written_at
from tidegate.yamledit.splice import Splice, encoded, reparse, verify


def without_markers(data: bytes, sites: Iterable[ImageSite], *, file: str = "<data>") -> bytes:
    """Return `data` without the setter markers of `sites`: a release is carried where automation must not touch it.

    Args:
        data: the file that the sites were found in.
        sites: from `find_images(data)`; the markers of all their values go, everything else stays.
        file: the file's name, for errors.

    Raises:
        UnsafeEdit: the file would not read the same without them.
    """
    stream = parse(data, file=file)
    spans = set()
    for site in sites:
        for field in site.fields:
            node = written_at(stream.documents[site.document], field.path)
            span = marker_of(stream, node) if isinstance(node, Scalar) else None
            if span is not None:
                spans.add(Splice(span.start, span.end, ""))
    if not spans:
        return data
    after = reparse(stream, spans)
    verify(stream, after, {})
    return encoded(after)
