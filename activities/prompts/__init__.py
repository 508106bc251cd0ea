"""One module a model task: a pure function from its request to the messages that are sent."""
