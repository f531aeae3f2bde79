"""The options of `tidegate init` that answer what repositories don't show, and the questions to a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import click

from tidegate.errors import UsageError
from tidegate.errors.onboarding import Unanswered
from tidegate.model.image import known_as

if TYPE_CHECKING:
    from tidegate.engine.onboarding.propose import Proposal
    from tidegate.engine.onboarding.seen import Answers, Question, SeenProject, Spot
    from tidegate.model import ApprovalRule

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Given:
    """What was said so far: option → its texts `KEY=VALUE`, in order."""

    texts: Mapping[str, tuple[str, ...]]

    def with_answer(self, question: Question, value: str) -> Given:
        """Return this with the answer to a question."""
        name, _, key = question.option.removeprefix("--").partition(" ")
        return replace(self, texts={**self.texts, name: (*self.texts.get(name, ()), f"{key}{value}")})

    def answers(self, projects: Sequence[SeenProject]) -> Answers:
        """Return the answers, parsed.

        Raises:
            click.BadParameter: one is not well written.
        """
        from tidegate.engine.onboarding.seen import Answers

        branches = {project.path: project.branches[0].name for project in projects}
        return Answers(
            environments=dict(self._pairs("environment", lambda text: _spot(text, branches))),
            names={_spot(spot, branches): name for spot, name in self._pairs("name", str)},
            approvals=dict(self._pairs("approvals", _approvals)),
            registries={host: name for name, host in self._pairs("registry", known_as)},
            registry_of=dict(self._pairs("registry-of", known_as)),
            endpoints=dict(self._pairs("endpoint", str)),
        )

    def _pairs(self, option: str, parse: Callable[[str], T]) -> Iterator[tuple[str, T]]:
        for text in self.texts.get(option, ()):
            key, _, value = text.partition("=")
            if not (key and value):
                raise click.BadParameter(f"{text!r} has not two parts with = between them", param_hint=f"--{option}")
            try:
                yield key, parse(value)
            except (ValueError, UsageError) as error:
                raise click.BadParameter(f"{text!r}: {error}", param_hint=f"--{option}") from None


def complete(
    given: Given, projects: Sequence[SeenProject], propose: Callable[[Answers], Proposal], *, take_suggestions: bool
) -> Proposal:
    """Return a proposal without questions, having asked for what is missing.

    Args:
        given: what the command line says.
        projects: what was looked at.
        propose: makes the proposal.
        take_suggestions: take what is suggested instead of asking.

    Raises:
        Unanswered: there is nobody to ask.
    """
    while (proposal := propose(given.answers(projects))).questions:
        question = proposal.questions[0]
        if take_suggestions and question.suggestion is not None:
            value = question.suggestion
        elif sys.stdin is not None and sys.stdin.isatty():  # it is None when closed: `<&-`
            value = click.prompt(question.text, default=question.suggestion, err=True)
        else:
            raise _unanswered(proposal.questions)
        given = given.with_answer(question, value)
        given.answers(projects)
    return proposal


def _unanswered(questions: Sequence[Question]) -> Unanswered:
    options = " ".join(f"'{one.option}{one.suggestion or '…'}'" for one in questions)
    also = "; --yes takes what is suggested" if all(one.suggestion for one in questions) else ""
    return Unanswered(
        "the repositories don't show everything: " + "; ".join(one.text for one in questions),
        hint=f"answer with {options}{also}",
    )


def _spot(text: str, branches: Mapping[str, str]) -> Spot:
    from tidegate.engine.onboarding.seen import Spot
    from tidegate.model import PathPattern

    place, colon, path = text.partition(":")
    if not colon:
        raise ValueError("a place is written PROJECT:PATH or PROJECT@BRANCH:PATH")
    project, _, branch = place.partition("@")
    return Spot(project, branch or branches.get(project, "main"), PathPattern(path))


def _approvals(text: str) -> ApprovalRule:
    from tidegate.model import ApprovalRule

    count, _, who = text.partition(":")
    if not count.isdecimal():
        raise ValueError("write COUNT, or COUNT:group:PATH,user:NAME")
    approvers = tuple(each for each in who.split(",") if each)
    for each in approvers:
        if each.partition(":")[0] not in {"group", "user"}:
            raise ValueError(f"{each!r} is neither group:PATH nor user:NAME")
    return ApprovalRule(int(count), approvers)
