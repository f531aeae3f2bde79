"""Fakes of the ports, shipped for users' own tests; each passes the real adapter's contract suite."""
