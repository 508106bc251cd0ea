"""What `extract_records` does with text and values, in pure functions."""
