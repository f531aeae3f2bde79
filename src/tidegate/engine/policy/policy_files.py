"""The ImagePolicies and ImageRepositories of a GitOps repository at one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tidegate.errors import TidegateError
from tidegate.errors.git import FileTooLarge
from tidegate.errors.manifest import InvalidYaml, YamlTooLarge
from tidegate.flux import ImagePolicy, image_policies
from tidegate.flux.imagerepository import ImageRepository, image_repositories
from tidegate.ports import GitOpsRepo


def upward(folder: str) -> Iterator[str]:
    """Yield `folder` and the folders above it, up to "", the whole repository."""
    parts = folder.split("/")
    for depth in range(len(parts), -1, -1):
        yield "/".join(parts[:depth])


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A file that holds ImagePolicies or ImageRepositories.

    Args:
        path: in the repository.
        data: its bytes.
        policies: in order.
        repositories: in order.
    """

    path: str
    data: bytes
    policies: tuple[ImagePolicy, ...]
    repositories: tuple[ImageRepository, ...]


class PolicyFiles:
    """One repository at one commit; each file is read and parsed once.

    Args:
        repo: the repository.
        commit: the commit.

    Attributes:
        broken: path → why a file that mentions such a resource, or is too large, can't be read.
    """

    def __init__(self, repo: GitOpsRepo, commit: str) -> None:
        self.commit = commit
        self.broken: dict[str, TidegateError] = {}
        self._repo = repo
        self._data: dict[str, bytes] = {}
        self._parsed: dict[str, PolicyFile | None] = {}
        self._below: dict[str, tuple[PolicyFile, ...]] = {}

    def data(self, folder: str) -> Mapping[str, bytes]:
        """Return path → bytes of the YAML files below `folder` ("" for all), sorted."""
        paths = [path for path in self._repo.files(self.commit, folder) if path.endswith((".yaml", ".yml"))]
        missing = [path for path in paths if path not in self._data and path not in self.broken]
        if missing:
            self._data.update(self._read(missing))
        return {path: self._data[path] for path in paths if path in self._data}

    def below(self, folder: str) -> tuple[PolicyFile, ...]:
        """Return the files below `folder` that hold ImagePolicies or ImageRepositories, sorted by path."""
        if folder not in self._below:
            known = next((self._below[each] for each in upward(folder) if each in self._below), None)
            if known is None:
                found = (self._file(path, data) for path, data in self.data(folder).items())
                self._below[folder] = tuple(file for file in found if file is not None)
            else:
                self._below[folder] = tuple(file for file in known if file.path.startswith(f"{folder}/"))
        return self._below[folder]

    def _file(self, path: str, data: bytes) -> PolicyFile | None:
        if path not in self._parsed:
            self._parsed[path] = self._parse(path, data)
        return self._parsed[path]

    def _read(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        paths = list(paths)
        try:
            return self._repo.read(self.commit, paths)
        except FileTooLarge as error:
            if len(paths) == 1:
                self.broken[paths[0]] = error
                return {}
        half = len(paths) // 2
        return {**self._read(paths[:half]), **self._read(paths[half:])}

    def _parse(self, path: str, data: bytes) -> PolicyFile | None:
        try:
            policies = image_policies(data, file=path) if b"ImagePolicy" in data else ()
            repositories = image_repositories(data, file=path) if b"ImageRepository" in data else ()
        except (InvalidYaml, YamlTooLarge) as error:
            self.broken[path] = error
            return None
        return PolicyFile(path, data, tuple(policies), tuple(repositories)) if policies or repositories else None
