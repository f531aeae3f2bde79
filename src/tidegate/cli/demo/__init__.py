"""`tidegate demo`: the whole road in a folder, dev → e2e → staging → production, by the very commands of real use."""
