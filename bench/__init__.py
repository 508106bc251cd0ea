"""Measures Tenuto against what it stands on: `python -m bench`, everything as ratios within one run."""
