"""Where versions are read from: the git tags of an application's repository, the registry's tags, or both."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from tidegate.cli.invocation import Invocation

if TYPE_CHECKING:
    from tidegate.config import Configuration
    from tidegate.engine.versions.version_tags import Line, TagStyle
    from tidegate.model import Service, Version
    from tidegate.ports import VersionTags

P = ParamSpec("P")
R = TypeVar("R")

_LINE: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})(?:\.x)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sources:
    """What versions are read from.

    Args:
        service: the service, or None for whatever the checkout is of.
        style: how versions are written as git tags.
        tags: the git tags; None where the registry alone is asked.
        released: the versions of the service's images; none where the registry is not asked.
        reads_tags: git tags count as versions.
    """

    service: Service | None
    style: TagStyle
    tags: VersionTags | None
    released: frozenset[Version]
    reads_tags: bool


def source_options(function: Callable[P, R]) -> Callable[P, R]:
    """Add the argument SERVICE and the options `--from`, `--line` and `--tag-format`.

    The command gets `service: str | None`, `origin: str`, `line: tuple[int, int] | None`, `tag_format: str | None`.
    """
    for decorate in (
        click.option("--tag-format", metavar="PATTERN", help="How versions are written as git tags, e.g. v{version}."),
        click.option(
            "--line",
            metavar="X.Y",
            callback=lambda _context, _parameter, value: None if value is None else _line(value),
            help="This line of versions instead of the newest, e.g. 1.0.",
        ),
        click.option(
            "--from",
            "origin",
            type=click.Choice(["git", "registry", "both"]),
            default="git",
            show_default=True,
            help="Read git tags, the image tags in the first environment's registry, or both: the higher wins.",
        ),
        click.argument("service", required=False),
    ):
        function = decorate(function)
    return function


def open_sources(
    invocation: Invocation, service: str | None, origin: str, tag_format: str | None, *, needs_git: bool
) -> Sources:
    """Return what versions are read from.

    Args:
        invocation: the call.
        service: the service's name, or None for whatever the checkout is of.
        origin: `git`, `registry` or `both`.
        tag_format: how versions are written as git tags; None for what the service says.
        needs_git: the repository is needed even if its tags are not read.

    Raises:
        click.BadParameter: there is no such service, or the registry is asked without one.
        RegistryUnreachable: or another error of `tidegate.errors.registry`: a registry that was named is asked.
    """
    from tidegate.bootstrap import version_tags_of
    from tidegate.engine.versions.version_tags import TagStyle
    from tidegate.git.names import check_branch
    from tidegate.model import Version

    configuration = invocation.configuration if service else None
    asked = _service(configuration, service) if configuration and service else None
    style = TagStyle(tag_format or (asked.version_tags if asked else "{version}"))
    check_branch(style.write(Version(1, 0, 0)))
    tags = None
    if needs_git or origin != "registry":
        tags = version_tags_of(asked, configuration, invocation.directory, invocation.environ, invocation.clock)
    released = frozenset[Version]() if origin == "git" else _released(invocation, configuration, asked)
    return Sources(asked, style, tags, released, reads_tags=origin != "registry")


def _service(configuration: Configuration, name: str) -> Service:
    asked = configuration.pipeline.services.get(name)
    if asked is None:
        known = ", ".join(sorted(configuration.pipeline.services)) or "none"
        raise click.BadParameter(f"there is no service {name!r}; in the configuration: {known}")
    return asked


def _released(
    invocation: Invocation, configuration: Configuration | None, service: Service | None
) -> frozenset[Version]:
    from tidegate.bootstrap import open_images
    from tidegate.engine.versions.image_versions import image_versions

    if configuration is None or service is None:
        raise click.BadParameter("name the SERVICE whose image tags are to be read", param_hint="--from")
    with open_images(configuration, invocation.environ) as images:
        return image_versions(images, configuration.pipeline, service)


def _line(text: str) -> Line:
    match = _LINE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a line: write it like 1.0")
    return int(match[1]), int(match[2])
