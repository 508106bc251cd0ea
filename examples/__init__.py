"""Scripts to copy into an application of one's own; examples/README.md lists them."""
