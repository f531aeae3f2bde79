"""HTTP connections that are kept open; bodies stream."""
