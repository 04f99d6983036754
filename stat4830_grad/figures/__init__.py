"""From data to pictures: one file per kind. The only room that knows matplotlib."""
