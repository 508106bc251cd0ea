"""What every workflow uses. Knows no workflow."""
