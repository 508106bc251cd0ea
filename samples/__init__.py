"""A small shop to run against: its orders, its payment service, its tickets and what should come of them."""
