"""Run, check, see and compare gradient-based optimization from the command line."""
