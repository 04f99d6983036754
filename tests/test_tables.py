"""Tables as people have them: what is read, what is said, and what is refused.

The cases of the first table are those that once failed or misled; the others are what spreadsheets,
R, pandas and others write.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from conftest import PYTHONPATH, Cli

from stat4830_grad.config.problems import TableFile
from stat4830_grad.data import TableData, as_tensor, read_table, standardized, with_intercept
from stat4830_grad.system.errors import ConfigError, DataError, UserError


def table(tmp_path: Path, content: str | bytes, name: str = "table.csv", **keys: Any) -> TableData:
    """What is read of a file with this content."""
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(path, TableFile(**keys))


def refusal(tmp_path: Path, content: str | bytes, **keys: Any) -> str:
    """The one line by which a file is refused, without its path."""
    with pytest.raises(UserError) as caught:
        table(tmp_path, content, **keys)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{tmp_path}{os.sep}", "")


HOUSES = "area,rooms,price\n50,2,110\n70,3,150\n"

CASES: dict[str, tuple[str | bytes, tuple[str, ...], list[str]]] = {
    "sepcomma": (f"sep=,\n{HOUSES}", ("area", "rooms"), []),
    "sepsemicolon": (f"sep=;\r\n{HOUSES.replace(',', ';')}", ("area", "rooms"), []),
    "space": ("area rooms price\n50 2 110\n70 3 150\n", ("area", "rooms"), []),
    "bom": (b"\xef\xbb\xbf" + HOUSES.replace("\n", "\r\n").encode(), ("area", "rooms"), []),
    "blanktail": (f"{HOUSES},,\n,,\n\n", ("area", "rooms"), []),
    "latin1": (
        "Fläche,rooms,price\n50,2,110\n70,3,150\n".encode("latin-1"),
        ("Fläche", "rooms"),
        [
            "not UTF-8: read as cp1252, as Windows writes it in Western Europe (…Flä…); "
            "problem.encoding=NAME names another"
        ],
    ),
    "pandasindex": (
        ",area,rooms,price\n0,50,2,110\n1,70,3,150\n",
        ("area", "rooms"),
        [
            "column 1 has no name and numbers or names the rows, as pandas and R write it "
            "(index=False, row.names=FALSE leave it away): left out"
        ],
    ),
    "semicolon": (HOUSES.replace(",", ";"), ("area", "rooms"), []),
    "tab": (HOUSES.replace(",", "\t"), ("area", "rooms"), []),
    "pipe": (HOUSES.replace(",", "|"), ("area", "rooms"), []),
    "columns of one width": (
        "  area  rooms  price\n    50      2    110\n    70      3    150\n",
        ("area", "rooms"),
        [],
    ),
    "utf16": (HOUSES.replace(",", "\t").encode("utf-16"), ("area", "rooms"), []),
    "old mac": (HOUSES.replace("\n", "\r"), ("area", "rooms"), []),
    "savetxt": ("# area rooms price\n5.0e+01 2 110\n70 3 150\n", ("area", "rooms"), []),
    "comments": (
        f"# by hand\n{HOUSES.replace('70', '# a note' + chr(10) + '70')}",
        ("area", "rooms"),
        ["2 lines of comments, from # on, left out"],
    ),
    "delimiter at the end": (
        HOUSES.replace("110\n", "110,\n").replace("150\n", "150,\n"),
        ("area", "rooms"),
        ["column 4 has neither a name nor values: left out"],
    ),
    "blanks before quotation marks": (
        'area, "rooms", price\n50, "2", 110\n70, "3", 150\n',
        ("area", "rooms"),
        [],
    ),
    "names in quotation marks": (
        "'area','rooms','price'\n50,2,110\n70,3,150\n",
        ("area", "rooms"),
        [],
    ),
    "rows with names": (
        '"area" "rooms" "price"\n"a b" 50 2 110\n"c" 70 3 150\n',
        ("area", "rooms"),
        [
            "column 1 has no name and numbers or names the rows, as pandas and R write it "
            "(index=False, row.names=FALSE leave it away): left out"
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_table_is_read_however_it_was_written(tmp_path: Path, case: str) -> None:
    content, names, notes = CASES[case]
    data = table(tmp_path, content, target="price")
    assert data.X.tolist() == [[50, 2], [70, 3]]
    assert data.y == pytest.approx([110, 150])
    assert data.names == names
    assert list(data.notes) == notes


NUMERALS = [
    ("a;y\n50,5;1\n1.110,25;2\n", {}, [50.5, 1110.25], "a: 1.110,25 is read as 1110.25"),
    ("a;y\n1.110;3,5\n2.220;4,5\n", {}, [1110, 2220], "decimal comma: column 'y' holds '3,5'"),
    ('a,y\n"1,110",3.5\n7,4\n', {}, [1110, 7], "a: 1,110 is read as 1110"),
    ('a,y\n"1,110",3\n7,4\n', {"decimal": "."}, [1110, 7], "a: 1,110 is read as 1110"),
    ('a,y\n"1,110",3\n7,4\n', {"decimal": ","}, [1.11, 7], None),
    ("a;y\n1'110.5;3\n7;4\n", {}, [1110.5, 7], "a: 1'110.5 is read as 1110.5"),
    ("a;y\n1\u202f110,5;3\n1\u00a0000;4\n", {}, [1110.5, 1000], "decimal comma: column 'a' holds"),
    ("a,y\n1.110,3\n+2.5E-3,4\n", {}, [1.11, 0.0025], None),
]


@pytest.mark.parametrize(("text", "keys", "values", "note"), NUMERALS)
def test_decimal_commas_and_parted_thousands_are_read_and_said(
    tmp_path: Path, text: str, keys: dict[str, Any], values: list[float], note: str | None
) -> None:
    data = table(tmp_path, text, **keys)
    assert data.X[:, 0].tolist() == values
    if note is None:
        assert data.notes == ()
    else:
        assert any(one.startswith(note) for one in data.notes)


REFUSALS = [
    (
        "a,y\n50,1_110\n7,2\n",
        {},
        "line 2, column 'y' holds '1_110', which is not a number; wr",
    ),
    ('a,y\n"1,110",3\n7,4\n', {}, "may be a decimal comma or may part thousands: write problem.d"),
    (
        "a;y\n12.5;3,5\n2;4,5\n",
        {},
        "column 'y' holds '3,5' and 'a' holds '12.5': write prob",
    ),
    (
        "a,y\n12%,1\n3%,2\n",
        {},
        "holds '12%', which is not a number (and 1 more in this column)",
    ),
    ("a,y\n$12,1\n13,2\n", {}, "'$12', which is not a number; take the sign of the currency out"),
    (
        "a,y\n2020-01-31,1\n2020-01-31,2\n",
        {},
        "a date: turn it into a number, such as a y",
    ),
    (
        "a,y\n−5,1\n3,2\n",
        {},
        "its minus is another sign than -, or leave it out by",
    ),
    (
        "a,b,y\n1,,1\n2,3,\n",
        {},
        "line 2, column 'b' has no value; missing: 1 in 'b', 1 in 'y'",
    ),
    (
        "a,y\n1,NA\n2,3\n",
        {},
        "line 2, column 'y' has no value ('NA'); missing: 1 in 'y'",
    ),
    ("a,b,y\n1,2,3\n1,2\n", {"missing": "drop"}, "line 3 has 2 cells, the header row has 3"),
    ("a,y\n1e400,1\n2,3\n", {}, "line 2, column 'a' holds 1e400: not a finite number"),
    ("a,y\n1e-400,1\n2,3\n", {}, "line 2, column 'a' holds 1e-400: too small for float64"),
    ("a,y\n12345678901234567,1\n2,3\n", {}, "holds 12345678901234567, which has more digits than"),
    ("name,y\nann,1\nbob,2\n", {}, "'name' holds 2 different texts in 2 rows ('ann', …), too many"),
    ("a,y\n5'2\",1\n6,2\n", {}, "line 2 has an odd number of quotation marks"),
    ("a,a,y\n1,2,3\n", {}, "two columns are called 'a'"),
    ("a,y,\n1,2,3\n", {}, "column 3 has no name in the header row"),
    ("1,2\n3,4\n", {}, "has no header row: its columns are called x1 to x2; 'y' is none of them; "),
    (
        "5.1,b,c\n4.9,b,d\n",
        {},
        "line 1 holds names and numbers ('b', '5.1'): write problem.head",
    ),
    (
        "3,2,p,q\n1,2,0\n3,4,1\n5,6,0\n",
        {},
        "line 1 holds 3, 2, p, q, …: numbers of rows",
    ),
    (
        "a;y\n1;2\n",
        {"delimiter": ","},
        "one column, 'a;y': if that is several, name what part",
    ),
    ("a,y\n1,2\n", {"delimiter": "::"}, "problem.delimiter=::: one sign is needed"),
    ("a,y\n1,2\n", {"encoding": "utf-9"}, "problem.encoding=utf-9: there is no such encoding"),
    ("a,y\n1,ä\n", {"encoding": "ascii"}, "is not text in ascii"),
    (
        "a,y\n1,2\n",
        {"columns": ["b"]},
        "has no column 'b'; it has 'a', 'y'; name one of them",
    ),
    ("a,y\n1,2\n", {"columns": ["a", "y"]}, "'y' is the target, and cannot be in X too"),
    ("a,y\n1,2\n", {"drop": ["a"]}, "no column beside the target 'y'"),
    ("c,y\np,1\np,2\n", {}, "no column beside the target differs from row to row"),
    (
        b"PK\x03\x04 and more",
        {},
        "is an Excel or OpenDocument workbook, or a ZIP archive: save",
    ),
    (b"\x1f\x8b and more", {}, "is packed by gzip: its name must end with .csv.gz"),
    ("<!DOCTYPE html>", {}, "is a web page, not the table on it: download the file itself"),
    ("a,y\0\n1,2\n", {}, "it holds NUL characters"),
]


@pytest.mark.parametrize(("content", "keys", "said"), REFUSALS, ids=lambda value: str(value)[:20])
def test_what_cannot_be_read_is_refused_with_its_place_and_what_to_type(
    tmp_path: Path, content: str | bytes, keys: dict[str, Any], said: str
) -> None:
    assert said in refusal(tmp_path, content, **keys)


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = '# one\na,b,y\n\n1,"x\ny",1\n# two\n2,z,two\n3,z,3\n'
    assert "line 7, column 'y' holds 'two'" in refusal(tmp_path, text, drop=["b"])


def test_rows_without_a_value_are_left_out_on_request_and_counted(tmp_path: Path) -> None:
    data = table(tmp_path, "a,b,y\n1,?,1\n2,3,NA\n4,5,6\n7,8,9\n", missing="drop")
    assert data.X.tolist() == [[4, 5], [7, 8]]
    assert data.notes == ("2 of 4 rows left out, no value in b, y",)


def test_missing_values_in_columns_that_are_not_used_do_no_harm(tmp_path: Path) -> None:
    text = "a,b,c,y\n1,,x,1\n2,3,,2\n"
    assert table(tmp_path, text, columns=["a"]).names == ("a",)
    assert table(tmp_path, text, drop=["b", "c"]).names == ("a",)


def test_booleans_and_categories_become_numbers_and_that_is_said(tmp_path: Path) -> None:
    text = (
        "garage,colour,sold,y\n"
        "True,red,TRUE,1\nFalse,blue,FALSE,2\nTrue,green,TRUE,3\nTrue,red,TRUE,4\n"
    )
    data = table(tmp_path, text)
    assert data.names == ("garage", "colour=green", "colour=red", "sold")
    assert data.X.tolist() == [[1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 0, 1], [1, 0, 1, 1]]
    assert data.notes == (
        "garage: True is 1 and False is 0",
        "colour: 3 categories are 2 columns of 0 and 1, colour=green, colour=red; 'blue' is 0 in "
        "all of them",
        "sold: True is 1 and False is 0",
    )


def test_a_target_of_texts_comes_as_names_of_classes(tmp_path: Path) -> None:
    assert table(tmp_path, "a,y\n1,cat\n2,dog\n3,cat\n").y == ["cat", "dog", "cat"]
    assert table(tmp_path, "a,y\n1,True\n2,False\n3,True\n").y == pytest.approx([1, 0, 1])
    parquet = pl.DataFrame({"a": [1, 2], "y": pl.Series(["p", "q"], dtype=pl.Categorical)})
    parquet.write_parquet(tmp_path / "table.parquet")
    assert read_table(tmp_path / "table.parquet", TableFile()).y == ["p", "q"]


def test_parquet_keeps_types_and_leaves_the_index_of_pandas_out(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "a": [1, 2, 3],
            "b": [True, False, True],
            "c": [0.5, 1.5, None],
            "y": pl.Series(["1.25", "2.5", "3"]).cast(pl.Decimal(10, 2)),
            "__index_level_0__": [0, 1, 2],
        }
    )
    frame.write_parquet(tmp_path / "table.parquet")
    data = read_table(tmp_path / "table.parquet", TableFile(missing="drop"))
    assert data.X.tolist() == [[1, 1, 0.5], [2, 0, 1.5]]
    assert data.y == pytest.approx([1.25, 2.5])
    with pytest.raises(DataError, match="row 3, column 'c' has no value"):
        read_table(tmp_path / "table.parquet", TableFile())
    days = frame.select("a", "y", day=pl.date(2020, 1, pl.col("a")))
    days.write_parquet(tmp_path / "days.parquet")
    with pytest.raises(DataError, match=r"column 'day' holds Date, not numbers; leave it out by"):
        read_table(tmp_path / "days.parquet", TableFile())


def test_a_parquet_file_that_unpacks_to_far_more_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.parquet"
    pl.select(pl.repeat(0, 2**18).alias("a"), pl.repeat(1, 2**18).alias("y")).write_parquet(path)
    assert path.stat().st_size < 2**12
    monkeypatch.setattr("stat4830_grad.data.parquet.LARGEST", 2**20)
    with pytest.raises(DataError, match="unpacked it has more than 1 MiB"):
        read_table(path, TableFile())


def test_packed_text_is_unpacked_and_not_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = table(tmp_path, gzip.compress(HOUSES.encode()), "table.csv.gz", target="price")
    assert data.X.tolist() == [[50, 2], [70, 3]]
    monkeypatch.setattr("stat4830_grad.data.delimited.LARGEST", 2**20)
    with pytest.raises(DataError, match="unpacked it has more than 1 MiB"):
        table(tmp_path, gzip.compress(b"a,y\n" + b"1,2\n" * 2**19), "table.csv.gz")


def test_arrays_by_position_are_a_matrix_and_a_target(tmp_path: Path) -> None:
    X, y = np.arange(6.0).reshape(3, 2), np.array([1.0, 2.0, 3.0])
    np.savez(tmp_path / "position.npz", X, y)
    data = read_table(tmp_path / "position.npz", TableFile())
    assert (data.X.tolist(), data.target) == (X.tolist(), "arr_1")
    assert data.y == pytest.approx(y)
    assert data.notes == (
        "arr_1, the only vector, is the target",
        "arr_0, the only matrix, is X",
    )
    np.savez(tmp_path / "column.npz", X=X, y=y[:, None])
    assert read_table(tmp_path / "column.npz", TableFile()).y == pytest.approx(y)
    np.savez(tmp_path / "parts.npz", X_train=X, y_train=y, X_test=X[:2], y_test=y[:2])
    parts = read_table(tmp_path / "parts.npz", TableFile(target="y_test"))
    assert parts.X.tolist() == X[:2].tolist()
    np.savez(tmp_path / "two.npz", A=X, B=X, y=y)
    with pytest.raises(DataError, match="several matrices, A, B; save the one that is meant as X"):
        read_table(tmp_path / "two.npz", TableFile())


def test_a_target_is_not_guessed_where_another_name_was_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "position.npz", np.eye(3), np.ones(3))
    with pytest.raises(ConfigError, match="no column 'price' for the target; it has 'arr_1'"):
        read_table(tmp_path / "position.npz", TableFile(target="price"))


def test_standardized_features_have_mean_0_and_deviation_1_and_constants_stay(
    tmp_path: Path,
) -> None:
    data = standardized(table(tmp_path, "one,x,y\n1,2,1\n1,4,2\n1,9,3\n"))
    assert data.X[:, 0].tolist() == [1, 1, 1]
    assert data.X[:, 1].mean() == pytest.approx(0)
    assert data.X[:, 1].std() == pytest.approx(1)
    assert data.scales.keys() == {"x"}
    assert data.scales["x"] == pytest.approx((5, np.std([2, 4, 9])))
    assert data.notes == ("one: the same in every row, not standardized",)
    assert with_intercept(data).names == ("intercept", "one", "x")
    assert with_intercept(data).X[:, 0].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("value", "said"), [(1e-200, "too small"), (1e200, "too large")])
def test_numbers_beyond_the_dtype_are_refused(value: float, said: str) -> None:
    with pytest.raises(DataError, match=rf"{said} for torch\.float32.*try dtype=float64"):
        as_tensor(Path("table.csv"), np.array([1.0, 0.0, value]), torch.float32)
    exact = as_tensor(Path("table.csv"), np.array([1.0, 0.0, value]), torch.float64)
    assert exact[2] == value


def test_the_command_says_what_was_made_of_a_table_and_keeps_it(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text("area,garage,price\n5,True,11\n7,False,15\n9,True,19\n")
    keys = ("problem=least_squares", "problem.file=houses.csv", "problem.target=price", "steps=2")
    more = ("problem.standardize=true", "problem.intercept=true", "hydra.run.dir=run")
    done = cli(*keys, *more, "figures=false")
    assert done.returncode == 0, done.stderr
    assert "houses.csv: garage: True is 1 and False is 0\n" in done.stdout
    dataset = json.loads((tmp_path / "run" / "summary.json").read_text("utf-8"))["dataset"]
    assert dataset["features"] == ["intercept", "area", "garage"]
    assert dataset["scales"]["area"] == [7.0, pytest.approx(np.std([5, 7, 9]))]
    for task in ("trace", "check"):
        told = cli(*keys, f"task={task}", "figures=false", "hydra.run.dir=other")
        assert "houses.csv: garage: True is 1 and False is 0\n" in told.stdout
    swept = cli(*keys, "optimizer=gd,momentum", "optimizer.lr=0.001,0.01", "figures=false")
    assert swept.stdout.count("garage: True is 1 and False is 0") == 1


def test_a_step_size_that_is_too_large_is_said_before_the_first_step(
    cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "house.csv").write_text("one,x,y\n1,2104,399900\n1,1600,329900\n1,2400,369000\n")
    keys = ("problem=least_squares", "problem.file=house.csv", "steps=3", "figures=false")
    done = cli(*keys)
    warned, first = (done.stdout.index(text) for text in ("is too large: ", "0/3"))
    assert warned < first
    X = np.array([[1, 2104], [1, 1600], [1, 2400.0]])
    limit = 2 / np.linalg.eigvalsh(X.T @ X)[-1]
    assert (
        f"optimizer.lr=0.01 is too large: gradient descent converges for lr < 2/L = {limit:.3g}; "
        f"write optimizer.lr={limit / 2:.2g}, or problem.standardize=true\n"
    ) in done.stdout
    assert done.returncode == 4
    assert "too large" not in cli(*keys, f"optimizer.lr={limit * 0.99}").stdout
    assert "too large" not in cli(*keys, "problem.standardize=true").stdout


def test_logistic_regression_is_warned_of_too_and_a_network_is_not(cli: Cli) -> None:
    keys = ("problem=digits", "steps=1", "figures=false")
    said = "optimizer.lr=3 may be too large: gradient descent lowers the loss at every update for"
    assert said in cli(*keys, "model=logistic", "optimizer.lr=3").stdout
    assert "too large" not in cli(*keys, "model=logistic", "optimizer.lr=0.001").stdout
    assert "too large" not in cli(*keys, "model=mlp", "optimizer.lr=3").stdout


def test_a_feature_that_is_zero_throughout_leaves_no_traceback(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "zeros.csv").write_text("x,y\n0,1\n0,2\n0,1\n")
    keys = ("problem=least_squares", "problem.file=zeros.csv", "optimizer.lr=[0.001,0.01]")
    done = cli(*keys, "steps=2")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 completed of 2 jobs" in done.stdout


@pytest.mark.parametrize(
    "word",
    ["problem.decimal=,", "problem.delimiter=,", "problem.drop=[b c]", "problem.drop=b c"],
)
def test_keys_of_a_table_take_what_one_would_type(cli: Cli, tmp_path: Path, word: str) -> None:
    (tmp_path / "t.csv").write_text("a,b c,y\n1,2,3\n4,5,6\n7,8,10\n")
    keys = ("problem=least_squares", "problem.file=t.csv", "steps=1", "figures=false")
    done = cli(*keys, word, "optimizer.lr=1e-4")
    assert (done.returncode, done.stderr) == (0, "")


def test_least_squares_on_texts_says_what_takes_them(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n1,cat\n2,dog\n3,cat\n")
    done = cli("problem=least_squares", "problem.file=t.csv")
    said = "the target 'y' holds texts ('cat'); least squares needs numbers; problem=table takes"
    assert (done.returncode, said in done.stderr) == (2, True)


def test_keys_of_a_table_without_a_table_are_a_mistake(cli: Cli) -> None:
    done = cli("problem=least_squares", "problem.standardize=true")
    assert done.returncode == 2
    assert "problem.standardize=true is for a table: write problem.file=FILE.csv too" in done.stderr


def test_the_library_for_tables_is_imported_only_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n1,2\n3,4\n")
    code = (
        "import sys\n"
        "from stat4830_grad.api import compose\n"
        "from stat4830_grad.training.setup import prepare\n"
        "for words in ([], ['problem.file=t.csv']):\n"
        "    prepare(compose('problem=least_squares', 'device=cpu', *words))\n"
        "    print('polars' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "True"]
