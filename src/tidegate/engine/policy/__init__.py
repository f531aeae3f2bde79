"""Lanes: what the ImagePolicies select, and how releases, holds and `policy sync` move them."""
