"""A trained model with all it needs to read raw data: sequences or a served table in, a table out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl import plugins
from lstm_automl.data.frame import Field, Frame
from lstm_automl.data.sequences import Sequences
from lstm_automl.data.split import Index
from lstm_automl.models.inputs import InputSpec
from lstm_automl.tasks.task import HeadSpec, Outputs, Scores, State, Task

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from lstm_automl.models.feeds import Feed
    from lstm_automl.models.forward import Forward
    from lstm_automl.models.trainer import Trainer

Info = Mapping[str, Any]


def describe(
    task: Task, options: Any, values: Mapping[str, Any], frame: Frame, head: HeadSpec, spec: InputSpec, state: State
) -> dict[str, Any]:
    """JSON facts from which, with arrays and network, a :class:`Predictor` is made again.

    Args:
        task, options: Of the problem.
        values: Hyper-parameters.
        frame: Of training; its facts are kept.
        head: What the network returns.
        spec: What it reads.
        state: Scalers; their arrays are kept apart.
    """
    dtypes = {name: frame.fields[name].values.dtype.str for name in ("x", "static") if name in frame.fields}
    return {
        "task": task.name,
        "options": json.loads(options.model_dump_json()),
        "values": dict(values),
        "head": asdict(head),
        "inputs": asdict(spec),
        "dtypes": dtypes,
        "frame": dict(frame.info),
        "state": dict(state.info),
    }


class Predictor:
    """Predicts for unseen data.

    Args:
        info: From :func:`describe`, with whatever else is known of the model.
        arrays: The state's arrays.
        model: The network, with the weights that predict.

    Raises:
        KeyError, TypeError, ValueError: ``info`` is not of a model of ours.
    """

    def __init__(self, info: Info, arrays: Mapping[str, NDArray[Any]], model: keras.Model) -> None:
        self.info = dict(info)
        self.task: Task = plugins.load("task", info["task"])()
        self.options = self.task.options.model_validate(info["options"])
        self.state = State(info["state"], dict(arrays))
        self.model = model
        self._head, self._spec = HeadSpec(**info["head"]), InputSpec(**info["inputs"])
        self._dtypes = {name: np.dtype(d) for name, d in info["dtypes"].items()}
        self._feed: Feed | None = None
        self._forward: Forward | None = None

    @classmethod
    def of(cls, trainer: Trainer) -> Predictor:
        """A predictor with the weights a trainer predicts with now, on stock layers as in a bundle."""
        from lstm_automl.models.builder import build

        about = describe(
            trainer.task, trainer.options, trainer.values, trainer.frame, trainer.head, trainer.spec, trainer.state
        )
        model = build(trainer.spec, trainer.head, trainer.values, seed=0)
        model.set_weights(trainer.weights())
        return cls(about, trainer.state.arrays, model)

    def frame(self, data: Sequences) -> Frame:
        """Unseen data as examples, one a sequence."""
        return self.task.frame(data, self.options, self.info["frame"])

    def outputs(self, frame: Frame, examples: Index) -> Outputs:
        """``(n, ...)`` outputs of the network, in order."""
        from lstm_automl.models.feeds import Feed
        from lstm_automl.models.forward import Forward
        from lstm_automl.spaces.neutral import read

        if self._feed is None:
            window = read(self.info["values"], "window")
            self._feed = Feed(self._spec, self._head, window, self.info["frame"], self.state)
        inputs = self._inputs(frame)
        tensors = self._feed.tensors(inputs)
        if self._forward is None:
            shape = tuple(self.model.output_shape[1:])
            self._forward = Forward(self._feed, lambda _, batch: self.model(batch, training=False), tensors, shape)
        return self._forward(inputs, tensors, examples)[0]

    def predict(self, data: Sequences) -> dict[str, NDArray[Any]]:
        """The task's output columns, one entry a sequence; no sequence's depend on which others there are.

        Raises:
            DataError: the data does not fit the model.
        """
        frame = self.frame(data)
        examples = np.arange(len(frame))
        return self.task.decode(frame, examples, self.outputs(frame, examples), self.state)

    def evaluate(self, data: Sequences) -> Scores:
        """Every metric of the task on labelled data.

        Raises:
            DataError: the data does not fit the model, or has no targets.
        """
        # A forecast is scored at every origin that the data has targets for, not only at its end.
        frame_of = getattr(self.task, "labelled_frame", self.task.frame)
        frame = frame_of(data, self.options, self.info["frame"])
        examples = np.arange(len(frame))
        return self.task.score(frame, examples, self.outputs(frame, examples), self.state)

    def predict_table(self, table: pd.DataFrame) -> pd.DataFrame:
        """A served table: column ``sequence`` of nested lists (time, channels), the others as trained; row for row.

        Raises:
            DataError: naming the row or column that does not fit.
        """
        import pandas as pd

        from lstm_automl.models.served import to_sequences

        columns = self.predict(to_sequences(table, self.info["frame"]))
        return pd.DataFrame({k: v.tolist() if v.ndim > 1 else v for k, v in columns.items()})

    def _inputs(self, frame: Frame) -> Frame:
        """Only what is read, in the number types of training: equal data, equal outputs."""
        fields = {}
        for name, dtype in self._dtypes.items():
            field = frame.fields[name]
            fields[name] = Field(np.asarray(field.values, dtype), field.offsets)
        return replace(frame, fields=fields)

    def __getstate__(self) -> dict[str, Any]:
        """Configuration and weights as JSON and arrays: no Keras object is pickled."""
        return {
            "info": self.info,
            "arrays": {k: np.asarray(v) for k, v in self.state.arrays.items()},
            "network": self.model.to_json(),
            "weights": self.model.get_weights(),
        }

    def __setstate__(self, stored: dict[str, Any]) -> None:
        import keras

        model = keras.models.model_from_json(stored["network"])
        model.set_weights(stored["weights"])
        self.__init__(stored["info"], stored["arrays"], model)  # type: ignore[misc]
