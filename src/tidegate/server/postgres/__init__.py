"""The key queue in PostgreSQL, shared by any number of processes.

Tables, functions and their rules are procrastinate's: its `lock` keeps a key from being handled twice at once, its
`queueing_lock` keeps it from waiting twice, its heartbeats tell whose keys are to be taken over. Its worker is not
used: that one ends when the connection is lost, and forgets to say how a job ended that ended meanwhile. What is
written here does both again until PostgreSQL has it.
"""
