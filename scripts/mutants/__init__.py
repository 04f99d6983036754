"""How well the diagnosis of a student's gradient names mistakes, measured on mutants."""
