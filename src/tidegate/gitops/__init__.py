"""The GitOps repository adapter: reads and commits without a work tree."""
