"""`tidegate init`."""
