"""Whether a person sits at the terminal."""

import sys


def is_lent() -> bool:
    """Return whether standard input is a terminal, so that a person can be asked."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):
        return False
