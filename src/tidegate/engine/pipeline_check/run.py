"""Runs the rules of the pipeline check over the GitOps repositories."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.engine.declared import branch_head
from tidegate.engine.findings import Finding
from tidegate.engine.ignore_comments import ignored_for, with_reason_missing
from tidegate.engine.pipeline_check import RULES
from tidegate.engine.pipeline_check.credentials import PipelineRule, Sighting
from tidegate.engine.pipeline_check.jobs import read_pipeline
from tidegate.engine.world import World
from tidegate.errors.manifest import InvalidYaml, YamlTooLarge
from tidegate.ports import GitOpsRepo


def check_pipelines(world: World, branch: str | None = None) -> tuple[Finding, ...]:
    """Return what the rules find in the pipelines of the GitOps repositories.

    Args:
        branch: look at this branch, in the repositories that have it, instead of the ones that Flux reads.
    """
    heads: dict[tuple[str, str], GitOpsRepo] = {}
    for environment in world.pipeline.environments:
        repo = world.repo(environment)
        head = (repo.head(branch) if branch else None) or branch_head(repo, environment)
        heads[environment.repo, head] = repo
    found = [each for (project, head), repo in heads.items() for each in _in_project(world, project, repo, head)]
    return tuple(dict.fromkeys(found))


def _in_project(world: World, project: str, repo: GitOpsRepo, head: str) -> Iterator[Finding]:
    files: dict[str, bytes] = {}

    def read(path: str) -> bytes | None:
        files.update(repo.read(head, [path]))
        return files.get(path)

    try:
        pipeline = read_pipeline(read)
    except (InvalidYaml, YamlTooLarge):
        return  # GitLab says so itself, and runs nothing
    if pipeline is None:
        return
    for rule in RULES:
        for sighting in rule.find(pipeline, world.pipeline):
            yield _finding(project, files.get(sighting.place.file, b""), rule, sighting)


def _finding(project: str, data: bytes, rule: PipelineRule, sighting: Sighting) -> Finding:
    reason = ignored_for(data, sighting.place.line, rule.text.id)
    instead = sighting.instead if reason != "" else with_reason_missing(sighting.instead)
    what, why = sighting.what, rule.text.why
    return Finding(rule.text.id, rule.severity, project, sighting.place, what, why, instead, reason or None)
