"""Large values, kept outside of histories: in a folder that processes share, or in an S3-compatible store."""
