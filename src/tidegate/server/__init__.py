"""The server: a level-triggered reconciler over a queue of keys, and its HTTP face. Never the keeper of a fact."""
