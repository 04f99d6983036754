"""The picture of a trace: what it says, where things go, how it is drawn."""
