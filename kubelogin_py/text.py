"""Foreign text made fit for a terminal or a log line.

Providers, servers and kubeconfig authors choose the text we quote. Control characters, escape sequences and
bidirectional overrides in it could rewrite what the person sees, so everything foreign passes here first.
"""

import unicodedata

LIMIT = 500
"""Characters of foreign text shown at most; the rest is cut with an ellipsis."""

# Cc control, Cf format (bidi, zero-width), Cs surrogates, Co private, Cn unassigned, Zl/Zp line separators.
_LAST_BYTE = 0xFF
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: object, limit: int = LIMIT) -> str:
    r"""Return foreign text on one line with every unsafe character escaped as ``\xNN`` or ``\u{…}``.

    :param text: what to show; anything but ``str`` is shown by its ``str()``.
    :param limit: characters kept of the original text.
    """
    raw = text if isinstance(text, str) else str(text)
    shown = "".join(_escaped(character) for character in raw[:limit])
    return shown + "…" if len(raw) > limit else shown


def _escaped(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if unicodedata.category(character) not in _UNSAFE and character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number <= _LAST_BYTE else f"\\u{{{number:x}}}"
