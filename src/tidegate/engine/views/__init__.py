"""What is told of services and environments. Reads only."""
