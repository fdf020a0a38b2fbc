"""The level of stages: where every value lies, one operation to a function."""
