"""One run: its parts, the loop, the directory it leaves, and what is said of it."""
