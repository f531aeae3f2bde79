"""Which project a repository is, told by its address or by the remote `origin` of a checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tidegate.errors.forge import InvalidProject
from tidegate.git.program import Git
from tidegate.git.remote import Remote

_PARTS: Final = 2
"""Of a folder, so many last parts are taken for the project's path; a GitLab project has at least a group."""


@dataclass(frozen=True, slots=True)
class LocatedProject:
    """A project, and where it can be read.

    Args:
        base: where its forge is: `https://host`, or the folder that holds the bare repositories.
        path: its path on the forge, e.g. `platform/gitops`.
        remote: what to read: a checkout as it is, or the address.
    """

    base: str
    path: str
    remote: Remote


def locate_project(git: Git, place: str, forge: str | None = None) -> LocatedProject:
    """Return the project at `place`: a checkout, a bare repository, or an address.

    Args:
        git: the program.
        place: a folder, or an address as git takes it.
        forge: where the forge is, when the address does not end with the project's path alone.

    Raises:
        UnsafeRemote: the address, or the forge's, is not allowed.
        InvalidProject: the address does not tell a project's path.
    """
    if forge is not None:
        Remote.parse(forge)
    root = _root(git, place) if Path(place).is_dir() else None
    remote = Remote.parse(place if root is None else str(root))
    base, path = _split(remote.url if root is None else _address(git, root), forge)
    if not path or path.startswith("."):
        raise InvalidProject(
            f"{place} does not tell which project it is",
            where=place,
            hint="say where the forge is: --forge https://gitlab.example.com, or the folder of its bare repositories",
        )
    return LocatedProject(base, path, remote)


def _root(git: Git, folder: str) -> Path:
    """Return the folder of the repository that holds `folder`: of a checkout its top, also of one of its work trees.

    Of none, the folder itself: reading it tells why it is none.
    """
    found = git.run("-C", folder, "rev-parse", "--path-format=absolute", "--git-common-dir", fine=frozenset({0, 128}))
    own = Path(found.text) if found.status == 0 else Path(folder)
    return own.parent if own.name == ".git" else own


def _address(git: Git, root: Path) -> str:
    """Return the address of a repository's `origin`; without one, the folder itself."""
    found = git.run("-C", str(root), "remote", "get-url", "origin", fine=frozenset({0, 2, 128}))
    address = found.text.partition("\n")[0] if found.status == 0 else str(root)
    if "://" not in address and (root / address).exists():
        return str((root / address).resolve())
    return Remote.parse(address).url


def _split(address: str, forge: str | None) -> tuple[str, str]:
    """Return the forge's base and the project's path."""
    parts = urlsplit(address) if "://" in address else None
    if parts is not None and parts.scheme != "file":
        host = parts.netloc.rpartition("@")[2] if parts.scheme.startswith("http") else parts.hostname or ""
        base = f"{parts.scheme if parts.scheme == 'http' else 'https'}://{host}"
        return _below(forge, base, parts.path)
    if parts is None and not address.startswith("/"):
        host, _, path = address.rpartition("@")[2].partition(":")
        return _below(forge, f"https://{host}", path)
    folder = Path(parts.path if parts is not None else address)
    if forge is not None and "://" not in forge:
        root, folder = Path(forge).resolve(), folder.resolve()
        return str(root), _plain(str(folder.relative_to(root)) if folder.is_relative_to(root) else "")
    path = "/".join(folder.parts[-_PARTS:])
    return forge or str(Path(*folder.parts[:-_PARTS])), _plain(path)


def _below(forge: str | None, base: str, path: str) -> tuple[str, str]:
    if forge is None:
        return base, _plain(path)
    prefix = urlsplit(forge).path.strip("/")
    return forge.rstrip("/"), _plain(path.strip("/").removeprefix(prefix))


def _plain(path: str) -> str:
    return path.strip("/").removesuffix(".git").removesuffix("/")
