"""From what is seen and said to a proposal: environments in order, registries, services; and what is still asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from tidegate.engine.onboarding.seen import Answers, Question, SeenProject, Spot
from tidegate.engine.onboarding.spots import RANKS, Deployed, common, find_spots, name_of, word_of
from tidegate.errors.onboarding import AnswerUnknown, NothingSeen, SpotsAlike
from tidegate.model import ApprovalRule
from tidegate.model.patterns import is_service_name

_TAG: Final = re.compile(
    r"(?P<before>[A-Za-z_-]*)[0-9]+\.[0-9]+\.[0-9]+(?:-(?P<word>[A-Za-z]+)(?P<dot>[.-]?)(?P<number>[0-9]+))?"
)
_VERSION_TAG: Final = re.compile(r"(?P<before>.*?)[0-9]+\.[0-9]+\.[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProposedEnvironment:
    """An environment of the proposal.

    Args:
        name: e.g. `staging`.
        spot: where it is.
        source: the environment that releases come from; None for the first.
        host: of its registry.
        tag: how its tags are written.
        auto: whether Flux's image automation moves it.
        approvals: whose approval it needs.
        services: how many are seen in it.
    """

    name: str
    spot: Spot
    source: str | None
    host: str
    tag: str
    auto: bool
    approvals: ApprovalRule
    services: int


@dataclass(frozen=True, slots=True)
class ProposedService:
    """A service of the proposal: its name, its image's repository, its source and how that tags versions."""

    name: str
    image: str
    source: str | None = None
    version_tags: str = "{version}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a tidegate.yaml will say.

    Args:
        base: where the forge is, as `SeenProject.base`.
        registries: host → name of the account.
        endpoints: name of an account → where its bytes are.
        environments: in order.
        services: by name.
        questions: what has to be answered first; empty when the proposal is whole.
        notes: what a person should look at.
    """

    base: str
    registries: Mapping[str, str]
    endpoints: Mapping[str, str]
    environments: tuple[ProposedEnvironment, ...]
    services: tuple[ProposedService, ...]
    questions: tuple[Question, ...]
    notes: tuple[str, ...]


def propose(projects: Iterable[SeenProject], answers: Answers) -> Proposal:
    """Return what fits `projects`. Pure.

    Raises:
        NothingSeen: no HelmRelease tells of a service, and no environment was named.
        SpotsAlike: two environments would have one name.
    """
    return _Proposing(tuple(projects), answers).proposal()


class _Proposing:
    def __init__(self, projects: tuple[SeenProject, ...], answers: Answers) -> None:
        self._projects = projects
        self._answers = answers
        self._found = find_spots(projects)
        self._questions: list[Question] = []
        self._notes = [
            f"{project.path}: {text}"
            for project in projects
            for branch in project.branches
            for text in branch.unreadable
        ]
        self._spots = dict(answers.environments) or self._named()

    def proposal(self) -> Proposal:
        if not self._spots and not self._questions:
            raise NothingSeen(
                "no HelmRelease with an image of a service's own was seen",
                where=", ".join(each.path for each in self._projects) or None,
                hint="name the GitOps repositories, or say where the environments are: "
                "--environment dev=platform/gitops:clusters/dev/{service}",
            )
        environments = tuple(self._environment(name, spot) for name, spot in self._spots.items())
        registries = self._registries(environments)
        if not self._questions:
            self._require_known(registries)
        return Proposal(
            base=self._projects[0].base if self._projects else "",
            registries=registries,
            endpoints=self._answers.endpoints,
            environments=environments,
            services=self._services(),
            questions=tuple(self._questions),
            notes=tuple(self._notes),
        )

    def _named(self) -> dict[str, Spot]:
        """Return where the environments are, by name, in order; asks for names that nothing tells."""
        defaults = {project.path: project.branches[0].name for project in self._projects if project.branches}
        names: dict[str, Spot] = {}
        for spot in self._found:
            name = self._answers.names.get(spot) or name_of(spot, default_branch=spot.branch == defaults[spot.project])
            if name is None:
                suggestion = next((part for part in reversed(spot.path.text.split("/")) if is_service_name(part)), None)
                self._ask(f"what is the environment at {spot} called?", f"--name {spot}=", suggestion)
            elif name in names:
                raise SpotsAlike(
                    f"{names[name]} and {spot} both look like {name}",
                    hint=f"say which is which: --name '{names[name]}=NAME' --name '{spot}=NAME'",
                )
            else:
                names[name] = spot
        return dict(sorted(names.items(), key=lambda pair: _rank(*pair)))

    def _environment(self, name: str, spot: Spot) -> ProposedEnvironment:
        deployed = self._found.get(spot, ())
        source = self._source(name)
        marked = sum(each.seen.marked for each in deployed)
        if marked and source is not None:
            self._note(f"{name}: {marked} of its images have setter markers, but only the first environment is `auto`")
        if marked and not any(branch.policies for each in self._projects for branch in each.branches):
            self._note(f"{name}: its setter markers name ImagePolicies that none of the repositories holds")
        if not marked and source is None:
            self._note(f"{name}: no image has a setter marker, so nothing but commits will move it")
        return ProposedEnvironment(
            name=name,
            spot=spot,
            source=source,
            host=self._host(name),
            tag=self._tag(name, deployed),
            auto=source is None and marked > 0,
            approvals=ApprovalRule() if source is None else self._approvals(name, spot),
            services=len(deployed),
        )

    def _source(self, name: str) -> str | None:
        """Return what `name` flows from: the last one that a release reaches earlier, else the one before."""
        before = list(self._spots)[: list(self._spots).index(name)]
        rank = _rank(name, self._spots[name])
        lower = [each for each in before if _rank(each, self._spots[each]) < rank]
        if self._answers.environments or not lower:
            return before[-1] if before else None
        return lower[-1]

    def _host(self, name: str) -> str:
        hosts = {
            each: common(one.image.host for one in self._found.get(spot, ())) for each, spot in self._spots.items()
        }
        host = self._answers.registry_of.get(name) or hosts[name]
        if host is None:
            after = list(hosts)[list(hosts).index(name) + 1 :]
            likely = next((found for each in after if (found := hosts[each])), None)
            self._ask(f"which registry does {name} pull from (its host)?", f"--registry-of {name}=", likely)
        return host or ""

    def _tag(self, name: str, deployed: tuple[Deployed, ...]) -> str:
        patterns = [found for each in deployed if (found := tag_pattern(each.image.tag or ""))]
        found = common(patterns)
        if deployed and found is None:
            self._note(f"{name}: no tag looks like a version; correct `tag:`")
        elif len(set(patterns)) > 1:
            others = ", ".join(sorted(set(patterns) - {found or ""}))
            self._note(f"{name}: most tags are written {found}, some {others}")
        return found or "{version}"

    def _approvals(self, name: str, spot: Spot) -> ApprovalRule:
        given = self._answers.approvals.get(name)
        if given is None:
            first = next(iter(self._spots.values()))
            text = f"how many must approve for {name}, and who (COUNT, or COUNT:group:PATH,user:NAME)?"
            self._ask(text, f"--approvals {name}=", "0" if spot.project == first.project else "1")
        return given or ApprovalRule()

    def _registries(self, environments: Iterable[ProposedEnvironment]) -> dict[str, str]:
        """Return the accounts: as people call them, else like the last environment that pulls from there."""
        latest = {each.host: each.name for each in environments if each.host}
        return {host: self._answers.registries.get(host, name) for host, name in latest.items()}

    def _services(self) -> tuple[ProposedService, ...]:
        images: dict[str, list[str]] = {}
        for spot in self._spots.values():
            for each in self._found.get(spot, ()):
                images.setdefault(each.service, []).append(each.image.repository)
        services = []
        for name in sorted(images):
            image = common(images[name]) or name
            if len(set(images[name])) > 1:
                self._note(f"{name}: its image is {' and '.join(sorted(set(images[name])))}; {image} is written")
            services.append(self._with_source(ProposedService(name, image)))
        return tuple(services)

    def _with_source(self, service: ProposedService) -> ProposedService:
        """Return the service with the repository that is called like it and holds no HelmRelease."""
        for project in self._projects:
            if project.name == service.name and not any(branch.releases for branch in project.branches):
                return replace(service, source=project.path, version_tags=version_tag_pattern(project.tags))
        return service

    def _require_known(self, registries: Mapping[str, str]) -> None:
        """See that every answer has a meaning."""
        said, accounts = self._answers, tuple(registries.values())
        for option, keys, known in (
            ("approvals", said.approvals, tuple(self._spots)),
            ("registry-of", said.registry_of, tuple(self._spots)),
            ("registry", said.registries, tuple(registries)),
            ("endpoint", said.endpoints, accounts),
            ("name", map(str, said.names), tuple(map(str, self._found))),
        ):
            for key in keys:
                if key not in known:
                    raise AnswerUnknown(
                        f"nothing here is called {key!r}", where=f"--{option}", hint=f"known: {', '.join(known)}"
                    )

    def _note(self, text: str) -> None:
        self._notes.append(text)

    def _ask(self, text: str, option: str, suggestion: str | None) -> None:
        self._questions.append(Question(text, option, suggestion))


def _rank(name: str, spot: Spot) -> int:
    word = name if name in RANKS else word_of(name) or word_of(str(spot))
    return RANKS.get(word or "", 1)


def tag_pattern(tag: str) -> str | None:
    """Return how a tag is written, e.g. `{version}-rc{n}`; None when it holds no version."""
    match = _TAG.fullmatch(tag)
    if match is None:
        return None
    number = f"-{match['word']}{match['dot']}{{n}}" if match["word"] else ""
    return f"{match['before']}{{version}}{number}"


def version_tag_pattern(tags: Iterable[str]) -> str:
    """Return how a repository's git tags spell versions, as most of them do."""
    matches = (_VERSION_TAG.fullmatch(tag) for tag in tags)
    return common(f"{match['before']}{{version}}" for match in matches if match) or "{version}"
