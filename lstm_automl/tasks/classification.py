"""Classification: a label for each sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field as Option

from lstm_automl.data.frame import Field, Frame
from lstm_automl.data.load import load
from lstm_automl.data.options import DataOptions
from lstm_automl.data.sequences import Parts, Sequences
from lstm_automl.data.split import Fold, Index, Split
from lstm_automl.errors import DataError
from lstm_automl.tasks import baselines, demo, splits
from lstm_automl.tasks.framing import (
    check_inputs,
    input_fields,
    input_scaling,
    joined,
    training_info,
    whole_sequences,
)
from lstm_automl.tasks.labels import (
    UNSEEN,
    classes_of,
    decode,
    encode,
    fully_labelled,
    joined_labels,
    labels_of,
    refuse_strangers,
)
from lstm_automl.tasks.metrics import labels as metrics
from lstm_automl.tasks.task import HeadSpec, Metric, Outputs, Prepared, Scores, State, TaskOptions


class ClassificationOptions(DataOptions, TaskOptions):
    """How the data is read, and whether rare classes count more."""

    class_weight: Literal["balanced"] | None = Option(
        None, description="balanced: each class weighs the same in training, however rare (default: none)"
    )


class Classification:
    """A label for each sequence; ragged, multivariate, with static and categorical columns.

    Classes are those of the training and validation part, on both of which the final model is trained, in sorted
    order, with the names and the type they have in the data (``frame.info["classes"]``). A label seen in the test part
    alone counts as wrong.
    """

    name: ClassVar[str] = "classification"
    options: ClassVar[type[TaskOptions]] = ClassificationOptions
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("accuracy", "max"),
        Metric("balanced_accuracy", "max"),
        Metric("f1_macro", "max"),
        Metric("log_loss", "min"),
        Metric("auroc", "max"),
    )

    def demo(self, seed: int = 0) -> tuple[Sequences, TaskOptions]:
        """200 ragged sequences of three sensors that something passes to the left, to the right, or not at all."""
        return demo.passing_bump(seed), ClassificationOptions()

    def read(self, path: Path, options: TaskOptions, *, labelled: bool = True) -> Sequences:
        """Read one file; see :meth:`example` for what it must look like."""
        return load(path, _mine(options), kind="label", labelled=labelled)

    def prepare(
        self,
        parts: Parts,
        options: TaskOptions,
        *,
        seed: int = 0,
        folds: int | None = None,
        sizes: tuple[int, ...] | None = None,
    ) -> Prepared:
        """One example a sequence; parts as ``tasks.splits`` says, labels spread evenly over them."""
        files = [f for f in (parts.train, parts.valid, parts.test) if f is not None]
        for file in files:
            check_inputs(file, allow_nan=_mine(options).allow_nan)
        labels = [labels_of(f) for f in files]
        seen = labels if parts.test is None else labels[:-1]
        classes = classes_of(joined_labels(seen))
        for file, own in zip(files[1:], labels[1:], strict=True):
            refuse_strangers(file, own, classes_of(labels[0]) if file is parts.valid else classes)
        coded = [replace(f, targets=encode(l, classes)) for f, l in zip(files, labels, strict=True)]
        data, codes = joined(coded), np.concatenate([np.asarray(c.targets, np.int64) for c in coded])
        layout = splits.arrange(
            splits.counts(parts), examples=len(parts.train), strata=coded[0].targets,
            groups=parts.train.groups, folds=folds, sizes=sizes, seed=seed,
            source=parts.train.source,
        )  # fmt: skip
        refit = layout.refit
        kept = np.unique(codes[refit])
        if len(kept) < 2:
            only = decode(kept, classes)[0]
            raise DataError(f"{parts.train.source}: every label is {only!s}; at least two classes are needed")
        _check_learnable(layout, codes, classes, parts.train)
        info = training_info(data, refit) | {"classes": [classes[k] for k in kept]}
        codes = np.where(np.isin(codes, kept), np.searchsorted(kept, codes), UNSEEN)
        split = Split(tuple(Fold(a, b) for a, b in layout.folds), refit, layout.test)
        return Prepared(_frame(replace(data, targets=codes), info), split)

    def frame(self, data: Sequences, options: TaskOptions, info: Mapping[str, Any]) -> Frame:
        """One example a sequence, in the channels and classes of training; labelled where all of ``data`` is."""
        check_inputs(data, allow_nan=_mine(options).allow_nan)
        codes = encode(labels_of(data), info["classes"]) if fully_labelled(data) else None
        return _frame(replace(data, targets=codes), info)

    def labelled_frame(self, data: Sequences, options: TaskOptions, info: Mapping[str, Any]) -> Frame:
        """The frame, for evaluation; a file none of whose labels is a class is refused."""
        if fully_labelled(data):
            refuse_strangers(data, labels_of(data), info["classes"])
        return self.frame(data, options, info)

    def fit_state(self, frame: Frame, train: Index, options: TaskOptions) -> State:
        """Scaling of the inputs; class weights ``n / (classes * count)`` where asked for, 1 for an absent class."""
        arrays = input_scaling(frame, train)
        if _mine(options).class_weight == "balanced":
            classes = len(frame.info["classes"])
            counts = np.bincount(frame.fields["y"].values[train], minlength=classes)
            present = max(1, int(np.count_nonzero(counts)))
            arrays["class_weight"] = np.where(counts, len(train) / (present * np.maximum(counts, 1)), 1.0)
        return State({}, arrays)

    def head(self, frame: Frame, values: Mapping[str, Any]) -> HeadSpec:
        """Class probabilities, by cross-entropy."""
        return HeadSpec("label", outputs=len(frame.info["classes"]), loss="crossentropy")

    def score(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> Scores:
        """Every metric, unweighted; a label that training never saw counts as wrong."""
        if "y" not in frame.fields:
            raise DataError("data without labels cannot be scored")
        true = np.asarray(frame.fields["y"].values[examples], dtype=np.int64)
        return {m.name: getattr(metrics, m.name)(true, outputs) for m in self.metrics}

    def baselines(self, prepared: Prepared, options: TaskOptions) -> dict[str, dict[str, Scores]]:
        """Majority, logistic regression on summary features and, for equal lengths, 1-nearest-neighbour."""
        floors = {"majority": baselines.majority, "logistic": baselines.logistic}
        if baselines.equal_lengths(prepared.frame):
            floors["nearest_neighbour"] = baselines.nearest_neighbour
        return baselines.run(self, prepared, options, floors, len(prepared.frame.info["classes"]))

    def decode(self, frame: Frame, examples: Index, outputs: Outputs, state: State) -> dict[str, NDArray[Any]]:
        """``prediction``, the most probable class, and ``proba_LABEL`` of each class."""
        classes = frame.info["classes"]
        table = {"prediction": decode(np.argmax(outputs, axis=1), classes)}
        return table | {f"proba_{c}": np.asarray(outputs[:, i]) for i, c in enumerate(classes)}

    def example(self) -> str:
        """What a file must look like."""
        return EXAMPLE


def _mine(options: TaskOptions) -> ClassificationOptions:
    assert isinstance(options, ClassificationOptions)
    return options


def _check_learnable(layout: splits.Layout, codes: Index, classes: Sequence[Any], train: Sequences) -> None:
    """Refuse parts from which nothing can be learnt."""
    learnt = np.unique(codes[layout.folds[0][0]])
    if len(layout.folds) == 1 and len(learnt) < 2:
        raise DataError(
            f"{train.source}: every label of the training part is {decode(learnt, classes)[0]!s}; without --split, "
            "--valid and --group labels are spread over the parts"
        )
    if len(layout.folds) > 1 and not any(
        len(np.unique(codes[fit])) > 1 and np.isin(codes[valid], codes[fit]).any() for fit, valid in layout.folds
    ):
        hint = "more sequences a class are needed" if train.groups is None else "a class needs more groups than one"
        raise DataError(
            f"{train.source}: in no fold are there two classes to learn and one of them to validate on; {hint}"
        )


def _frame(data: Sequences, info: Mapping[str, Any]) -> Frame:
    """``data.targets`` hold codes here."""
    fields = input_fields(data, info)
    if data.targets is not None:
        fields["y"] = Field(np.asarray(data.targets, dtype=np.int64))
    return Frame(fields, whole_sequences(data), dict(info))


EXAMPLE = """\
A label for each sequence. One of:

wide table (.csv, .parquet), a row a sequence, equal lengths, one channel:
    t0,t1,t2,t3,label
    0.1,0.4,0.9,0.7,up
    0.8,0.5,0.2,0.1,down

long table, a row a time step, any lengths, any number of channels (--id run --time t):
    run,t,speed,load,label
    a,0,1.2,0.0,ok
    a,1,1.3,0.1,ok
    b,0,3.9,2.0,worn

.npz, labels y (n,), X (n, time, channels) or ragged values (rows, channels) with offsets (n + 1,) from 0 to rows:
    np.savez("runs.npz", X=X, y=y)
    np.savez("runs.npz", values=values, offsets=offsets, y=y)

.ts of the UCR/UEA archive.
"""
