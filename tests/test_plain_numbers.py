"""Tables of plain numbers are read by a short way, which changes nothing that is found."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stat4830_grad.config.problems import TableFile
from stat4830_grad.data import delimited
from stat4830_grad.data.plain_numbers import plain_numbers
from stat4830_grad.data.table import read_table
from stat4830_grad.system.errors import UserError


def outcome(path: Path, **keys: Any) -> tuple[object, ...]:
    """All that reading a file gives, every bit of it, or what is said of it."""
    try:
        data = read_table(path, TableFile(file=str(path), target="y", **keys))
    except UserError as error:
        return type(error), str(error)
    y = data.y if isinstance(data.y, list) else data.y.tobytes()
    return data.X.shape, data.X.tobytes(), y, data.names, data.target, data.notes


def written(decimals: int, rows: int) -> str:
    """Numbers of all sizes as programs write them."""
    pick = random.Random(decimals)

    def number() -> str:
        size = 10.0 ** pick.randint(-14, 14)
        return f"{pick.uniform(-9, 9) * size:.{decimals}{pick.choice('efg')}}"

    return "a,b,y\n" + "".join(f"{number()},{number()},{number()}\n" for _ in range(rows))


PLAIN = {
    "whole": "a,b,y\n1,2,3\n-4,+5,6\n",
    "exponents": "a;b;y\n1e5;2E-5;.5\n1.;-0.0;0\n",
    "tabs": "a\tb\ty\n1\t2\t3\n4\t5\t6\n",
    "blanks": "a b y\n1  2 3\n 4 5 6\n",
    "windows": "a,b,y\r\n1,2,3\r\n4,5,6\r\n",
    "quoted": '"a","b","y"\n"1","2","3"\n4,5,"6"\n',
    "no end": "a,b,y\n1,2,3\n4,5,6",
    "no header": "1,2,3\n4,5,6\n",
    "latin": "a,é,y\n1,2,3\n",
    "doubles": written(16, 300),
    "short": written(2, 300),
    "long": written(30, 100),
}

ODD = {
    "text": "a,b,y\n1,red,3\n4,blue,6\n7,red,1\n",
    "truth": "a,b,y\n1,true,3\n4,false,6\n",
    "hole": "a,b,y\n1,,3\n4,5,6\n",
    "dropped": "a,b,y\n1,,3\n4,5,6\n7,8,9\n",
    "nan": "a,b,y\n1,nan,3\n4,5,6\n",
    "infinite": "a,b,y\n1,inf,3\n4,5,6\n",
    "too large": "a,b,y\n1,1e400,3\n4,5,6\n",
    "too small": "a,b,y\n1,1e-400,3\n4,5,6\n",
    "far too small": f"a,b,y\n1,0.{'0' * 330}1,3\n4,5,6\n",
    "just so": "a,b,y\n1,4.9e-324,3\n4,0,6\n",
    "too long": "a,b,y\n1,9007199254740993,3\n4,5,6\n",
    "long but exact": "a,b,y\n1,9007199254740994,3\n4,5,6\n",
    "ragged": "a,b,y\n1,2,3\n4,5\n",
    "wide": "a,b,y\n1,2,3\n4,5,6,7\n",
    "blank line": "a,b,y\n1,2,3\n\n4,5,6\n",
    "empty end": "a,b,y\n1,2,3\n,,\n",
    "comments": "# of today\na,b,y\n1,2,3\n# half\n4,5,6\n",
    "comma": "a;b;y\n1,5;2;3\n4;5;6\n",
    "thousands": 'a,b,y\n"1,000",2,3\n4,5,6\n',
    "underscore": "a,b,y\n1_000,2,3\n4,5,6\n",
    "spaces": "a,b,y\n1 ,2, 3\n4,5,6\n",
    "row names": ",a,b,y\n0,1,2,3\n1,4,5,6\n",
    "equal names": ",a,b,y\n1,1,2,3\n1.0,4,5,6\n",
    "quotes": 'a,b,y\n1,2,"3\n4,5,6\n',
    "currency": "a,b,y\n1,2,$3\n4,5,$6\n",
    "no rows": "a,b,y\n",
}


@pytest.mark.parametrize("name", [*PLAIN, *ODD])
def test_both_ways_give_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    text = {**PLAIN, **ODD}[name]
    path.write_bytes(text.encode("latin-1" if name == "latin" else "utf-8"))
    taken: list[bool] = []

    def noted(*args: Any) -> pl.DataFrame | None:
        found = plain_numbers(*args)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(delimited, "plain_numbers", noted)
    short = [outcome(path, **key) for key in KEYS]
    assert taken[:1] == [True] if name in PLAIN else True not in taken[:1]
    monkeypatch.setattr(delimited, "plain_numbers", lambda *args: None)
    assert short == [outcome(path, **key) for key in KEYS]


def test_the_first_whole_number_that_float64_has_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(ODD["too long"])
    assert "holds 9007199254740993, which has more digits than float64" in str(outcome(path)[1])


KEYS: list[dict[str, Any]] = [{}, {"missing": "drop"}, {"decimal": ","}, {"drop": ["a"]}]
