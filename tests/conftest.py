"""Settings of every test."""

from hypothesis import settings

# Machines are noisy: a slow example is not a failure.
settings.register_profile("chitieu", deadline=None)
settings.load_profile("chitieu")
