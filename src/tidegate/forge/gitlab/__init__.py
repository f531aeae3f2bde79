"""GitLab: the forge port on its REST API v4."""

from tidegate.forge.gitlab.forge import GitLabForge
from tidegate.forge.gitlab.remotes import GitLabRemotes
from tidegate.forge.gitlab.tokens import Tokens

__all__ = ["GitLabForge", "GitLabRemotes", "Tokens"]
