"""The code of a notebook as a file's. Imports no torch."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
from msgspec import Struct

from ..system.errors import ConfigError
from ..system.reading import MIB

SUFFIX = ".ipynb"
LARGEST = 64 * MIB
"""Most bytes of a notebook with its pictures; its code may have as many as a Python file."""

OF_THE_SHELL = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)
"""Lines that a notebook reads and Python does not."""


class Cell(Struct):
    """What counts of a cell; its output is passed over."""

    cell_type: str
    source: str | list[str] = ""


class Notebook(Struct):
    """What counts of a notebook."""

    cells: list[Cell]


def code_of(source: bytes, path: Path, said: str) -> bytes:
    """What is to be run of a file: of a notebook its code cells, one after the other.

    Raises:
        ConfigError: it is called a notebook, and is none.
    """
    if path.suffix != SUFFIX:
        return source
    try:
        cells = msgspec.json.decode(source, type=Notebook).cells
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{said} is no notebook: {error}") from None
    code = "\n\n".join("".join(cell.source) for cell in cells if cell.cell_type == "code")
    if len(code) > MIB:
        raise ConfigError(f"{said}: its code has {len(code) // MIB + 1} MiB, more than 1 MiB")
    return OF_THE_SHELL.sub(r"\1pass", code).encode()
