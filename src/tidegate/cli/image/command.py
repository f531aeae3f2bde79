"""The group `tidegate image`. Its commands are imported when they are called: one retag is a matter of milliseconds."""

from __future__ import annotations

from typing import Final

import click

from tidegate.cli.lazy import Entry, LazyGroup

_COMMANDS: Final = "Commands"
ENTRIES: Final = (
    Entry("copy", "tidegate.cli.image.copy:copy", _COMMANDS, "Copy images with all that is attached to them."),
    Entry("tag", "tidegate.cli.image.tag:tag", _COMMANDS, "Give an image further tags in its repository."),
    Entry("ls", "tidegate.cli.image.ls:ls", _COMMANDS, "List the tags of a repository."),
    Entry("digest", "tidegate.cli.image.digest:digest", _COMMANDS, "Print the digest of an image."),
    Entry("inspect", "tidegate.cli.image.inspect:inspect", _COMMANDS, "Show what an image consists of."),
    Entry("verify", "tidegate.cli.image.verify:verify", _COMMANDS, "Compare an image with its copy, part by part."),
    Entry("rm", "tidegate.cli.image.rm:rm", _COMMANDS, "Remove a tag that no environment runs."),
)


@click.group("image", cls=LazyGroup, entries=ENTRIES, sections=(_COMMANDS,))
def image() -> None:
    """Copy, tag, list, inspect, verify and remove images.

    \b
    An image is written as
      HOST/REPOSITORY:TAG      registry.example.com/team/app:1.0.0; without a tag latest
      NAME:REPOSITORY:TAG      in an account of tidegate.yaml
      oci-layout:FOLDER:TAG    in an image layout; without a tag its only one, or latest
    Each may end with @DIGEST. No tidegate.yaml is needed.
    """  # noqa: D301 - click takes that mark for: keep these lines
