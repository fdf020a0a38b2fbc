"""The passes, a folder a level, from the lowbit dialect down to object files."""
