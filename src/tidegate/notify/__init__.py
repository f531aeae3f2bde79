"""Messages to people, sent with apprise."""
