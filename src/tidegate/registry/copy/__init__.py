"""Copying one image: children before parents, the tag last."""
