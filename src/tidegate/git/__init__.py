"""The git program, typed: cached mirrors, reading by `cat-file`, committing by `fast-import`, pushing with a lease.

Nothing here knows of GitOps or merge requests; the adapters in `tidegate.gitops` and `tidegate.forge` do.
"""

from tidegate.git.identity import Identity
from tidegate.git.mirrors import Mirrors
from tidegate.git.program import Git
from tidegate.git.remote import ProjectRemotes, Remote

__all__ = ["Git", "Identity", "Mirrors", "ProjectRemotes", "Remote"]
