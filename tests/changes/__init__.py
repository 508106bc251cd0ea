"""Changes that somebody might make, each with what both gates have to say to it."""
