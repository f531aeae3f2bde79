"""The cluster port on a Kubernetes API. Reads HelmReleases, and nothing else."""
