"""What a line of the table counts: faults tried, and what was lost."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Tally:
    """One line."""

    tried: int = 0
    lost: list[str] = field(default_factory=list)  # what was lost, and where
    notes: list[str] = field(default_factory=list)  # what could not be done here, and why

    def count(self, what: str, wrong: str | None) -> None:
        """One fault more.

        Args:
            what: which.
            wrong: what does not hold after it; None: everything does.
        """
        self.tried += 1
        if wrong is not None:
            self.lost.append(f"{what}: {wrong}")
