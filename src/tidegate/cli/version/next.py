"""`tidegate version next`: the version that a build gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.version.answer import Answer, Form, form_option
from tidegate.cli.version.sources import Sources, open_sources, source_options
from tidegate.errors.cli import BranchUnknown

if TYPE_CHECKING:
    from tidegate.engine.versions.branch_versions import BranchPattern
    from tidegate.engine.versions.claims import NextVersion

_AUTO = "auto"


@click.command(
    "next",
    cls=Command,
    examples=[
        "tidegate version next",
        "tidegate version next inventory --push",
        "tidegate version next inventory --push --format dotenv > version.env",
        "tidegate version next inventory --push --reuse",
        "tidegate version next inventory --push --bump auto",
        "tidegate version next inventory --line 1.0",
        'tidegate version next --push --pre "{branch}.{n}"',
    ],
)
@source_options
@click.option(
    "--push", is_flag=True, help="Claim the version by pushing its git tag; the next one if another was faster."
)
@click.option(
    "--reuse",
    is_flag=True,
    help="Keep the version that the commit has already, as when a job is run again.",
)
@click.option(
    "--bump",
    type=click.Choice(["patch", "minor", "major", _AUTO]),
    default="patch",
    show_default=True,
    help="What to raise; auto: what the Conventional Commits since the last version ask for.",
)
@click.option(
    "--path",
    "paths",
    metavar="PATH",
    multiple=True,
    help="With --bump auto, count only commits that change this folder or file; several are allowed. "
    "Default: `paths:` of the service.",
)
@click.option("--pre", metavar="PATTERN", help="A pre-release for a branch's build, e.g. {branch}.{n}.")
@click.option("--branch", help="The branch for --pre. Default: CI_COMMIT_REF_NAME, or the checkout's branch.")
@form_option
@pass_invocation
def next_(
    invocation: Invocation,
    *,
    service: str | None,
    origin: str,
    line: tuple[int, int] | None,
    tag_format: str | None,
    push: bool,
    reuse: bool,
    bump: str,
    paths: tuple[str, ...],
    pre: str | None,
    branch: str | None,
    form: Form,
) -> None:
    """Print the version that a build gets: 1.0.0 for a start, then the next on the newest line.

    In a checkout its HEAD is tagged. With SERVICE, tidegate.yaml tells the repository (`source:`) and how versions
    are written as tags (`version_tags:`); without, the checkout's tags are read and no tidegate.yaml is needed.

    With --bump auto, `feat:` is minor, `!` or `BREAKING CHANGE:` is major (minor before 1.0.0), all else is patch.
    """
    from tidegate.engine.versions.branch_versions import BranchPattern
    from tidegate.engine.versions.claims import VersionRequest, claim_next, find_next
    from tidegate.engine.versions.next_version import Bump

    if paths and bump != _AUTO:
        raise click.BadParameter("it has a meaning only with --bump auto", param_hint="--path")
    if branch is not None and pre is None:
        raise click.BadParameter("it has a meaning only with --pre", param_hint="--branch")
    pattern = None if pre is None else BranchPattern(pre)
    sources = open_sources(invocation, service, origin, tag_format, needs_git=push or reuse)
    request = VersionRequest(
        style=sources.style,
        bump=None if bump == _AUTO else Bump(bump),
        line=line,
        paths=_paths(paths, sources),
        pattern=pattern,
        branch=_branch(invocation, sources, branch, pattern),
        released=sources.released,
        reads_tags=sources.reads_tags,
        reuse=reuse,
    )
    if push and sources.tags is not None:
        found = claim_next(sources.tags, request)
        invocation.output.say(_claimed(found))
    else:
        found = find_next(sources.tags, request)
    _answer(found, pushed=push).show(invocation.output, form)


def _answer(found: NextVersion, *, pushed: bool) -> Answer:
    return Answer(
        version=str(found.version),
        tag=found.tag,
        commit=found.commit,
        line=found.version.line,
        more={
            "previous": None if found.previous is None else str(found.previous),
            "bump": found.bump.value,
            "claimed": pushed and not found.reused,
            "reused": found.reused,
        },
    )


def _claimed(found: NextVersion) -> str:
    commit = (found.commit or "")[:12]
    if found.reused:
        return f"{commit} has {found.version} already: it is kept"
    also = f", which had {found.present} already; --reuse would have kept that" if found.present else ""
    return f"tag {found.tag} is pushed at {commit}{also}"


def _paths(given: tuple[str, ...], sources: Sources) -> tuple[str, ...]:
    from tidegate.git.names import check_path

    paths = given or (sources.service.paths if sources.service else ())
    plain = [path.removeprefix("./").rstrip("/") for path in paths]
    return () if "." in plain else tuple(map(check_path, plain))


def _branch(invocation: Invocation, sources: Sources, given: str | None, pattern: BranchPattern | None) -> str:
    if pattern is None or not pattern.names_branch:
        return ""
    branch = given if given is not None else invocation.environ.get("CI_COMMIT_REF_NAME") or None
    if branch is None and sources.tags is not None:
        branch = sources.tags.branch()
    if branch is None:
        raise BranchUnknown(
            "nothing says which branch this is: no CI_COMMIT_REF_NAME, and no branch is checked out",
            hint="give it with --branch NAME",
        )
    return branch
