"""Data: MNIST and its kin, handwritten digits, least squares; checksums and a cache."""

from .images import Images, load_images
from .split import CLASSES, Part, Split, split_images
from .synthetic import synthetic_least_squares
from .table import load_least_squares

__all__ = [
    "CLASSES",
    "Images",
    "Part",
    "Split",
    "load_images",
    "load_least_squares",
    "split_images",
    "synthetic_least_squares",
]
