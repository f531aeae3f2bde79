"""The use-cases: observe, decide, plan, run; through ports only."""
