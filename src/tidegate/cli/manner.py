"""In what manner a call wants its output: with colour, as JSON, with tracebacks.

JSON and tracebacks are read from the raw command line, because they must hold for a line that can't be parsed, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TextIO


def wants_json(arguments: Sequence[str]) -> bool:
    """Return whether errors are to be shown as JSON (`-o json`)."""
    apart = any(pair in {("-o", "json"), ("--output", "json")} for pair in pairwise(arguments))
    return apart or "-ojson" in arguments or "--output=json" in arguments


def wants_debug(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Return whether the log and tracebacks are to be shown (`--debug`, TIDEGATE_DEBUG)."""
    return "--debug" in arguments or environ.get("TIDEGATE_DEBUG", "0") not in {"", "0"}


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether `stream` is coloured.

    NO_COLOR (no-color.org) wins over FORCE_COLOR, which wins over whether it is a terminal.
    """
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"
