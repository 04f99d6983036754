"""Faults for real, and what is left after them; scripts/torture runs it."""
