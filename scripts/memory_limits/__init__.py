"""Runs models of the published shapes within memory limits: scripts/check_memory_limits."""
