"""Every bad file: one error, its full text."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions, Kind
from lstm_automl.errors import DataError

WIDE = "t0,t1,label\n"
LONG = "id,time,x,label\n"


@dataclass(frozen=True)
class Bad:
    """A file that cannot be used, and what is said about it."""

    what: str
    content: bytes | str
    message: str
    options: dict[str, Any] = field(default_factory=dict)
    kind: Kind = "label"
    name: str = "a.csv"


def npz(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def parquet(**columns: Any) -> bytes:
    return pd.DataFrame(columns).to_parquet()


X = np.zeros((2, 3, 1))

CSV = [
    Bad("empty", "", "a.csv: the file is empty"),
    Bad("blank", "\n\n", "a.csv: the file is empty"),
    Bad("header only", WIDE, "a.csv: a header but no row of data"),
    Bad(
        "ragged rows", WIDE + "1,2,a\n1,2\n3,4,b,5\n",
        "a.csv:3: 2 fields, but the header names 3 columns (2 such lines)",
    ),
    Bad("one ragged row", WIDE + "1,2,a\n3,4,b,5\n", "a.csv:3: 4 fields, but the header names 3 columns"),
    Bad("duplicate column", "t0,t0,label\n1,2,a\n", "a.csv:1: duplicate column 't0'"),
    Bad(
        "no target column", WIDE + "1,2,a\n",
        "a.csv: no target column 'lable'; did you mean 'label'? (valid: label, t0, t1)", {"target": "lable"},
    ),
    Bad(
        "two unknown columns", LONG + "1,1,2,a\n",
        "a.csv: no target column 'lable'; did you mean 'label'? (valid: id, label, time, x)\n"
        "a.csv: no group column 'grp' (valid: id, label, time, x)",
        {"target": "lable", "group": "grp"},
    ),
    Bad(
        "long, no target", "id,time,x,z\n1,1,2,a\n",
        "a.csv: no target column: name it with --target (columns: id, time, x, z)", {"id": "id"},
    ),
    Bad("text in a numeric column", WIDE + "1,2,a\n1,abc,b\n", "a.csv:3: column 't1': 'abc' is not a number"),
    Bad(
        "text in two numeric columns", WIDE + "x,2,a\n1,abc,b\n3,4,c\n",
        "a.csv:2: column 't0': 'x' is not a number\na.csv:3: column 't1': 'abc' is not a number",
    ),
    Bad(
        "a text column", "t0,city,label\n1,Rome,a\n2,Oslo,b\n",
        "a.csv:2: column 'city': 'Rome' is not a number, the first of 2; name a text column with --categorical, "
        "or leave it out with --features",
    ),
    Bad("grouped digits", WIDE + "1_000,2,a\n1,2,b\n", "a.csv:2: column 't0': '1_000' is not a number"),
    Bad(
        "decimal comma", "t0;label\n1,5;a\n",
        "a.csv:2: column 't0': '1,5' is not a number; write decimals with a point",
    ),
    Bad(
        "all-NaN column", "id,x,y1,label\n1,1,,a\n1,2,,a\n",
        "a.csv: every value of 'y1' is missing; leave it out with --features",
    ),
    Bad(
        "all-NaN column, masked", "id,x,y1,label\n1,1,,a\n1,2,,a\n",
        "a.csv: every value of 'y1' is missing; leave it out with --features", {"allow_nan": True},
    ),
    Bad(
        "missing values", WIDE + "1,2,a\n,2,a\n3,NA,a\n",
        "a.csv:3: column 't0': missing value (NaN), the first of 2; --allow-nan masks missing values",
    ),
    Bad("inf", WIDE + "1,2,a\n1,-inf,b\n", "a.csv:3: column 't1': infinite value (inf)"),
    Bad(
        "index of pandas", "Unnamed: 0,t0,t1,label\n0,1,2,a\n1,3,4,b\n",
        "a.csv: column 'Unnamed: 0' is an index that pandas wrote, not data: leave it out with --features, "
        "or write the file with index=False; or name it with --time or --id",
    ),
    Bad(
        "whole numbers, no header", "3,1,2,0\n1,2,3,1\n",
        "a.csv:1: the first line must name the columns, but holds the values 3, 1, 2, 0; if these are names, "
        "say --target or --features",
    ),
    Bad(
        "whole numbers, repeated", "900,1,1,0\n1,2,3,1\n",
        "a.csv:1: the first line must name the columns, but holds the values 900, 1, 1, 0",
    ),
    Bad(
        "weight in words", WIDE.replace("t1", "w") + "1,much,a\n",
        "a.csv:2: column 'w': 'much' is not a number; a sample weight must be a number", {"weight": "w"},
    ),
    Bad(
        "too large", WIDE + "1,2,a\n-1e39,1e200,b\n",
        "a.csv:3: column 't0': the value -1e+39 is too large (at most 3.4e+38), the first of 2",
    ),
    Bad("overflow", WIDE + "1,1e999,a\n", "a.csv:2: column 't1': infinite value (inf)"),
    Bad("inf, masked", WIDE + "1,inf,a\n", "a.csv:2: column 't1': infinite value (inf)", {"allow_nan": True}),
    Bad(
        "NUL bytes", b"t0,t1,label\n1,\x002,a\n",
        "a.csv:2: NUL byte: this is not a text file (or UTF-16: save it as UTF-8)",
    ),
    Bad("not UTF-8", b"t0,t1,label\n1,2,\xe9t\xe9\n", "a.csv:2: not UTF-8 text: byte 0xe9"),
    Bad(
        "wrong delimiter", "t0|t1|label\n1|2|a\n",
        "a.csv:1: one column only, 't0|t1|label': if the delimiter is '|', say --sep '|'",
    ),
    Bad(
        "spaces", "t0 t1 label\n1 2 a\n",
        "a.csv:1: one column only, 't0 t1 label': if the delimiter is ' ', say --sep ' '",
    ),
    Bad(
        "wrong --sep", "t0;t1;label\n1;2;a\n",
        "a.csv:1: no delimiter ',' in 't0;t1;label': did you mean --sep ';'?", {"sep": ","},
    ),
    Bad(
        "no header", "0.1,0.2,a\n0.3,0.4,b\n",
        "a.csv:1: the first line must name the columns, but holds the value '0.1'",
    ),
    Bad(
        "unnamed column", ",t0,label\n0,1,a\n",
        "a.csv:1: column 1 has no name (an index written by pandas? use index=False)",
    ),
    Bad("open quote", 't0,t1,label\n1,2,"a\n3,4,b\n', "a.csv:3: not valid CSV: unexpected end of data"),
    Bad("missing label", WIDE + "1,2,a\n1,2,\n", "a.csv:3: column 'label': missing value"),
    Bad(
        "missing number", WIDE + "1,2,3\n1,2,\n",
        "a.csv:3: column 'label': missing value (NaN); a target cannot be masked", kind="value",
    ),
    Bad(
        "names as numbers", WIDE + "1,2,a\n",
        "a.csv:2: column 'label': 'a' is not a number; a regression target must be a number, "
        "classification takes names",
        kind="value",
    ),
    Bad("one column", "label\na\n", "a.csv: no column is left to be a time step "
        "(a wide table needs some beside its target)"),
    Bad("negative weight", "t0,w,label\n1,2,a\n1,-1,b\n",
        "a.csv:3: sample weight -1 is not a number of at least 0", {"weight": "w"}),
    Bad("no weight", "t0,w,label\n1,0,a\n1,0,b\n", "a.csv:2: every sample weight is 0", {"weight": "w"}),
    Bad("missing category", "t0,c,label\n1,,a\n",
        "a.csv:2: column 'c': missing value; --allow-nan masks missing values", {"categorical": "c"}),
    Bad("time of a wide table", WIDE + "1,2,a\n",
        "a.csv: --time is for a long table: name its ids with --id", {"time": "t0"}),
    Bad("known of labels", WIDE + "1,2,a\n",
        "a.csv: --known cannot be used: only forecasting reads covariates known ahead", {"known": "t0"}),
    Bad("layout of a table", WIDE + "1,2,a\n",
        "a.csv: --layout cannot be used: a table has no axis order", {"layout": "NCT"}),
    Bad("two roles", WIDE + "1,2,a\n", "a.csv: column 't0' cannot be id and weight at once",
        {"id": "t0", "weight": "t0"}),
    Bad("two targets", WIDE + "1,2,a\n", "a.csv: one target column is needed, not 2", {"target": "t0,t1"}),
    Bad("long without id", WIDE + "1,2,a\n",
        "a.csv: a long table needs a column of sequence ids: name it with --id", {"table": "long"}),
    Bad("no feature", "id,label\n1,a\n1,a\n", "a.csv: no column is left to be a feature"),
    Bad("not gzip", b"nogzip", "a.csv.gz: not a whole gzip file: Not a gzipped file (b'no')", name="a.csv.gz"),
    Bad("half a gzip", gzip.compress(WIDE.encode() * 100)[:-9],
        "a.csv.gz: not a whole gzip file: Compressed file ended before the end-of-stream marker was reached",
        name="a.csv.gz"),
]  # fmt: skip

LONG_TABLES = [
    Bad("duplicate times", LONG + "1,1,2,a\n1,2,2,a\n1,1,3,a\n",
        "a.csv:4: column 'time': time 1 of id '1' is already at a.csv:2"),
    Bad("changing label", LONG + "1,1,2,a\n2,1,2,a\n2,2,3,b\n",
        "a.csv:4: column 'label' must not change within id '2': 'b', but 'a' at a.csv:3"
        "; the target is 'label' unless --target names another"),
    Bad("changing label, named", LONG + "1,1,2,a\n2,1,2,a\n2,2,3,b\n",
        "a.csv:4: column 'label' must not change within id '2': 'b', but 'a' at a.csv:3", {"target": "label"}),
    Bad("another target", "id,x,y,activity\n1,1,2,walk\n1,2,2,walk\n",
        "a.csv:2: column 'activity': 'walk' is not a number, the first of 2; name a text column with --categorical, "
        "or leave it out with --features; the target is 'y' unless --target names another"),
    Bad("three axes", "id,x,y,z,activity\n1,1,2,3,walk\n1,2,2,3,walk\n",
        "a.csv: no target column: name it with --target (columns: id, x, y, z, activity)"),
    Bad("changing static", "id,x,age,label\n1,1,30,a\n1,2,31,a\n",
        "a.csv:3: column 'age' must not change within id '1': '31.0', but '30.0' at a.csv:2", {"static": "age"}),
    Bad("missing id", LONG + "1,1,2,a\n,2,3,b\n", "a.csv:3: column 'id': missing value", {"id": "id"}),
    Bad("not a time", LONG + "1,x1,2,a\n1,x2,3,a\n", "a.csv:2: column 'time': 'x1' is not a time"),
    Bad("one is not a time", LONG + "1,2020-01-01,2,a\n1,soon,3,a\n", "a.csv:3: column 'time': 'soon' is not a time"),
    Bad("missing time", LONG + "1,1,2,a\n1,,3,a\n", "a.csv:3: column 'time': missing time stamp"),
    Bad("two readings", LONG + "1,01/02/2020,2,a\n2,01/02/2020,3,b\n",
        "a.csv: column 'time': dates such as '01/02/2020' can be read in two ways; write year-month-day", {"id": "id"}),
    Bad("year 1500", LONG + "1,1500-01-01,2,a\n1,1600-01-01,3,a\n",
        "a.csv:2: column 'time': the year must lie in 1678..2261"),
]  # fmt: skip

SERIES = [
    Bad("duplicate times", "date,x\n2020-01-01,1\n2020-01-01,2\n",
        "a.csv:3: column 'date': time 2020-01-01 is already at a.csv:2; "
        "name the column that tells series apart with --id", kind="series"),
    Bad("index of pandas", "Unnamed: 0,x\n0,1\n1,2\n",
        "a.csv: column 'Unnamed: 0' is an index that pandas wrote, not data: leave it out with --features, "
        "or write the file with index=False; or name it with --time or --id", kind="series"),
    Bad("days that repeat", "trade_day,x\n20240131,1\n20240131,2\n",
        "a.csv:3: column 'trade_day': time 2024-01-31 is already at a.csv:2; "
        "name the column that tells series apart with --id", kind="series"),
    Bad("missing value", "date,x\n2020-01-01,1\n2020-01-02,\n",
        "a.csv:3: column 'x': missing value (NaN); --allow-nan masks missing values", kind="series"),
    Bad("future unknown", "date,x,p\n2020-01-01,1,1\n2020-01-02,,\n",
        "a.csv:3: column 'p': missing value (NaN); a row after the last target must give what is known ahead",
        {"known": "p"}, "series"),
    Bad("no past", "date,x,p\n2020-01-01,,1\n", "a.csv: every target is missing", {"known": "p"}, "series"),
    Bad("nothing but time", "x\n1\n", "a.csv: no number column is left to be forecast; name one with --target",
        {"time": "x"}, "series"),
    Bad("target known ahead", "x,p\n1,2\n", "a.csv: column 'p' cannot be target and known at once",
        {"known": "p", "target": "p"}, "series"),
    Bad("group", "x,p\n1,2\n", "a.csv: --group cannot be used: series have none", {"group": "p"}, "series"),
    Bad("unknown target", "demand,p\n1,2\n", "a.csv: no target column 'demnd'; did you mean 'demand'? "
        "(valid: demand, p)", {"target": "demnd"}, "series"),
]  # fmt: skip

LABELS = "@classLabel true a b\n@data\n"

OTHERS = [
    Bad("no label line", "@data\n1:2\n", "a.ts: the header has neither '@classLabel true' nor '@targetLabel true'"),
    Bad("not a number", LABELS + "1,2:a\n1,x:a\n", "a.ts:4: step 2: 'x' is not a number"),
    Bad("no such class", LABELS + "1,2:c\n", "a.ts:3: class 'c' is not in the header (a, b)"),
    Bad("missing", LABELS + "1,?:a\n", "a.ts:3: step 2: missing value (NaN); --allow-nan masks missing values"),
    Bad("inf", LABELS + "1,inf:a\n", "a.ts:3: step 2: infinite value (inf)"),
    Bad("dimensions", LABELS + "1,2:a\n1,2:3,4:b\n", "a.ts:4: 2 dimensions, where the file has 1"),
    Bad("ragged within", LABELS + "1,2:3:a\n", "a.ts:3: dimensions of 1 to 2 steps in one sequence"),
    Bad("no label", LABELS + "1,2\n", "a.ts:3: no ':' before the label"),
    Bad("missing label", LABELS + "1,2:?\n", "a.ts:3: missing target"),
    Bad("nothing", LABELS, "a.ts: no sequence after @data"),
    Bad("no steps", LABELS + ":a\n", "a.ts:3: step 1: '' is not a number"),
    Bad("wrong target", "@targetLabel true\n@data\n1:x\n", "a.ts:3: target 'x' is not a number", kind="value"),
    Bad("labels for numbers", LABELS + "1:a\n",
        "a.ts: class labels, where numbers ('@targetLabel true') are needed", kind="value"),
    Bad("misspelt header", "@targetlable true\n@data\n1:1\n", "a.ts:1: unknown header line @targetlable"),
    Bad("not ts", "1,2,3\n", "a.ts:1: data before the line @data: is this a .ts file?"),
    Bad("no data line", "@classLabel true\n", "a.ts: no line @data: is this a .ts file?"),
    Bad("columns", LABELS + "1:a\n", "a.ts: --id cannot be used: a .ts file has no columns", {"id": "x"}),
    Bad("time stamps", "@timeStamps true\n@data\n(1,2):a\n",
        "a.ts:1: sequences with time stamps are not supported; write the values alone"),
    Bad("series", LABELS + "1:a\n",
        "a.ts: .ts files hold labelled sequences; forecasting reads .csv, .parquet, .npz", kind="series"),
]  # fmt: skip

NPZ = [
    Bad("not zip", b"x", "a.npz: not an .npz archive; save with np.savez('a.npz', X=..., y=...)"),
    Bad("object array", npz(X=np.array([np.zeros(2), np.zeros(3)], dtype=object), y=[1, 2]),
        "a.npz: X is an object array, which is never loaded; store ragged sequences as 'values' (rows, features) "
        "and 'offsets' (n + 1,) integers from 0 to rows"),
    Bad("object labels", npz(X=X, y=np.array(["a", 1], dtype=object)),
        "a.npz: y is an object array, which is never loaded; store all its items as text, or all as numbers"),
    Bad("unknown array", npz(x=X, y=[1, 2]), "a.npz: unknown array 'x'; did you mean 'X'? (valid: X, channels, "
        "groups, ids, lengths, offsets, static, static_names, values, weight, y)"),
    Bad("no X", npz(y=[1, 2]), "a.npz: no array 'X' (found: y)"),
    Bad("no y", npz(X=X), "a.npz: no array 'y' of targets (found: X)"),
    Bad("other y", npz(X=X, y=[1, 2, 3]), "y has shape (3,), but a.npz has 2 sequences: expected (2,)"),
    Bad("fractions", npz(X=X, y=[1, 2.5]), "a.npz: y holds fractions such as 2.5, not class labels"),
    Bad("names", npz(X=X, y=["a", "b"]), "a.npz: y holds <U1, where numbers are needed", kind="value"),
    Bad("offsets", npz(values=np.zeros((4, 1)), offsets=[0, 2, 2, 4], y=[1, 2, 3]),
        "a.npz: offsets must rise from 0 to the 4 rows of values"),
    Bad("both", npz(X=X, values=np.zeros((4, 1)), y=[1, 2]), "a.npz: give X, or values and offsets together"),
    Bad("NaN", npz(X=np.where(np.arange(6).reshape(2, 3, 1) == 4, np.nan, X), y=[1, 2]),
        "a.npz[1]: step 1, channel 0: missing value (NaN); --allow-nan masks missing values"),
    Bad("empty label", npz(X=X, y=["a", " "]), "a.npz: y[1]: missing label"),
    Bad("y of series", npz(X=X, y=[1, 2]), "a.npz: array 'y' would not be read: series have none", kind="series"),
    Bad("groups of series", npz(X=X, groups=[1, 2]), "a.npz: array 'groups' would not be read: series have none",
        kind="series"),
    Bad("lengths of ragged", npz(values=X[0], offsets=[0, 1, 3], lengths=[1, 2], y=[1, 2]),
        "a.npz: array 'lengths' would not be read: offsets say where sequences end"),
    Bad("names of nothing", npz(X=X, y=[1, 2], static_names=["age"]),
        "a.npz: array 'static_names' would not be read: there is no array 'static'"),
    Bad("columns", npz(X=X, y=[1, 2]), "a.npz: --id cannot be used: an .npz file has arrays, not columns", {"id": "x"}),
    Bad("channel", npz(X=np.zeros((5, 2)), channels=["load", "price"]),
        "a.npz: no channel 'lod'; did you mean 'load'? (valid: load, price)", {"target": "lod"}, "series"),
]  # fmt: skip

PARQUET = [
    Bad("no rows", parquet(t0=np.zeros(0), label=np.zeros(0)), "a.parquet: a header but no row of data"),
    Bad("text", parquet(t0=["x", "1"], label=["a", "b"]), "a.parquet row 1: column 't0': 'x' is not a number"),
    Bad("dates", parquet(t0=pd.to_datetime(["2020-01-01"]), label=["a"]),
        "a.parquet: column 't0' holds dates: leave it out with --features; of a long table it may be the --time beside "
        "its --id"),
    Bad("dates of a long table", parquet(id=["a"], when=pd.to_datetime(["2020-01-01"]), x=[1.0], label=["a"]),
        "a.parquet: column 'when' holds dates: name it with --time or leave it out with --features", {"id": "id"}),
    Bad("dates of a series", parquet(x=[1.0], when=pd.to_datetime(["2020-01-01"])),
        "a.parquet: column 'when' holds dates: name it with --time or leave it out with --features", kind="series"),
    Bad("spare column", parquet(sequence=[[[1.0]]], age=[3], label=["a"]),
        "a.parquet: column 'age' beside the column 'sequence' has no role: name it with --static or --categorical"),
    Bad("steps", parquet(sequence=[[[1.0], [1.0, 2.0]]], label=["a"]),
        "a.parquet[0] has steps of 1 to 2 features: expected (time, features)"),
]  # fmt: skip


def check(bad: Bad, folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(bad.content if isinstance(bad.content, bytes) else bad.content.encode())
    with pytest.raises(DataError) as caught:
        load(path, DataOptions(**bad.options), kind=bad.kind)
    assert str(caught.value) == bad.message


@pytest.mark.parametrize("bad", CSV + LONG_TABLES + SERIES, ids=lambda bad: bad.what)
def test_bad_csv(bad: Bad, tmp_path: Path) -> None:
    check(bad, tmp_path, bad.name)


@pytest.mark.parametrize("bad", OTHERS, ids=lambda bad: bad.what)
def test_bad_ts(bad: Bad, tmp_path: Path) -> None:
    check(bad, tmp_path, "a.ts")


@pytest.mark.parametrize("bad", NPZ, ids=lambda bad: bad.what)
def test_bad_npz(bad: Bad, tmp_path: Path) -> None:
    check(bad, tmp_path, "a.npz")


@pytest.mark.parametrize("bad", PARQUET, ids=lambda bad: bad.what)
def test_bad_parquet(bad: Bad, tmp_path: Path) -> None:
    check(bad, tmp_path, "a.parquet")
