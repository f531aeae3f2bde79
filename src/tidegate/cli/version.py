"""`tidegate version`: which version a build gets."""

from __future__ import annotations

import re
from typing import Final

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.output import as_json

_LINE: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})(?:\.x)?", re.ASCII)


@click.group("version", cls=Group)
def version() -> None:
    """Compute and claim versions."""


@version.command(
    "next",
    examples=[
        "tidegate version next",
        "tidegate version next inventory --push",
        "tidegate version next inventory --push --format dotenv > version.env",
        "tidegate version next inventory --line 1.0",
    ],
)
@click.argument("service", required=False)
@click.option(
    "--push", is_flag=True, help="Claim the version by pushing its git tag; the next one if another was faster."
)
@click.option("--bump", type=click.Choice(["patch", "minor", "major"]), default="patch", show_default=True)
@click.option("--line", metavar="X.Y", help="Continue this line instead of the newest, e.g. 1.0.")
@click.option("--tag-format", metavar="PATTERN", help="How versions are written as git tags, e.g. v{version}.")
@click.option("--format", "form", type=click.Choice(["plain", "json", "dotenv"]), default="plain", show_default=True)
@pass_invocation
def next_(
    invocation: Invocation,
    *,
    service: str | None,
    push: bool,
    bump: str,
    line: str | None,
    tag_format: str | None,
    form: str,
) -> None:
    """Print the version that a build gets, from the git tags of the application's repository.

    In a checkout its HEAD is tagged. With SERVICE, tidegate.yaml tells the repository (`source:`) and how versions
    are written as tags (`version_tags:`); without, the checkout's tags are read and no tidegate.yaml is needed.
    """
    from tidegate.bootstrap import version_tags_of
    from tidegate.engine.version_tags import TaggedVersions, TagStyle
    from tidegate.engine.versions import Bump, claim_next, next_version

    configuration = invocation.configuration if service else None
    asked = configuration.pipeline.services.get(service) if configuration and service else None
    if configuration and asked is None:
        known = ", ".join(sorted(configuration.pipeline.services)) or "none"
        raise click.BadParameter(f"there is no service {service!r}; in the configuration: {known}")
    tags = version_tags_of(asked, configuration, invocation.directory, invocation.environ, invocation.clock)
    style = TagStyle(tag_format or (asked.version_tags if asked else "{version}"))
    wanted = None if line is None else _line(line)
    if push:
        claimed = claim_next(tags, style, bump=Bump(bump), line=wanted)
        invocation.output.say(f"tag {claimed.tag} is pushed at {claimed.commit[:12]}")
        found, tag = claimed.version, claimed.tag
    else:
        tagged = TaggedVersions.read(style, tags.all())
        found = next_version(tagged.versions, tagged.lines, bump=Bump(bump), line=wanted)
        tag = style.write(found)
    match form:
        case "json":
            invocation.output.line(as_json({"version": str(found), "tag": tag, "claimed": push}))
        case "dotenv":
            invocation.output.line(f"TIDEGATE_VERSION={found}")
        case _:
            invocation.output.line(str(found))


def _line(text: str) -> tuple[int, int]:
    match = _LINE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a line: write it like 1.0")
    return int(match[1]), int(match[2])
