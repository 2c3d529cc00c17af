"""Scores of forecasts, pooled over origins, steps ahead and targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

BLOCK = 1_000_000
"""Numbers looked at together: memory stays flat whatever the number of origins."""


def forecast_scores(
    outputs: Floats,
    truth: Callable[[slice], Floats],
    naive_scale: Floats,
    y_mean: Floats,
    y_std: Floats,
    scaled_by: Floats,
) -> dict[str, float]:
    """All scores of scaled forecasts.

    ``mase`` divides each absolute error by the in-sample error of the seasonal naive forecast of its own series
    and target (Hyndman and Koehler 2006); ``smape`` is 200 |y - f| / (|y| + |f|) in percent, 0 where both are 0.

    Args:
        outputs: ``(n, horizon, targets)`` on the training scale.
        truth: Gives ``(b, horizon, targets)`` in original units for a slice of the examples.
        naive_scale: ``(n, targets)`` mean absolute error of the seasonal naive forecast on training rows.
        y_mean, y_std: ``(targets,)`` scale of the outputs.
        scaled_by: ``(targets,)`` what errors are divided by for ``*_scaled``: the deviation of the training part.

    Returns:
        ``mase, rmse, mae, mse, smape, mse_scaled, mae_scaled``; nan where an output is not finite.

    >>> y = np.array([[[3.0], [5.0]]])
    >>> s = forecast_scores(y - 1, lambda part: y[part], np.array([[2.0]]), np.zeros(1), np.ones(1), np.ones(1))
    >>> s["mase"], s["rmse"], round(s["smape"], 2)
    (0.5, 1.0, 31.11)
    """
    n = len(outputs)
    sums = np.zeros(6)
    with np.errstate(over="ignore", invalid="ignore"):
        for part in _blocks(n, max(1, int(np.prod(outputs.shape[1:])))):
            forecast = outputs[part].astype(np.float64) * y_std + y_mean
            sums += _sums(truth(part).astype(np.float64), forecast, naive_scale[part], scaled_by)
    mase, mse, mae, smape, mse_scaled, mae_scaled = (float(v) for v in sums / outputs.size)
    scores = {
        "mase": mase,
        "rmse": float(np.sqrt(mse)),
        "mae": mae,
        "mse": mse,
        "smape": 100.0 * smape,
        "mse_scaled": mse_scaled,
        "mae_scaled": mae_scaled,
    }
    return {name: value if np.isfinite(value) else float("nan") for name, value in scores.items()}


def seasonal_naive_scale(values: Floats, season: int) -> NDArray[np.float64]:
    """Mean absolute error of forecasting each row of one series by the row a season before.

    Args:
        values: ``(time, targets)``, NaN where missing.
        season: Rows in a season, >= 1; a series not longer than that is measured at lag 1.

    Returns:
        ``(targets,)``; NaN where it is 0 or cannot be measured.

    >>> seasonal_naive_scale(np.array([[1.0], [5.0], [2.0], [7.0]]), 2)
    array([1.5])
    """
    lag = season if len(values) > season else 1
    errors = np.abs(values[lag:] - values[:-lag]).astype(np.float64)
    known = np.isfinite(errors)
    count = known.sum(axis=0)
    total = np.where(known, errors, 0.0).sum(axis=0)
    scale = np.divide(total, count, out=np.full(values.shape[1], np.nan), where=count > 0)
    return np.where(scale > 0, scale, np.nan)


def _blocks(n: int, size: int) -> Iterator[slice]:
    step = max(1, BLOCK // size)
    return (slice(start, min(n, start + step)) for start in range(0, n, step))


def _sums(truth: Floats, forecast: Floats, naive_scale: Floats, scaled_by: Floats) -> NDArray[np.float64]:
    error = np.abs(forecast - truth)
    size = np.abs(truth) + np.abs(forecast)
    relative = np.divide(2 * error, size, out=np.zeros_like(error), where=size != 0)
    scaled = error / scaled_by
    totals = [
        (error / naive_scale[:, None, :]).sum(),
        (error * error).sum(),
        error.sum(),
        relative.sum(),
        (scaled * scaled).sum(),
        scaled.sum(),
    ]
    return np.array(totals, dtype=np.float64)
