"""`tidegate.yaml` as values, with file, line and column in errors."""
