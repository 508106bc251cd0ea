"""What leaves a run for people to watch: spans, metrics and log lines, and nothing when nobody listens."""
