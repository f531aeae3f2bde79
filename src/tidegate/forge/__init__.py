"""Forge adapters: merge requests."""
