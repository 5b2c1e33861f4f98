"""What the figures mean: pure functions and frozen values, standard library only."""
