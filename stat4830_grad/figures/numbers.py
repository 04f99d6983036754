"""Which numbers a picture can show."""

LARGEST = 1e150
"""Beyond it matplotlib's arithmetic may overflow: margins and ticks of a logarithmic axis."""


def drawable(value: float) -> bool:
    """Whether there is a place for it; for none that is not finite."""
    return abs(value) <= LARGEST
