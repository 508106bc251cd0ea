"""What `resolve_ticket` decides, in pure functions."""
