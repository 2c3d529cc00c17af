"""Nothing in TensorFlow's log about what an estimator does on purpose."""

from __future__ import annotations

import logging


def no_retracing_advice() -> None:
    """Each fit builds a network of its own and traces it once; TensorFlow takes that for a loop gone wrong."""
    logger = logging.getLogger("tensorflow")
    if _wanted not in logger.filters:
        logger.addFilter(_wanted)


def _wanted(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()
