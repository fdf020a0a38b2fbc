"""Records that come with lowbit, a file of JSON lines for each class of CPU."""
