"""What lies below a run: the process, its threads, whole files, errors. Imports no torch."""
