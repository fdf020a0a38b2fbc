"""Hypothesis prints the blob that reproduces a failure, and does not judge a busy machine."""

from hypothesis import settings

settings.register_profile("lowbit", print_blob=True, deadline=None)
settings.load_profile("lowbit")
