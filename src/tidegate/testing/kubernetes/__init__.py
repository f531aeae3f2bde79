"""A Kubernetes API on loopback that knows HelmReleases and nothing else."""
