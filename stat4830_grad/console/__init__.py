"""What a terminal shows: lines, tables that fit, progress."""
