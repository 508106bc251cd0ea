"""Defects put into the sources on purpose, one at a time: the tests must notice each."""
