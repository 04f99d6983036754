"""Code that numba compiles, and many updates in one call of it."""
