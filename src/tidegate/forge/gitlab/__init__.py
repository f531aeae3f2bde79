"""GitLab: the forge port on its REST API v4. Its modules are imported one by one: git alone needs no HTTP client."""
