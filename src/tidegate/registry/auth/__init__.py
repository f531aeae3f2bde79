"""Who we are to a registry: credentials, where they come from, and the Authorization field."""
