"""The zero-configuration parts: a Temporal server, a model with its weights, and what keeps them running."""
