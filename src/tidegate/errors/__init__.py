"""The error tree: every failure a person can meet has a stable code, a place, and what to do about it.

This module holds the root and the branches (which decide the exit code and whether a retry can help); the
leaves live in the module named after their subject, e.g. `tidegate.errors.registry`. A leaf sets `code`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tidegate.lazy_names import names_of

if TYPE_CHECKING:
    from tidegate.errors.place import Place
else:
    __getattr__ = names_of(__name__, {"place": ("Place",)})

__all__ = ["AuthenticationError", "Blocked", "Pending", "Place", "TidegateError", "UsageError"]


class TidegateError(Exception):
    """The root: what happened, where, and what to do.

    Args:
        what: one sentence, in a person's words. Never holds a secret.
        where: the file position, or the thing (an image, a merge request, a URL without credentials).
        hint: what to do next, as an instruction.
    """

    code: ClassVar[str] = "tidegate/failure"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    """Whether the same call may succeed when made again; a property of the class, never of the text."""

    def __init__(self, what: str, *, where: Place | str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(TidegateError):
    """The command line, the configuration or a file given by the user is wrong."""

    code = "tidegate/usage"
    exit_code = 2


class AuthenticationError(TidegateError):
    """Credentials are missing, wrong or not enough."""

    code = "tidegate/authentication"
    exit_code = 4


class Pending(TidegateError):
    """What was asked for has not happened yet."""

    code = "tidegate/pending"
    exit_code = 8


class Blocked(TidegateError):
    """A gate says no or wait."""

    code = "tidegate/blocked"
    exit_code = 11
