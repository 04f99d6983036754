"""A user's text as UTF-8, whatever program wrote it; what is no text is named."""

from __future__ import annotations

import codecs
from pathlib import Path

from ..system.errors import ConfigError, DataError
from ..system.wording import shown

BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

FOREIGN = {
    b"PK\x03\x04": "an Excel or OpenDocument workbook, or a ZIP archive: save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save the sheet as CSV",
    b"\x1f\x8b": "packed by gzip: its name must end with .csv.gz",
    b"PAR1": "a Parquet file: its name must end with .parquet",
    b"version https://git-lfs": "what Git LFS leaves in place of a file: git lfs pull brings it",
    b"<!doctype": "a web page, not the table on it: download the file itself",
    b"<html": "a web page, not the table on it: download the file itself",
    b"{": 'JSON: write it as CSV, pandas.read_json("FILE").to_csv("FILE.csv", index=False)',
    b"[{": 'JSON: write it as CSV, pandas.read_json("FILE").to_csv("FILE.csv", index=False)',
    b"@relation": "ARFF, as Weka writes it: write it as CSV",
}
"""How files begin that are no delimited text, and what to do with them."""


def as_utf8(path: Path, raw: bytes, given: str | None) -> tuple[bytes, str | None]:
    """A text in UTF-8 with \\n at the ends of its lines, and what to say of its encoding.

    Raises:
        ConfigError: there is no encoding of the given name.
        DataError: it is no text, or in another encoding.
    """
    for sign, what in FOREIGN.items():
        if raw[:64].lstrip()[: len(sign)].lower() == sign.lower():
            raise DataError(f"{path} is {what}.")
    if given is None and raw.isascii() and not any(sign in raw for sign in (b"\0", b"\r", b"\x1a")):
        return raw, None  # as most are, and then nothing has to be copied
    text, encoding, note = decoded(path, raw, given)
    if "\0" in text:
        raise DataError(f"{path} is not text: it holds NUL characters.")
    plain = text.removesuffix("\x1a")
    if "\r" in plain and "\n" not in plain:
        plain = plain.replace("\r", "\n")
    unchanged = plain == text and encoding == "utf-8"
    return (raw if unchanged else plain.encode()), note


def decoded(path: Path, raw: bytes, given: str | None) -> tuple[str, str, str | None]:
    """The text, its encoding, and what to say of this if it had to be guessed.

    Raises:
        ConfigError, DataError: as `as_utf8`.
    """
    encoding = given or next((name for bom, name in BOMS.items() if raw.startswith(bom)), "utf-8")
    try:
        return raw.decode(encoding), encoding, None
    except LookupError:
        raise ConfigError(
            f"problem.encoding={shown(encoding)}: there is no such encoding; there are utf-8, "
            "utf-16, latin-1, cp1252, cp1251, shift_jis, gb18030 and more"
        ) from None
    except UnicodeDecodeError as error:
        if given or encoding != "utf-8":
            raise DataError(f"{path} is not text in {encoding}: {error.reason}.") from None
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            raise DataError(
                f"{path} is not text in UTF-8, nor in cp1252; write problem.encoding=NAME "
                "(cp1251, shift_jis, gb18030, …)."
            ) from None
        sample = shown(error.object[: error.start + 1].decode("cp1252")[-8:])
        note = (
            "not UTF-8: read as cp1252, as Windows writes it in Western Europe "
            f"(…{sample.strip()}…); problem.encoding=NAME names another"
        )
        return text, "cp1252", note
