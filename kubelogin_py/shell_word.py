"""Words of command lines that a person is told to paste."""

import shlex

from kubelogin_py.text import printable


def shell_word(text: str) -> str:
    """Return a word as a shell takes it, safe to show on a terminal."""
    return printable(shlex.quote(text))
