"""Byte-exact YAML reading and editing; knows nothing of Flux."""
