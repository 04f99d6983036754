"""A class of submissions, graded twice: how long it takes, and whether the grades are the same."""
