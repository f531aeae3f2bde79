"""`tidegate version current`: the newest version there is."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.version.answer import Answer, Form, form_option
from tidegate.cli.version.sources import open_sources, source_options
from tidegate.errors.release import NoVersion


@click.command(
    "current",
    cls=Command,
    examples=[
        "tidegate version current",
        "tidegate version current inventory --line 1.0",
        "tidegate version current inventory --from both --format json",
    ],
)
@source_options
@form_option
@pass_invocation
def current(
    invocation: Invocation,
    *,
    service: str | None,
    origin: str,
    line: tuple[int, int] | None,
    tag_format: str | None,
    form: Form,
) -> None:
    """Print the newest version, of all lines or of one; pre-releases don't count. Exit code 1 when there is none."""
    from tidegate.engine.versions.next_version import newest_release
    from tidegate.engine.versions.version_tags import TaggedVersions

    sources = open_sources(invocation, service, origin, tag_format, needs_git=False)
    names = {} if sources.tags is None else sources.tags.all()
    newest = newest_release(TaggedVersions.read(sources.style, names).versions | sources.released, line)
    if newest is None:
        what = f"the line {line[0]}.{line[1]}" if line else service or "this repository"
        raise NoVersion(f"{what} has no version yet", hint="tidegate version next --push makes the first one")
    tag = sources.style.find(newest, names) or sources.style.write(newest)
    version = newest.without_metadata.removeprefix("v")
    Answer(version, tag, names.get(tag), newest.line).show(invocation.output, form)
