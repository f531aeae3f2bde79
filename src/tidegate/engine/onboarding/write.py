"""The proposal as text: tidegate.yaml, and the lines for `.gitlab-ci.yml` of each project. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from tidegate.counted import counted
from tidegate.engine.onboarding.propose import Proposal, ProposedEnvironment, ProposedService
from tidegate.engine.onboarding.seen import SeenProject
from tidegate.yamledit.strings import plain_is_string

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:@+-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Components:
    """Where the CI components are.

    Args:
        address: of their project on the same GitLab, with its version: `platform/tidegate@0.1.0`.
        image: container image that has tidegate in it.
    """

    address: str
    image: str


@dataclass(frozen=True, slots=True)
class ProjectLines:
    """What belongs into a project's `.gitlab-ci.yml`."""

    project: str
    text: str


def configuration_text(proposal: Proposal, forge: str) -> str:
    """Return tidegate.yaml.

    Args:
        proposal: without questions.
        forge: address of GitLab, or folder of a local forge, relative to the file.
    """
    projects = dict.fromkeys(each.spot.project for each in proposal.environments)
    lines = [
        f"# Written by `tidegate init` from what is in {', '.join(projects)}.",
        "# Look it through. `tidegate config check`, `tidegate status` and `tidegate check` tell what does not fit.",
        "version: 1",
        *_forge(proposal, forge),
        "",
        "registries:",
        *(_registry(name, host, proposal.endpoints.get(name)) for host, name in proposal.registries.items()),
        "",
        "environments:",
    ]
    for index, environment in enumerate(proposal.environments):
        lines += ["", *_environment(environment, proposal)] if index else _environment(environment, proposal)
    lines += ["", "services:" if proposal.services else "services: discover"]
    lines += [_service(service) for service in proposal.services]
    return "\n".join(lines) + "\n"


def _forge(proposal: Proposal, forge: str) -> list[str]:
    if "://" in forge:
        return [f"forge: {{type: gitlab, url: {scalar(forge)}}}"]
    approvers = [name for each in proposal.environments for name in each.approvals.approvers]
    groups = dict.fromkeys(name.removeprefix("group:") for name in approvers if name.startswith("group:"))
    lines = ["forge:", "  type: local", f"  path: {scalar(forge)}"]
    return [*lines, "  groups:", *(f"    {scalar(group)}: [] # who is in it" for group in groups)] if groups else lines


def _registry(name: str, host: str, endpoint: str | None) -> str:
    where = f", endpoint: {scalar(endpoint)}" if endpoint else ""
    return f"  {name}: {{host: {scalar(host)}{where}}}"


def _environment(one: ProposedEnvironment, proposal: Proposal) -> list[str]:
    seen = counted(one.services, "service") if one.services else "no services"
    keys = {
        "from": one.source,
        "registry": proposal.registries[one.host],
        "repo": one.spot.project,
        "branch": None if one.spot.branch == "main" else one.spot.branch,
        "path": one.spot.path.text,
        "tag": one.tag,
        "deploy": "auto" if one.auto else None,
    }
    lines = [f"  {one.name}: # {seen} seen"]
    lines += [f"    {key}: {scalar(value)}" for key, value in keys.items() if value is not None]
    if one.approvals.count:
        who = ", ".join(map(_quoted, one.approvals.approvers))
        named = f", from: [{who}]" if who else ""
        lines.append(f"    approvals: {{count: {one.approvals.count}{named}, not_author: true}}")
    return lines


def _service(service: ProposedService) -> str:
    keys = {
        "image": service.image if service.image != service.name else None,
        "source": service.source,
        "version_tags": service.version_tags if service.version_tags != "{version}" else None,
    }
    inner = ", ".join(f"{key}: {scalar(value)}" for key, value in keys.items() if value is not None)
    return f"  {service.name}: {{{inner}}}"


def pipeline_lines(
    proposal: Proposal, projects: Iterable[SeenProject], home: str, components: Components
) -> Iterator[ProjectLines]:
    """Yield the `include:` lines of each project.

    Args:
        proposal: without questions.
        projects: what was looked at.
        home: the project that tidegate.yaml will be in; there, `deliver` runs.
        components: where the components are.
    """
    gitops = {each.spot.project for each in proposal.environments}
    sources = {each.source: each for each in proposal.services if each.source}
    for path in dict.fromkeys([home, *(each.path for each in projects)]):
        entries = []
        if path in gitops:
            entries.append(_include("check", components))
        if path == home:
            entries.append(_include("deliver", components))
        if path in sources:
            entries += _build(sources[path], proposal, components)
        if entries:
            yield ProjectLines(path, "\n".join(("include:", *entries)) + "\n")


def _build(service: ProposedService, proposal: Proposal, components: Components) -> list[str]:
    first, *others = proposal.environments
    entries = [_include("version", components, service=service.name)]
    if first.auto and others:
        following = {"from": first.name, "to": others[0].name}
        entries.append(_include("promote", components, service=service.name, **following))
    return entries


def _include(name: str, components: Components, **inputs: str) -> str:
    project, _, version = components.address.partition("@")
    lines = [f"  - component: $CI_SERVER_FQDN/{project}/{name}@{version}", "    inputs:"]
    given = {"image": components.image, **inputs}
    return "\n".join((*lines, *(f"      {key}: {scalar(value)}" for key, value in given.items())))


def scalar(text: str) -> str:
    """Return `text` as a YAML value: plain where every reader takes that for a string, else in quotes."""
    return text if _PLAIN.fullmatch(text) and not text.endswith(":") and plain_is_string(text) else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
