"""`tidegate init`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tidegate import __version__
from tidegate.cli.init.answers import Given, complete
from tidegate.cli.init.files import NewFile, write_new
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.printable import printable

if TYPE_CHECKING:
    from tidegate.engine.onboarding.propose import Proposal
    from tidegate.engine.onboarding.seen import SeenProject
    from tidegate.engine.onboarding.write import ProjectLines

PIPELINE_FILE: Final = ".gitlab-ci.yml"


@click.command(
    "init",
    cls=Command,
    examples=[
        "tidegate init --dry-run",
        "tidegate init . ../gitops-staging ../gitops-production ../inventory",
        "tidegate init . ../gitops-staging --approvals e2e=0 --approvals staging=1:group:platform/staging-approvers",
        "tidegate init https://gitlab.example.com/platform/gitops.git --yes",
    ],
)
@click.argument("places", metavar="[REPOSITORY]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("-y", "--yes", is_flag=True, help="Take what is suggested instead of asking.")
@click.option("--file", metavar="FILE", default="tidegate.yaml", show_default=True, help="The file to write.")
@click.option("--forge", metavar="URL|DIR", help="GitLab's address, or the folder of a local forge.")
@click.option(
    "--environment",
    metavar="NAME=PLACE",
    multiple=True,
    help="An environment; with all of them, in order, none is guessed. A place is PROJECT[@BRANCH]:PATH, "
    "e.g. platform/gitops:clusters/dev/{service}.",
)
@click.option("--name", metavar="PLACE=NAME", multiple=True, help="What the environment at a place is called.")
@click.option(
    "--approvals",
    metavar="ENV=COUNT[:WHO,...]",
    multiple=True,
    help="How many must approve, and who: group:PATH or user:NAME.",
)
@click.option("--registry", metavar="NAME=HOST", multiple=True, help="What the registry account at a host is called.")
@click.option(
    "--registry-of", metavar="ENV=HOST", multiple=True, help="Where an environment without images pulls from."
)
@click.option(
    "--endpoint", metavar="NAME=WHERE", multiple=True, help="Where an account's bytes are, if not at its host."
)
@click.option("--components", metavar="PROJECT@REF", help="Where the CI components are, on the same GitLab.")
@click.option("--image", metavar="IMAGE", help="The container image with tidegate for CI jobs.")
@pass_invocation
def init(
    invocation: Invocation,
    /,
    *,
    places: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    file: str,
    forge: str | None,
    components: str | None,
    image: str | None,
    **said: tuple[str, ...],
) -> None:
    """Look at existing repositories and write a tidegate.yaml that fits them.

    Name every GitOps repository, and the applications': checkouts, bare repositories or addresses. Without any, the
    current directory is looked at. What is committed counts: HelmReleases, ImagePolicies, registries in use, branches.
    What they don't show is asked, or said by options. Nothing that is there is overwritten; lines for .gitlab-ci.yml
    are printed.
    """
    from tidegate.bootstrap import observe_projects
    from tidegate.config.load import load_bytes
    from tidegate.engine.onboarding.propose import propose
    from tidegate.engine.onboarding.write import configuration_text

    forge = None if forge is None else _place(invocation, forge)
    addresses = [_place(invocation, place) for place in places or (".",)]
    projects = observe_projects(addresses, forge, invocation.environ, invocation.clock)
    given = Given({name.replace("_", "-"): texts for name, texts in said.items()})
    proposal = complete(given, projects, lambda answers: propose(projects, answers), take_suggestions=yes)
    target = invocation.path(file)
    new = NewFile(target, configuration_text(proposal, _forge_in_file(proposal.base, target)))
    load_bytes(new.text.encode(), target.absolute(), {})  # an answer may not fit
    if dry_run:
        invocation.output.line(new.text.rstrip("\n"))
    else:
        write_new([new], invocation.output)
    for note in proposal.notes:
        invocation.output.say(printable(f"look at {note}"))
    if "://" in proposal.base:
        own = (each.path for each, place in zip(projects, addresses, strict=True) if _holds(place, target))
        home = next(own, proposal.environments[0].spot.project)
        _say_lines(invocation, _lines(proposal, projects, home, components, image))


def _place(invocation: Invocation, text: str) -> str:
    """Return a place as git takes it; a path is relative to where the call is made from."""
    folder = invocation.path(text)
    return str(folder.absolute()) if folder.exists() else text


def _holds(place: str, file: Path) -> bool:
    """Return whether `file` lies in the checkout at `place`."""
    return Path(place).is_dir() and file.absolute().is_relative_to(Path(place).resolve())


def _forge_in_file(base: str, file: Path) -> str:
    """Return the forge as the file names it: an address, or a path relative to the file."""
    if "://" in base:
        return base
    relative = os.path.relpath(base, file.absolute().parent)
    return relative if relative.startswith("..") else f"./{relative}"


def _lines(
    proposal: Proposal, projects: tuple[SeenProject, ...], home: str, components: str | None, image: str | None
) -> list[ProjectLines]:
    from tidegate.engine.onboarding.write import Components, pipeline_lines

    usual = f"{home.rpartition('/')[0]}/tidegate"
    where = components or f"{usual}@{__version__}"
    project, _, version = where.partition("@")
    chosen = Components(f"{project}@{version or '~latest'}", image or f"$CI_REGISTRY/{project}:{__version__}")
    return list(pipeline_lines(proposal, projects, home, chosen))


def _say_lines(invocation: Invocation, lines: list[ProjectLines]) -> None:
    """Print the lines for each project's pipeline; as YAML documents, which can be cut apart."""
    for each in lines:
        invocation.output.line(f"---\n# {PIPELINE_FILE} of {each.project}: add")
        invocation.output.line(each.text.rstrip("\n"))
