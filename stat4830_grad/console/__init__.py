"""What a terminal shows: lines, and tables that fit."""
