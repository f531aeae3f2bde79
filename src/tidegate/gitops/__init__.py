"""GitOps repositories and version tags over git: adapters of the ports `GitOpsRepo`, `GitOpsRepos`, `VersionTags`."""

from tidegate.gitops.repos import MirroredRepo, MirroredRepos
from tidegate.gitops.tags import GitVersionTags

__all__ = ["GitVersionTags", "MirroredRepo", "MirroredRepos"]
