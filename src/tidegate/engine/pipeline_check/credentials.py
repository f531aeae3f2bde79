"""The rules of the pipeline check, each a pure function over a project's pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tidegate.engine.findings import RuleText, Severity
from tidegate.engine.pipeline_check.circumstances import Run, runs
from tidegate.engine.pipeline_check.jobs import Job, Line, ProjectPipeline
from tidegate.errors import Place
from tidegate.model import AwsIdentity, Login, Pipeline, RegistryAccount

_TIDEGATE: Final = re.compile(r"\btidegate\b[^;&|]*?\s(?:deliver|image\s+(?:copy|tag|rm))\b(?P<rest>[^;&|]*)")
_OTHERS: Final = re.compile(
    r"\b(?:skopeo\s+(?:copy|sync)|crane\s+(?:copy|cp|push|tag)|regctl\s+image\s+copy|oras\s+(?:copy|cp|push))\b"
)
_LITERAL: Final = re.compile(r"[^$\s].{3,}", re.DOTALL)
_SECRETS: Final = re.compile(r"AWS_SECRET_ACCESS_KEY|GITLAB_TOKEN|CI_REGISTRY_PASSWORD|TIDEGATE_REGISTRY_\w+_PASSWORD")


@dataclass(frozen=True, slots=True)
class Sighting:
    """One place where a rule bites: where, what was found, what to write instead."""

    place: Place
    what: str
    instead: str


@dataclass(frozen=True, slots=True)
class PipelineRule:
    """One rule: its words, how bad it is, and the pure function that looks for it."""

    text: RuleText
    severity: Severity
    find: Callable[[ProjectPipeline, Pipeline], Iterator[Sighting]]


def _find_exposed(project: ProjectPipeline, pipeline: Pipeline) -> Iterator[Sighting]:
    targets = _targets(pipeline)
    names = " and ".join(dict.fromkeys(account.name for account in targets))
    for job in project.jobs:
        use = _use(job, targets)
        run = runs(job, project.workflow) if use is not None else None
        if use is None or run is None:
            continue
        yield Sighting(
            use.place,
            f"the job {job.name} {use.text} in {run.circumstance.value}{_because(run, use)}, "
            f"and so needs there what may write to {names}",
            "rules: [{if: '$CI_PIPELINE_SOURCE == \"schedule\" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH'}], and "
            "credentials in protected variables; the component deliver has both",
        )


def _because(run: Run, use: Line) -> str:
    return f" (by {run.place})" if run.place != use.place else ""


def _use(job: Job, targets: tuple[RegistryAccount, ...]) -> Line | None:
    """Return what the job does that needs the credentials of a target, and where; None when nothing is seen."""
    for line in job.script:
        command = line.text.partition(" #")[0].strip()
        match = _TIDEGATE.search(command)
        if (match and "--dry-run" not in match["rest"]) or _OTHERS.search(command):
            return Line(f"runs `{command}`", line.place)
    roles = {
        account.credentials.web_identity_env: account.name
        for account in targets
        if isinstance(account.credentials, AwsIdentity) and account.credentials.web_identity_env
    }
    for token in job.id_tokens:
        if token.text in roles:
            return Line(
                f"gets the id token {token.text}, by which the role of {roles[token.text]} is taken,", token.place
            )
    return None


def _targets(pipeline: Pipeline) -> tuple[RegistryAccount, ...]:
    """Return the accounts that deliveries write to."""
    accounts = {each.registry.name: each.registry for each in pipeline.environments if each.source}
    return tuple(accounts.values())


def _find_secrets(project: ProjectPipeline, pipeline: Pipeline) -> Iterator[Sighting]:
    credentials = [each.registry.credentials for each in pipeline.environments]
    named = {each.password_env for each in credentials if isinstance(each, Login)}
    for name, value in project.variables:
        if (name in named or _SECRETS.fullmatch(name)) and _LITERAL.fullmatch(value.text.strip()):
            yield Sighting(
                value.place,
                f"the value of {name} stands in the file",
                f"a protected, masked CI/CD variable {name}, with a new value: this one is in the history",
            )


CREDENTIALS_IN_MERGE_REQUESTS: Final = PipelineRule(
    RuleText(
        "credentials-in-merge-requests",
        "a job that delivers, in a pipeline that a merge request's author can change",
        "whoever opens a merge request, or pushes a branch, writes what its pipeline runs, and can take the "
        "credentials that the job is given",
        "rules that let the job run for the default branch alone, by schedule or trigger, and protected variables",
    ),
    Severity.WARNING,
    _find_exposed,
)
SECRET_IN_PIPELINE_FILE: Final = PipelineRule(
    RuleText(
        "secret-in-pipeline-file",
        "a registry's or GitLab's secret in `.gitlab-ci.yml`",
        "everybody who may read the repository, now or later, has it",
        "a protected, masked CI/CD variable, with a new value",
    ),
    Severity.ERROR,
    _find_secrets,
)
