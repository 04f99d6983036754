"""One array of numbers in NumPy's NPY format, alone in a file or as a member of an NPZ file."""

from __future__ import annotations

from math import prod
from typing import IO, Any

from numpy.lib import format as npy
from numpy.typing import NDArray

HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
"""Later versions are for names of fields, which arrays of numbers have not."""


def read_array(file: IO[bytes], size: int) -> NDArray[Any]:
    """The array of real numbers in `file`, which has `size` bytes.

    Raises:
        ValueError: it is damaged, holds something else, or less than its header declares.
    """
    version = npy.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"it is of version {version[0]}.{version[1]} of the NPY format")
    shape, _, dtype = HEADERS[version](file)
    if dtype.kind not in "biuf":
        raise ValueError(f"it holds {dtype}, not real numbers")
    if prod(shape) * dtype.itemsize > size - file.tell():
        raise ValueError(f"its header declares shape {shape}, and there are not as many numbers")
    file.seek(0)
    array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return array
