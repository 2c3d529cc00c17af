"""Two made-up shops whose sales have a trend, a week and promotions known ahead."""

from __future__ import annotations

import numpy as np

from lstm_automl.data.sequences import Sequences

DAYS = 500
SHOPS = ("north", "south")

EXAMPLE = """\
A row a time step, in order of time: a time column, what is forecast, and covariates if there are any.

    date,sales,promo
    2024-01-01,103.2,0
    2024-01-02,98.7,1
    ...
    lstm-automl search forecasting --data sales.csv --target sales --known promo --horizon 7

Without --target every numeric column is forecast. Rows are taken as evenly spaced.
Many series stand below each other, named by a column:

    shop,date,sales,promo
    north,2024-01-01,103.2,0
    south,2024-01-01,51.0,0
    ...
    lstm-automl search forecasting --data shops.csv --id shop --target sales --known promo --horizon 7

.npz, X (time, channels) or (series, time, channels), the channels named where --target or --known names one:
    np.savez("sales.npz", X=X, channels=["sales", "promo"])

To predict, give the past rows, then one row for each step ahead with the known columns filled and the targets empty.
"""


def demo_series(seed: int = 0) -> Sequences:
    """Two daily series of 500 rows, channels ``sales`` and ``promo`` (known ahead); equal for an equal seed."""
    rng = np.random.default_rng([seed, DAYS])
    day = np.arange(DAYS)
    blocks = []
    for shop in range(len(SHOPS)):
        promo = (rng.random(DAYS) < 0.15).astype(np.float64)
        week = np.array([0.0, -2.0, -1.0, 1.0, 4.0, 9.0, 6.0])[(day + 3 * shop) % 7]
        trend = (0.04 - 0.02 * shop) * day
        wander = np.convolve(rng.normal(size=DAYS + 20), np.ones(20) / 20, mode="valid")[:DAYS]
        sales = (100 - 40 * shop) + trend + week + 8.0 * promo + 4.0 * wander + rng.normal(size=DAYS)
        blocks.append(np.stack([sales.round(2), promo], axis=1))
    start = np.datetime64("2023-01-02", "ns")
    return Sequences(
        values=np.concatenate(blocks),
        offsets=np.arange(len(SHOPS) + 1, dtype=np.int64) * DAYS,
        channels=("sales", "promo"),
        target_channels=(0,),
        known_channels=(1,),
        ids=np.array(SHOPS),
        times=np.tile(start + day * np.timedelta64(1, "D"), len(SHOPS)),
        source="demo",
    )
