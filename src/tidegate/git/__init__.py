"""The `git` program on cached bare mirrors, typed."""
