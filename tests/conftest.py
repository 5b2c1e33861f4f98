"""Settings of every test."""

import os

from hypothesis import settings

# Machines are noisy: a slow example is not a failure.
settings.register_profile("short", deadline=None)
settings.register_profile("long", deadline=None, max_examples=5_000)
PROFILE = os.environ.get("CHITIEU_TEST_PROFILE", "short")
settings.load_profile(PROFILE)
