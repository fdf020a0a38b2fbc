"""Examples: each is a program of its own; `README.md` says how to run them."""
