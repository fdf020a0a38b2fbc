"""Level 2 to level 3: stages, where every value lies, and what runtimes call."""
