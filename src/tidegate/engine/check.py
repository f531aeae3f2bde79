"""`tidegate check`: every area's rules, switched off by id with a reason. One area, one line in `AREAS`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from tidegate.engine.findings import Finding, RuleText
from tidegate.engine.pipeline_check import RULES as PIPELINE_RULES
from tidegate.engine.pipeline_check.run import check_pipelines
from tidegate.engine.policy_check import RULES
from tidegate.engine.policy_check.run import check_policies
from tidegate.engine.world import World
from tidegate.errors.git import BranchMissing
from tidegate.errors.policy import RuleUnknown
from tidegate.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Area:
    """What some rules look at together.

    Args:
        name: e.g. `policy`.
        rules: their words, in order.
        check: returns the findings; its second argument is the branch to look at, or None.
    """

    name: str
    rules: tuple[RuleText, ...]
    check: Callable[[World, str | None], Iterable[Finding]]


POLICY = Area("policy", tuple(rule.text for rule in RULES), check_policies)
PIPELINES = Area("pipelines", tuple(rule.text for rule in PIPELINE_RULES), check_pipelines)
AREAS = (POLICY, PIPELINES)


def check(
    world: World, areas: Iterable[Area] = AREAS, *, branch: str | None = None, project: str | None = None
) -> tuple[Finding, ...]:
    """Return the findings of `areas`, by repository, file and line. What is switched off says why.

    Args:
        branch: look at this branch, in the repositories that have it, instead of the ones that Flux reads: that of a
            merge request.
        project: only findings in this repository.

    Raises:
        RuleUnknown: the configuration switches off a rule that does not exist.
        BranchMissing: no repository has the branch.
    """
    ignored = world.pipeline.ignored_rules
    _require_known(ignored)
    if branch is not None and all(world.repo(each).head(branch) is None for each in world.pipeline.environments):
        raise BranchMissing(f"no GitOps repository has a branch {branch!r}", hint="push it first")
    found = [finding for area in areas for finding in area.check(world, branch)]
    chosen = [
        replace(finding, ignored=finding.ignored or ignored.get(finding.rule))
        for finding in found
        if project in {None, finding.project}
    ]
    return tuple(sorted(chosen, key=lambda one: (one.project, one.place.file, one.place.line or 0)))


def _require_known(ignored: Mapping[str, str]) -> None:
    known = [rule.id for area in AREAS for rule in area.rules]
    for rule in ignored:
        if rule not in known:
            raise RuleUnknown(
                f"there is no rule {rule!r}",
                where=f"policy.ignore.{rule}",
                hint=did_you_mean(rule, known) or f"known: {', '.join(known)}",
            )
