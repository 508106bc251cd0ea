"""Execution: bounded, retryable, replaceable implementations of the contracts."""
