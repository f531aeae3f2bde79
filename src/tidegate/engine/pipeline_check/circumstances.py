"""In whose pipelines a job runs: those that whoever opens a merge request can change, or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from tidegate.engine.pipeline_check.expression import Given, Value, decide
from tidegate.engine.pipeline_check.jobs import Condition, Job
from tidegate.errors import Place

_BRANCH: Final = "an author's branch"
"""No branch is called that: comparing with a name, or with an expression for names, is false."""

_MERGE_REQUEST_SET: Final = dict.fromkeys(
    ("IID", "ID", "PROJECT_ID", "PROJECT_PATH", "SOURCE_BRANCH_NAME", "TARGET_BRANCH_NAME", "SOURCE_PROJECT_ID"),
    Given.SOMETHING,
)


class Circumstance(Enum):
    """A kind of pipeline whose `.gitlab-ci.yml` a merge request's author writes; the value is what people call it."""

    MERGE_REQUEST = "merge requests' pipelines"
    BRANCH = "the pipelines of every branch"


_VARIABLES: Final[Mapping[Circumstance, Mapping[str, Value]]] = MappingProxyType(
    {
        Circumstance.MERGE_REQUEST: {
            "CI_PIPELINE_SOURCE": "merge_request_event",
            "CI_COMMIT_BRANCH": None,
            "CI_COMMIT_TAG": None,
            "CI_COMMIT_REF_PROTECTED": "false",
            "CI_DEFAULT_BRANCH": Given.SOMETHING,
            "CI_OPEN_MERGE_REQUESTS": Given.SOMETHING,
            **{f"CI_MERGE_REQUEST_{name}": value for name, value in _MERGE_REQUEST_SET.items()},
        },
        Circumstance.BRANCH: {
            "CI_PIPELINE_SOURCE": "push",
            "CI_COMMIT_BRANCH": _BRANCH,
            "CI_COMMIT_REF_NAME": _BRANCH,
            "CI_COMMIT_TAG": None,
            "CI_COMMIT_REF_PROTECTED": "false",
            "CI_DEFAULT_BRANCH": "the default branch",
            **{f"CI_MERGE_REQUEST_{name}": None for name in _MERGE_REQUEST_SET},
        },
    }
)


@dataclass(frozen=True, slots=True)
class Run:
    """Where a job runs, and what lets it.

    Args:
        circumstance: in which pipelines.
        place: of the rule, or of the job that has none.
    """

    circumstance: Circumstance
    place: Place


def runs(job: Job, workflow: Sequence[Condition] | None) -> Run | None:
    """Return where an author gets the job to run, or None when the file does not let them.

    What the file leaves open counts as yes: a merge request's author sets its variables.

    Args:
        job: the job.
        workflow: the rules of `workflow:`; None without.
    """
    for circumstance in Circumstance:
        variables = _VARIABLES[circumstance]
        if workflow is not None and _admits(workflow, variables) is None:
            continue
        if job.conditions is not None:
            place = _admits(job.conditions, variables)
        elif job.refs is not None:
            place = job.place if _fits(job.refs, circumstance) else None
        else:
            place = job.place if circumstance is Circumstance.BRANCH else None
        if place is not None:
            return Run(circumstance, place)
    return None


def _admits(conditions: Sequence[Condition], variables: Mapping[str, Value]) -> Place | None:
    """Return the place of the first rule that lets a pipeline with these variables through, or None."""
    for each in conditions:
        answer = True if each.text is None else decide(each.text, variables)
        if answer is not False and each.when != "never":
            return each.place
        if answer is True:
            return None
    return None


def _fits(refs: Sequence[str], circumstance: Circumstance) -> bool:
    """Return whether `only:` names such pipelines (GitLab's `ci/yaml/deprecated_keywords.md`)."""
    return ("merge_requests" if circumstance is Circumstance.MERGE_REQUEST else "branches") in refs
