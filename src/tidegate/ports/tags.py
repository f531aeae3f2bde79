"""The version tags port: the git tags of an application's repository, which are the lock on versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class VersionTags(Protocol):
    """Git tags of one remote repository."""

    def all(self) -> Mapping[str, str]:
        """Return tag name → commit id (of an annotated tag, the commit it points to), read from the remote now."""
        ...

    def target(self) -> str:
        """Return the commit id that a new tag would name: HEAD of the checkout, or the remote's default branch."""
        ...

    def claim(self, tag: str, commit: str, message: str) -> bool:
        """Create `tag` at `commit` on the remote; False when the remote has that tag already."""
        ...
