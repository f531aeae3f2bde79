"""Forges: adapters of the port `Forge`."""

from tidegate.forge.local import LocalForge

__all__ = ["LocalForge"]
