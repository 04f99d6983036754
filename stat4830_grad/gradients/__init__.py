"""Ways to a gradient: by hand, by `backward()`, by `autograd.grad`, and that of a file."""
