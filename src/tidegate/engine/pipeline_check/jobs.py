"""`.gitlab-ci.yml` as values: its jobs, with what they run and when. Only what the rules look at is read.

After GitLab's `ci/yaml/index.md`: `extends`, `include:local`, `rules`, `only`, `workflow:rules`, `id_tokens`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from tidegate.errors import Place
from tidegate.flux.follow import Field, Follower, View
from tidegate.yamledit import Mapping as YamlMapping
from tidegate.yamledit import Node, Scalar, Sequence, parse

FILE: Final = ".gitlab-ci.yml"
_DELIVER: Final = re.compile(r"/deliver@[^/]*$")
_DELIVER_JOB: Final = "tidegate-deliver"
_SCRIPTS: Final = ("before_script", "script", "after_script")
_NO_JOBS: Final = frozenset({"default", "include", "stages", "variables", "workflow", "image", "services", "cache"})
_DEEPEST: Final = 10
_MOST_FILES: Final = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A text and where it stands."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Condition:
    """One of `rules:`.

    Args:
        text: of `if:`; None when the rule has none.
        when: of `when:`; "" when the rule has none.
        place: where it stands.
    """

    text: str | None
    when: str
    place: Place


@dataclass(frozen=True, slots=True)
class Job:
    """One job, with what it takes over by `extends` and from our component.

    Args:
        name: its key.
        place: where it stands.
        script: the commands, with those before and after.
        conditions: its `rules:`; None without.
        refs: what `only:` names; None without.
        id_tokens: names of its `id_tokens:`.
    """

    name: str
    place: Place
    script: tuple[Line, ...]
    conditions: tuple[Condition, ...] | None
    refs: tuple[str, ...] | None
    id_tokens: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ProjectPipeline:
    """What a project's `.gitlab-ci.yml` says, with the files of the project that it includes.

    Args:
        jobs: every job that is not hidden.
        workflow: the rules of `workflow:`; None without.
        variables: name → value of every variable with a plain value, of the pipeline and of its jobs.
    """

    jobs: tuple[Job, ...]
    workflow: tuple[Condition, ...] | None
    variables: tuple[tuple[str, Line], ...]


def read_pipeline(read: Callable[[str], bytes | None]) -> ProjectPipeline | None:
    """Return the pipeline of a project, or None when it has no `.gitlab-ci.yml`.

    Args:
        read: returns the bytes of a file of the project, or None.

    Raises:
        InvalidYaml, YamlTooLarge: a file can't be read.
    """
    data = read(FILE)
    if data is None:
        return None
    files = _Files(read)
    files.add(FILE, data)
    return files.pipeline()


class _Part(NamedTuple):
    """A value of a job, and the file that it stands in."""

    follower: Follower
    view: View
    file: str

    def fields(self) -> Mapping[str, _Part]:
        return {key: self.child(field, key) for key, field in self.follower.fields(self.view).items()}

    def items(self) -> Iterator[_Part]:
        """Yield the items of a list, or the one value that stands in place of a list."""
        if isinstance(self.view.node, Sequence):
            for index, item in enumerate(self.view.node.items):
                yield self.child((item, None), index)
        else:
            yield self

    def child(self, field: Field, key: str | int) -> _Part:
        return _Part(self.follower, self.follower.view(field, (*self.view.path, key)), self.file)

    @property
    def text(self) -> str | None:
        return self.view.node.text if isinstance(self.view.node, Scalar) else None

    @property
    def place(self) -> Place:
        return Place(self.file, self.view.node.line)


class _Files:
    """Gathers keys of jobs over files: what includes comes after what it includes, and wins."""

    def __init__(self, read: Callable[[str], bytes | None]) -> None:
        self._read = read
        self._seen: set[str] = set()
        self._keys: dict[str, dict[str, _Part]] = {}
        self._places: dict[str, Place] = {}
        self._delivering: dict[str, Line] = {}
        self._globals: dict[str, _Part] = {}

    def add(self, file: str, data: bytes) -> None:
        """Take in a file, after the files that it includes."""
        self._seen.add(file)
        stream = parse(data, file=file)
        follower = Follower(stream)
        for document in stream.documents[-1:]:  # in front of it stands at most `spec:`
            root = _Part(follower, follower.view((document, None), ()), file)
            fields = root.fields()
            for entry in fields["include"].items() if "include" in fields else ():
                self._include(entry)
            for name, part in fields.items():
                if name in _NO_JOBS:
                    self._globals[name] = part
                elif keys := part.fields():
                    self._keys.setdefault(name, {}).update(keys)
                    self._places[name] = _key_place(root.view.node, name, file)

    def pipeline(self) -> ProjectPipeline:
        """Return what was gathered."""
        workflow = self._globals["workflow"].fields().get("rules") if "workflow" in self._globals else None
        return ProjectPipeline(
            tuple(self._job(name) for name in self._keys if not name.startswith(".")),
            None if workflow is None else _conditions(workflow),
            tuple(self._variables()),
        )

    def _include(self, entry: _Part) -> None:
        fields = entry.fields()
        local = fields["local"].text if "local" in fields else entry.text
        component = fields["component"].text if "component" in fields else None
        if component is not None and _DELIVER.search(component):
            inputs = fields["inputs"].fields() if "inputs" in fields else {}
            name = (inputs["job"].text if "job" in inputs else None) or _DELIVER_JOB
            self._delivering[name] = Line(f"tidegate deliver --all (of {component})", entry.place)
        path = (local or "").lstrip("/")
        data = self._read(path) if path and "://" not in path else None
        if data is not None and path not in self._seen and len(self._seen) < _MOST_FILES:
            self.add(path, data)

    def _job(self, name: str) -> Job:
        keys = self._extended(name, 0)
        script = tuple(line for key in _SCRIPTS if key in keys for line in _lines(keys[key]))
        tokens = keys["id_tokens"].fields() if "id_tokens" in keys else {}
        return Job(
            name,
            self._places[name],
            (*script, self._delivering[name]) if name in self._delivering else script,
            _conditions(keys["rules"]) if "rules" in keys else _component_rules(name in self._delivering, keys),
            _refs(keys["only"]) if "only" in keys else None,
            tuple(Line(token, part.place) for token, part in tokens.items()),
        )

    def _extended(self, name: str, depth: int) -> dict[str, _Part]:
        own = self._keys.get(name, {})
        found: dict[str, _Part] = {}
        if "extends" in own and depth < _DEEPEST:
            for parent in own["extends"].items():
                found |= self._extended(parent.text or "", depth + 1)
        return found | own

    def _variables(self) -> Iterator[tuple[str, Line]]:
        parts = [self._globals["variables"]] if "variables" in self._globals else []
        parts += [keys["variables"] for keys in self._keys.values() if "variables" in keys]
        for part in parts:
            for name, value in part.fields().items():
                inner = value.fields().get("value", value)
                if inner.text is not None:
                    yield name, Line(inner.text, inner.place)


def _component_rules(delivering: bool, keys: Mapping[str, _Part]) -> tuple[Condition, ...] | None:  # noqa: FBT001
    """Return the rules of a job that has none of its own: our component's let no author in."""
    return () if delivering and "only" not in keys else None


def _key_place(node: Node, name: str, file: str) -> Place:
    keys = node.named(name) if isinstance(node, YamlMapping) else ()
    return Place(file, next((key.line for key, _ in keys), node.line))


def _lines(script: _Part) -> Iterator[Line]:
    """Yield the commands of a script, line by line; those of a block of text, too."""
    for item in script.items():
        if isinstance(item.view.node, Sequence):
            yield from _lines(item)  # what an alias or `!reference` brings
        elif isinstance(item.view.node, Scalar):
            first = item.view.node.line + item.view.node.style.is_block
            for number, text in enumerate(item.view.node.text.split("\n")):
                yield Line(text, Place(item.file, first + (number if item.view.node.style.is_block else 0)))


def _conditions(rules: _Part) -> tuple[Condition, ...]:
    found = []
    for item in rules.items():
        fields = item.fields()
        if fields:  # a `!reference` is a list
            text, when = (fields[key].text if key in fields else None for key in ("if", "when"))
            found.append(Condition(text, when or "", item.place))
    return tuple(found)


def _refs(only: _Part) -> tuple[str, ...]:
    refs = only.fields().get("refs", only)
    return tuple(item.text for item in refs.items() if item.text is not None)
