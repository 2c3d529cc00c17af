"""A trained model as an estimator keeps it: JSON and arrays; the network is built when it is first asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstm_automl.errors import StateError
from lstm_automl.models.predictor import Predictor, describe

if TYPE_CHECKING:
    import keras

    from lstm_automl.models.trainer import Trainer

Arrays = Mapping[str, NDArray[Any]]
FORMAT = 1


class StoredModel:
    """Facts, scalers and weights of a model, from which its predictor is built anew.

    Pickled, it holds text and numeric arrays: no network, no code. Nothing in it is evaluated or deserialised by Keras.

    Args:
        info: JSON of :func:`~lstm_automl.models.predictor.describe`.
        arrays: Scalers.
        members: Weights of each network whose outputs are averaged; usually one.
    """

    def __init__(self, info: str, arrays: Arrays, members: Sequence[Sequence[NDArray[Any]]]) -> None:
        self.info, self.arrays = info, {k: np.array(v) for k, v in arrays.items()}
        self.members = [[np.array(w) for w in weights] for weights in members]
        self._predictor: Predictor | None = None

    @classmethod
    def of_trainer(cls, trainer: Trainer) -> StoredModel:
        """What a trainer predicts with now."""
        info = describe(
            trainer.task, trainer.options, trainer.values, trainer.frame, trainer.head, trainer.spec, trainer.state
        )
        return cls(json.dumps(info), trainer.state.arrays, [trainer.weights()])

    @classmethod
    def of_predictor(cls, predictor: Predictor) -> StoredModel:
        """The model of a loaded bundle."""
        named = {layer.name: layer for layer in predictor.model.layers}
        parts = [named[name] for name in sorted(named) if name.startswith("member_")] or [predictor.model]
        return cls(json.dumps(predictor.info), predictor.state.arrays, [part.get_weights() for part in parts])

    @property
    def predictor(self) -> Predictor:
        """Built once, on first use.

        Raises:
            StateError: the weights do not fit the model described.
        """
        if self._predictor is None:
            info = json.loads(self.info)
            try:
                self._predictor = Predictor(info, self.arrays, self._network(info))
            except (KeyError, TypeError, ValueError) as error:
                raise StateError(f"the stored model cannot be rebuilt ({error})") from None
        return self._predictor

    def _network(self, info: Mapping[str, Any]) -> keras.Model:
        import keras

        from lstm_automl.models.builder import build
        from lstm_automl.models.inputs import InputSpec
        from lstm_automl.tasks.task import HeadSpec

        spec, head = InputSpec(**info["inputs"]), HeadSpec(**info["head"])
        networks = []
        for weights in self.members:
            networks.append(build(spec, head, info["values"], seed=0))
            networks[-1].set_weights(weights)
        if len(networks) == 1:
            return networks[0]
        tensors = spec.tensors(head.horizon)
        named = [keras.Model(n.input, n.output, name=f"member_{i}") for i, n in enumerate(networks)]
        average = keras.layers.Average(dtype=spec.dtype)([network(tensors) for network in named])
        return keras.Model(tensors, average)

    def __getstate__(self) -> dict[str, Any]:
        return {"format": FORMAT, "info": self.info, "arrays": self.arrays, "members": self.members}

    def __setstate__(self, stored: Mapping[str, Any]) -> None:
        if stored.get("format") != FORMAT:
            raise StateError(f"stored model of format {stored.get('format')!r}; this version reads format {FORMAT}")
        arrays = [*stored["arrays"].values(), *(w for weights in stored["members"] for w in weights)]
        if not all(isinstance(a, np.ndarray) and a.dtype.kind in "biuf" and np.isfinite(a).all() for a in arrays):
            raise StateError("stored model: not all of its arrays are finite numbers")
        self.__init__(stored["info"], stored["arrays"], stored["members"])  # type: ignore[misc]
