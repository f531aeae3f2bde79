"""Flux's resources: HelmReleases, ImagePolicies and setter markers; bytes in, bytes out."""
