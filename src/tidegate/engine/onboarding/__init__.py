"""Onboarding: from repositories that exist to a tidegate.yaml that fits them. Pure but for `observe`."""
