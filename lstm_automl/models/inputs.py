"""What a network reads: the named tensors of one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class InputSpec:
    """Names and shapes of a batch; the keys of the dict a model is called with.

    Args:
        features: Width of ``x`` ``(batch, time, features)``, scaled, missing values 0, right padded with 0.
        static: Width of ``static`` ``(batch, static)``; 0 = no such input.
        known: Width of ``known`` ``(batch, horizon, known)``, covariates known ahead; 0 = no such input.
        mask: Whether there is a ``mask`` ``(batch, time)``, True at valid steps. False where every example of
            every batch is of full length: the network is then built without any masking.
        length: Steps of ``x`` where all batches have the same (a window), None = any.
        dtype: ``"float32"`` or ``"float64"``: of inputs, weights and outputs.
    """

    features: int
    static: int = 0
    known: int = 0
    mask: bool = True
    length: int | None = None
    dtype: str = "float32"

    @property
    def names(self) -> tuple[str, ...]:
        """The keys of a batch, in order.

        >>> InputSpec(3, static=2).names
        ('x', 'mask', 'static')
        """
        present = {"x": True, "mask": self.mask, "static": self.static > 0, "known": self.known > 0}
        return tuple(name for name, there in present.items() if there)

    def tensors(self, horizon: int = 0) -> dict[str, keras.KerasTensor]:
        """Symbolic inputs by name; ``horizon`` is the number of steps of ``known``."""
        import keras

        shapes = {
            "x": (self.length, self.features),
            "mask": (self.length,),
            "static": (self.static,),
            "known": (horizon or None, self.known),
        }
        return {
            name: keras.Input(shapes[name], name=name, dtype="bool" if name == "mask" else self.dtype)
            for name in self.names
        }
