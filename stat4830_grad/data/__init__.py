"""Data: MNIST and its kin, handwritten digits, least squares; checksums and a cache."""

from .images import Images, load_images
from .scaling import as_tensor, standardized, with_intercept
from .split import CLASSES, ImagePart, Part, Split, split_images
from .synthetic import synthetic_least_squares
from .table import TableData, read_table

__all__ = [
    "CLASSES",
    "ImagePart",
    "Images",
    "Part",
    "Split",
    "TableData",
    "as_tensor",
    "load_images",
    "read_table",
    "split_images",
    "standardized",
    "synthetic_least_squares",
    "with_intercept",
]
