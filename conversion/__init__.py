"""The converter of documents: a program of its own, confined, that knows nothing of the application."""
