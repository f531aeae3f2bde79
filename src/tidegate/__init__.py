"""Tidegate: container images flow one way, by merge requests on GitOps repositories that Flux deploys from."""

__version__ = "0.1.0"
