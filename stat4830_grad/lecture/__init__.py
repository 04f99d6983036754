"""The lecture: what it states, and the same from this project, row by row (L1 to L15).

Importing this imports no torch; the rows are in `rows`.
"""

from .facts import UPDATES, departures, stated_accuracy

__all__ = ["UPDATES", "departures", "stated_accuracy"]
