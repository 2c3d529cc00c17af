"""Everything that can be named: kind -> name -> ``"module:Attr"``, loaded on use.

A new task, cell, front end, head, oracle, scheduler or executor is one file and one line here. Another
distribution adds the same line through an entry point of group ``lstm_automl.KIND`` whose object is a
:class:`Plugin`.

>>> "lstm" in names("cell")
True
>>> find("cell", "lstm").reads
('units', 'dropout', 'recurrent_dropout')
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lstm_automl.errors import LstmAutomlError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Plugin:
    """What must be known of a plug-in before it is imported.

    Args:
        target: ``"module:Attr"``, imported on use.
        help: One line for listings.
        reads: The hyper-parameters it reads; a parameter that nothing selected reads is refused. Of an executor: the
            settings of a search it takes.
        uses: Of a task: the heads it may ask for.
    """

    target: str
    help: str
    reads: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()

    def load(self) -> Any:
        """Import the module and return the attribute."""
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)


# Hyper-parameters every task reads: the recurrent stack and the training loop.
CORE_READS = (
    "num_layers", "bidirectional", "merge_mode", "cell", "front_end", "difference", "augment",
    "optimizer", "learning_rate", "schedule", "clipnorm", "weight_decay", "ema", "batch_size",
)  # fmt: skip

CAPS = ("trial_time", "trial_memory")
"""Settings that only an executor which watches its rungs can keep."""

_PLUGINS: Mapping[str, Mapping[str, Plugin]] = {
    "task": {
        "classification": Plugin(
            "lstm_automl.tasks.classification:Classification", "a label for each sequence",
            ("label_smoothing",), ("label",),
        ),
        "regression": Plugin(
            "lstm_automl.tasks.regression:Regression", "a number for each sequence, or for its last step",
            ("window", "loss"), ("value",),
        ),
        "forecasting": Plugin(
            "lstm_automl.tasks.forecasting:Forecasting", "the next steps of one or many series",
            ("window", "loss"), ("horizon",),
        ),
    },
    "cell": {
        "lstm": Plugin(
            "lstm_automl.models.cells.lstm:LSTM", "long short-term memory", ("units", "dropout", "recurrent_dropout")
        ),
        "gru": Plugin(
            "lstm_automl.models.cells.gru:GRU", "gated recurrent unit", ("units", "dropout", "recurrent_dropout")
        ),
        "simple_rnn": Plugin(
            "lstm_automl.models.cells.simple_rnn:SimpleRNN", "recurrent layer without gates",
            ("units", "dropout", "recurrent_dropout"),
        ),
    },
    "front_end": {
        "none": Plugin("lstm_automl.models.frontends.none:NoFrontEnd", "the sequence as it is"),
        "cnn1d": Plugin(
            "lstm_automl.models.frontends.cnn1d:CNN1D", "strided convolutions before the recurrent layers",
            ("conv_layers", "conv_filters", "conv_kernel", "conv_stride"),
        ),
        "fcn": Plugin(
            "lstm_automl.models.frontends.fcn:FCN", "fully convolutional branch beside the recurrent layers",
            ("conv_layers", "conv_filters", "conv_kernel"),
        ),
    },
    "head": {
        "label": Plugin("lstm_automl.models.heads.label:Label", "class probabilities", ("pooling",)),
        "value": Plugin("lstm_automl.models.heads.value:Value", "one number", ("pooling",)),
        "horizon": Plugin(
            "lstm_automl.models.heads.horizon:Horizon", "the next steps",
            ("pooling", "normalization", "patch", "channel_independent", "linear_skip"),
        ),
    },
    "oracle": {
        "random": Plugin("lstm_automl.search.oracles.random:RandomOracle", "uniform draws (Keras Tuner)"),
        "grid": Plugin("lstm_automl.search.oracles.grid:GridOracle", "every combination, by number"),
        "bayesian": Plugin("lstm_automl.search.oracles.bayesian:BayesianOracle", "Gaussian process (Keras Tuner)"),
        "tpe": Plugin("lstm_automl.search.oracles.tpe:TPEOracle", "tree-structured Parzen estimator (Optuna)"),
    },
    "scheduler": {
        "none": Plugin("lstm_automl.search.schedulers.none:NoScheduler", "every trial to the end"),
        "asha": Plugin("lstm_automl.search.schedulers.asha:AshaScheduler", "one trial in four to the end"),
        "hyperband": Plugin(
            "lstm_automl.search.schedulers.hyperband:HyperbandScheduler", "as asha, some at once to the end"
        ),
    },
    "executor": {
        "local": Plugin("lstm_automl.search.executors.local:LocalExecutor", "processes on this machine", CAPS),
        "dask": Plugin(
            "lstm_automl.search.executors.dask:DaskExecutor", "workers of a dask cluster", ("address", "storage", *CAPS)
        ),
        "ray": Plugin(
            "lstm_automl.search.executors.ray:RayExecutor", "CPUs of a ray cluster", ("address", "storage", *CAPS)
        ),
    },
    "reader": {
        "csv": Plugin("lstm_automl.data.readers.csv:read", "comma-separated table (.csv, .csv.gz)"),
        "parquet": Plugin("lstm_automl.data.readers.parquet:read", "Parquet table (.parquet)"),
        "npz": Plugin("lstm_automl.data.readers.npz:read", "NumPy archive (.npz)"),
        "ts": Plugin("lstm_automl.data.readers.ts:read", "UCR/UEA series (.ts, .ts.gz)"),
    },
}  # fmt: skip

KINDS = tuple(_PLUGINS)


@cache
def registered(kind: str) -> Mapping[str, Plugin]:
    """All plug-ins of a kind: ours, then those of other distributions.

    Raises:
        UsageError: a name is taken twice, or a plug-in is broken; names the distribution.
    """
    from importlib.metadata import entry_points

    found, owners = dict(_PLUGINS[kind]), dict.fromkeys(_PLUGINS[kind], "lstm_automl")
    for entry in entry_points(group=f"lstm_automl.{kind}"):
        owner = entry.dist.name if entry.dist is not None else entry.value
        if entry.name in found:
            raise UsageError(
                f"two distributions register {kind} {entry.name!r}: rename one of them ({owners[entry.name]}, {owner})"
            )
        found[entry.name], owners[entry.name] = _entered(entry, owner, kind), owner
    return found


def _entered(entry: EntryPoint, owner: str, kind: str) -> Plugin:
    """What another distribution registers: whatever is wrong in there, the user needs to know whose it is."""
    try:
        made = entry.load()
    except Exception as wrong:
        raise UsageError(
            f"{owner} registers {kind} {entry.name!r}, which cannot be loaded: {type(wrong).__name__}: {wrong}; "
            "repair or uninstall it"
        ) from wrong
    if not isinstance(made, Plugin):
        raise UsageError(f"{owner} registers {kind} {entry.name!r}: {entry.value} is no lstm_automl.plugins.Plugin")
    return made


def names(kind: str) -> list[str]:
    """The registered names of a kind, in order of registration."""
    return list(registered(kind))


def find(kind: str, name: str) -> Plugin:
    """The plug-in of that name, not imported.

    Raises:
        UnknownNameError: with the nearest valid name.
    """
    try:
        return registered(kind)[name]
    except KeyError:
        raise UnknownNameError(kind.replace("_", " "), name, registered(kind)) from None


def load(kind: str, name: str) -> Any:
    """Import and return the object of that name.

    Raises:
        UnknownNameError: with the nearest valid name.
        UsageError: it is of another distribution and cannot be imported.
    """
    plugin = find(kind, name)
    try:
        return plugin.load()
    except Exception as wrong:
        if name in _PLUGINS[kind] or isinstance(wrong, LstmAutomlError):
            raise
        raise UsageError(
            f"{kind} {name!r} is registered as {plugin.target}, which cannot be imported: "
            f"{type(wrong).__name__}: {wrong}"
        ) from wrong
