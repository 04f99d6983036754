"""Data: MNIST and its kin, handwritten digits, least squares; checksums and a cache."""

from stat4830_grad.data.images import Images, load_images
from stat4830_grad.data.split import Part, Split, split_images
from stat4830_grad.data.synthetic import synthetic_least_squares
from stat4830_grad.data.table import load_least_squares

__all__ = [
    "Images",
    "Part",
    "Split",
    "load_images",
    "load_least_squares",
    "split_images",
    "synthetic_least_squares",
]
