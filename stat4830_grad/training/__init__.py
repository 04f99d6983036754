"""Training: the loop, what makes its updates, and what a run leaves."""
