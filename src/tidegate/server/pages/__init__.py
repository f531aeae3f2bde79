"""The Board and the pages around it: HTML made on the server, readable without a script."""
