"""From the command line to a checked configuration, with every message. Imports no torch."""
