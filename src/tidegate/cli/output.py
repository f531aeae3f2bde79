"""Printing: data to stdout as table, JSON, YAML or names; talk to stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TextIO

from tidegate.cli.manner import wants_colour
from tidegate.cli.printable import printable
from tidegate.model.json import Json

if TYPE_CHECKING:  # a copy or a retag has no table
    from tidegate.cli.report import Report, Table

SCHEMA_VERSION: Final = 1


class Format(Enum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Output:
    """Where data and talk go.

    Args:
        data: stdout.
        talk: stderr.
        colour: whether `data` is coloured.
        quiet: whether talk is left out.
    """

    data: TextIO
    talk: TextIO
    colour: bool = False
    quiet: bool = False

    @classmethod
    def of_process(cls, environ: Mapping[str, str], *, quiet: bool) -> Output:
        """Return the output on this process's stdout and stderr."""
        return cls(sys.stdout, sys.stderr, colour=wants_colour(sys.stdout, environ), quiet=quiet)

    def show(self, form: Format, report: Report) -> None:
        """Print `report` as `form` asks."""
        match form:
            case Format.TABLE:
                self.table(report.table)
            case Format.JSON:
                self.line(as_json(report.document))
            case Format.YAML:
                self.line(as_yaml(report.document).rstrip("\n"))
            case Format.NAME:
                for name in report.names:
                    self.line(printable(name))

    def table(self, table: Table) -> None:
        """Print a table: coloured on a terminal, aligned plain text elsewhere."""
        if not table.rows:
            self.say(table.empty)
        elif self.colour:
            table.print_coloured(self.data)
        else:
            for line in table.lines():
                self.line(line)

    def line(self, text: str = "") -> None:
        """Print a line of data."""
        self.data.write(f"{text}\n")

    def say(self, text: str) -> None:
        """Tell the person something that is not data, unless `quiet`."""
        if not self.quiet:
            self.talk.write(f"{text}\n")
            self.talk.flush()


def as_json(document: Mapping[str, Json]) -> str:
    """Return `document` as indented JSON with `schemaVersion`."""
    import json

    return json.dumps(_versioned(document), indent=2, ensure_ascii=False)


def as_yaml(document: Mapping[str, Json]) -> str:
    """Return `document` as YAML with `schemaVersion`."""
    import yaml

    text: str = yaml.safe_dump(_plain(_versioned(document)), sort_keys=False, allow_unicode=True)
    return text


def _versioned(document: Mapping[str, Json]) -> dict[str, Json]:
    return {"schemaVersion": SCHEMA_VERSION, **document}


def _plain(value: Json) -> Json:
    """Return `value` made of dicts and lists, which is all that the YAML writer knows."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
