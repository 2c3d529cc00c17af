"""Names that become an experiment, a registered model and a folder at once: checked by us, not by MLflow."""

from __future__ import annotations

from lstm_automl.errors import UsageError

LONGEST = 200
_FORBIDDEN = "/\\:@"


def check_name(name: str, what: str = "name") -> str:
    """``name``, if it can be a folder, an experiment and a registered model.

    MLflow takes a trailing newline and 300 characters; a path in a name would leave the home folder.

    Raises:
        UsageError: says what is wrong with it.

    >>> check_name("digits")
    'digits'
    >>> check_name("..")
    Traceback (most recent call last):
    lstm_automl.errors.UsageError: name '..': must not start with a dot
    """
    problem = _problem(name)
    if problem:
        raise UsageError(f"{what} {_shown(name)}: {problem}")
    return name


def _problem(name: str) -> str:
    if not name:
        return "must not be empty"
    if len(name) > LONGEST or len(name.encode(errors="replace")) > LONGEST:
        return f"has {len(name)} characters, at most {LONGEST} bytes are possible"
    if any(not c.isprintable() for c in name):
        return "must not hold line breaks or control characters"
    found = [c for c in _FORBIDDEN if c in name]
    if found:
        return f"must not hold {' '.join(found)}"
    if name.startswith("."):
        return "must not start with a dot"
    if name != name.strip():
        return "must not start or end with a space"
    return ""


def _shown(name: str) -> str:
    return repr(name if len(name) <= 60 else f"{name[:57]}...")
