"""The names of our files in a cache directory.

int128/kubelogin keeps ``<64 hex>`` and ``<64 hex>.lock`` in the same directory; ours stand beside them.

Patterns are texts here and wherever ``get-token`` comes along: ``re`` compiles one when it is first used, which costs
more than importing a module, and most starts use few of them.
"""

import re

_HEX = "[0-9a-f]{64}"
_SESSION_KEY = _HEX
_LOGIN_KEY = f"login-{_HEX}"

ANSWER = r"answer[0-9]+-[A-Za-z0-9_,.=@%+~ -]+\.txt"
"""Finished answers; see ``fastpath``."""

AHEAD = r"ahead([0-9]+-[A-Za-z0-9_,.=@%+~ -]+\.txt)(?:\.taken)?"
"""When the token of an answer is refreshed ahead, and who does it; the group is the end of the answer's name."""

TEMPORARY = "temp-[0-9a-f]{32}"
"""Files being written, and what a killed writer left; not hidden, so that ``rm *`` takes them as well."""

LOCK = f"(?:session|login)-{_HEX}\\.lock"
"""Lock files; never removed but under their own lock."""

LOGIN_LOCK = f"login-{_HEX}\\.lock"
"""Lock files that belong to no session."""

SESSION = f"session-({_HEX})\\.(?:json|json\\.bad|json\\.twin|lock)"
"""Files of a session; the group is its key."""

DOCUMENTS = f"documents-{_HEX}\\.json"
"""A provider's metadata and key set."""

ROOTS = f"roots-{_HEX}\\.json"
"""The certificates of authorities that vouched for a provider, out of a bundle."""

ATTEMPT = f"attempt-{_HEX}\\.(?:json|wait)"
"""What became of the last sign-in at an issuer and client, and until when it wants no request."""

SETBACK = f"setback-{_HEX}\\.json"
"""Why the last refresh ahead of a session failed."""

SEALED = f"sealed-({_HEX})\\.(?:json|json\\.bad|json\\.twin)"
"""Files of a session whose key is in the OS keyring; the group is the session's key."""

OUR_NAMES = (ANSWER, AHEAD, TEMPORARY, LOCK, SESSION, SEALED, DOCUMENTS, ROOTS, ATTEMPT, SETBACK)
"""Every name that is ours beyond doubt: nothing else in a cache directory is ever removed."""

KEY_LOCK = "keyring.lock"
"""Lock file, in the user's runtime directory, of the key in the OS keyring."""

TAG = "CACHEDIR.TAG"
"""Tells backup programs that the directory can be left out (Cache Directory Tagging Specification)."""

_UPSTREAM = f"{_HEX}(?:\\.lock)?"


def is_ours(name: str) -> bool:
    """Return whether a file of this name was made by us."""
    return any(re.fullmatch(pattern, name) for pattern in OUR_NAMES)


def is_cache(name: str) -> bool:
    """Return whether a file of this name belongs to a cache of ours or int128/kubelogin's."""
    return name == TAG or is_ours(name) or re.fullmatch(_UPSTREAM, name) is not None


def is_former_session(name: str) -> bool:
    """Return whether a file of this name is a session of int128/kubelogin."""
    return re.fullmatch(_SESSION_KEY, name) is not None


def session_file(key: str) -> str:
    """Return the name of a session's file.

    :raises ValueError: the key is not one of ``keys.session_key``; it must not become part of a path.
    """
    if not re.fullmatch(_SESSION_KEY, key):
        raise ValueError("not a session key")
    return f"session-{key}.json"


def documents_file(key: str) -> str:
    """Return the name of the file with a provider's documents.

    :raises ValueError: the key is not a hash.
    """
    if not re.fullmatch(_SESSION_KEY, key):
        raise ValueError("not a documents key")
    return f"documents-{key}.json"


def roots_file(key: str) -> str:
    """Return the name of the file with what vouched for providers.

    :raises ValueError: the key is not a hash.
    """
    if not re.fullmatch(_SESSION_KEY, key):
        raise ValueError("not a key of roots")
    return f"roots-{key}.json"


def bad_file(key: str) -> str:
    """Return the name a session's file gets when it can't be read."""
    return f"{session_file(key)}.bad"


def twin_file(key: str) -> str:
    """Return the name of the copy of a session's file."""
    return f"{session_file(key)}.twin"


def attempt_file(login_key: str) -> str:
    """Return the name of the file with what became of the last sign-in.

    :raises ValueError: the key is not one of ``keys.login_key``.
    """
    if not re.fullmatch(_LOGIN_KEY, login_key):
        raise ValueError("not a login key")
    return f"attempt-{login_key.removeprefix('login-')}.json"


def wait_file(login_key: str) -> str:
    """Return the name of the file whose modification time is the second before which a provider wants no request."""
    return f"{attempt_file(login_key).removesuffix('.json')}.wait"


def setback_file(key: str) -> str:
    """Return the name of the file that says why the last refresh ahead of a session failed.

    :raises ValueError: the key is not one of ``keys.session_key``.
    """
    if not re.fullmatch(_SESSION_KEY, key):
        raise ValueError("not a session key")
    return f"setback-{key}.json"


def ahead_file(answer: str) -> str:
    """Return the name of the file whose time says when an answer's token is to be refreshed ahead.

    :param answer: name of the answer's file.
    """
    return f"ahead{answer.removeprefix('answer')}"


def taken_file(answer: str) -> str:
    """Return the name of the file whose maker starts that refresh."""
    return f"{ahead_file(answer)}.taken"


def sealed_file(key: str) -> str:
    """Return the name of the file of a session whose key is in the OS keyring.

    :raises ValueError: the key is not one of ``keys.session_key``.
    """
    if not re.fullmatch(_SESSION_KEY, key):
        raise ValueError("not a session key")
    return f"sealed-{key}.json"


def bad_sealed_file(key: str) -> str:
    """Return the name such a file gets when it can't be read."""
    return f"{sealed_file(key)}.bad"


def sealed_twin_file(key: str) -> str:
    """Return the name of the copy of such a file."""
    return f"{sealed_file(key)}.twin"


def lock_file(key: str) -> str:
    """Return the name of the lock of a session key or a login key.

    :raises ValueError: the key is neither.
    """
    if re.fullmatch(_SESSION_KEY, key):
        return f"session-{key}.lock"
    if re.fullmatch(_LOGIN_KEY, key):
        return f"{key}.lock"
    raise ValueError("neither a session key nor a login key")
