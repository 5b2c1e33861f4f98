"""The checks, by what they look at. Each is a function from what was read to findings."""
