"""The code of a notebook as a file's. Imports no torch."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ..system.errors import ConfigError

SUFFIX = ".ipynb"
OF_THE_SHELL = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)
"""Lines that a notebook reads and Python does not."""


def code_of(source: bytes, path: Path, said: str) -> bytes:
    """What is to be run of a file: of a notebook its code cells, one after the other.

    Raises:
        ConfigError: it is called a notebook, and is none.
    """
    if path.suffix != SUFFIX:
        return source
    try:
        cells = json.loads(source)["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{said} is no notebook ({type(error).__name__})") from None
    return OF_THE_SHELL.sub(r"\1pass", "\n\n".join(code)).encode()
