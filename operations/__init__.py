"""Around the runs: tickets in, and what histories say."""
