"""In what manner a call wants its output: with colour, as JSON, with tracebacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Manner:
    """How errors are to be shown.

    It is read from the raw command line, because it must hold for a line that can't be parsed, too.

    Args:
        json: as JSON (`-o json`).
        debug: with the traceback (`--debug`, TIDEGATE_DEBUG).
        colour: with colour.
    """

    json: bool = False
    debug: bool = False
    colour: bool = False

    @classmethod
    def asked(cls, arguments: Sequence[str], environ: Mapping[str, str], stream: TextIO) -> Manner:
        """Return what the command line asks for."""
        json = any(pair in {("-o", "json"), ("--output", "json")} for pair in pairwise(arguments))
        return cls(
            json=json or "-ojson" in arguments or "--output=json" in arguments,
            debug="--debug" in arguments or environ.get("TIDEGATE_DEBUG", "0") not in {"", "0"},
            colour=wants_colour(stream, environ),
        )


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether `stream` is coloured.

    NO_COLOR (no-color.org) wins over FORCE_COLOR, which wins over whether it is a terminal.
    """
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"
