"""How a file is to be read: which column means what.

A task's options inherit both bases, ``class ClassificationOptions(DataOptions, TaskOptions)``; each
field's ``description`` is the help of its command-line flag.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, field_validator

from lstm_automl.errors import DataError

if TYPE_CHECKING:
    from lstm_automl.data.sequences import Sequences

Kind = Literal["label", "value", "series"]
"""What is to be learnt: a label or a value a sequence, or the next steps of a series."""

Layout = Literal["NTC", "NCT"]
"""Axis order of 3-D arrays: (series, time, channels) or (series, channels, time)."""


def _split_names(value: Any) -> Any:
    if value is None:
        return ()
    return tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else value


Columns = Annotated[tuple[str, ...], BeforeValidator(_split_names)]
"""Column names: a list, or one string with commas."""


class DataOptions(BaseModel):
    """Which column of a file means what; empty means the reader's rule.

    >>> DataOptions(target="price, load", id="plant").target
    ('price', 'load')
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: Columns = Field(
        (),
        description="target column; several for forecasting, with commas (default: named target, label, y (not "
        "beside x and z) or class, else the last of a wide table without those three; forecasting: every numeric "
        "column)",
    )
    id: str | None = Field(
        None, description="column that names the sequence of each row of a long table (default: 'id')"
    )
    time: str | None = Field(
        None,
        description="time column of a long table or series (default: 'time', 'timestamp', 'date', "
        "'datetime'; series: also a first column of dates)",
    )
    group: str | None = Field(None, description="column whose equal values are kept in one part by splits")
    static: Columns = Field((), description="columns that do not change within a sequence, with commas")
    categorical: Columns = Field((), description="text columns, one-hot encoded, with commas")
    features: Columns = Field((), description="columns to use, with commas (default: all that are left)")
    known: Columns = Field((), description="forecasting: columns known ahead of time, with commas")
    weight: str | None = Field(None, description="column of sample weights")
    allow_nan: bool = Field(False, description="mask missing values instead of refusing them")
    layout: Layout = Field("NTC", description="axis order of 3-D arrays in .npz files")
    sep: str | None = Field(None, description="delimiter of a .csv file (default: the one of , ; tab it uses)")
    table: Literal["wide", "long"] | None = Field(
        None, description="wide: a row a sequence; long: a row a time step (default: long with --id)"
    )

    @field_validator("target", "static", "categorical", "features", "known")
    @classmethod
    def _distinct(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)}")
        if "" in names:
            raise ValueError("an empty column name")
        return names

    @field_validator("sep")
    @classmethod
    def _one_character(cls, sep: str | None) -> str | None:
        sep = {"tab": "\t", "\\t": "\t", "space": " "}.get(sep or "", sep)
        if sep is not None and len(sep) != 1:
            raise ValueError("a delimiter is one character (or 'tab', 'space')")
        return sep

    _another: bool = PrivateAttr(False)

    @property
    def another(self) -> bool:
        """Whether they were made for another file than this one: groups and weights, read in training, may lack."""
        return self._another

    def for_another(self) -> Self:
        """These options for a file beside that of training."""
        options = self.model_copy()
        options._another = True
        return options

    def like(self, data: Sequences) -> Self:
        """These options with what the reader decided for ``data``, so that another file is read alike."""
        return type(self).model_validate({**self.model_dump(), **data.read_as})


def refuse(options: DataOptions, names: Iterable[str], source: str, why: str) -> None:
    """Raise DataError when one of the fields ``names`` was given although nothing here reads it."""
    fields = DataOptions.model_fields
    given = [name for name in names if getattr(options, name) != fields[name].get_default()]
    if given:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise DataError(f"{source}: {flags} cannot be used: {why}")
