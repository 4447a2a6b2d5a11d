"""The cached answer: a finished ExecCredential, found by the words of the command line alone.

kubectl starts the plugin afresh for every command. An answer is a small file directly in the cache directory, to be
read without parser, lock or hash, so that a shell can do it with builtins only, by these rules. Any doubt is a miss.

Which: only ``get-token`` with flags of the tables below, as ``--flag=value`` or ``--flag value``. A value must be of
``SAFE`` characters and, written apart, not begin with ``-``. A leading ``~/`` of a path is ``$HOME/``; a path that is
not absolute then is a miss, for it means more than the words say. The key is ``v1`` or ``v1beta1`` (what
``KUBERNETES_EXEC_INFO`` asks for) and every flag as ``--flag=value``, joined by ``|``. The value of a client secret or
password is left out, the cache directory altogether; a switch without a value is ``true``.

Where: in the directory of the last ``--token-cache-dir``, else ``$KUBECACHEDIR/oidc-login``, else
``$HOME/.kube/cache/oidc-login``. The name is ``answer1-``, the length of the key, its values each after a comma (their
first and last 100 characters when they have more than 200; ``/`` and ``:`` become commas), ``.txt``. Two keys may
share a name: the whole key is compared.

What: a line with the key, and a line with the token's expiry and the token, of which the doors make the document that
``exec_credential.render`` makes of them; neither has characters that mean anything to JSON or to a shell. A third line
names the session it came from, whose file must stand in the same directory: whoever removed that has signed out. The
modification time is the second from which it must not be served any more.

Ahead: beside an answer may stand ``ahead`` with the rest of its name. From its modification time on, the one process
that can make a file of that name and ``.taken`` starts ``ahead.main`` after it has answered; see ``storage/ahead``.

``frontdoor.sh`` follows the same rules; a shell can't see modes and does not see NUL bytes, but more it must not serve.

Every kubectl command starts this module, so it imports built-in modules only and uses no dataclasses.
"""

import sys
from time import time

if sys.platform == "win32":
    import nt as system
else:
    import posix as system

# As `typing` has it, which would have to be imported.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:/.,=@%+~ -"
"""Characters a value may have: ASCII, so that its length is the same in every locale, and none is the separator."""

_NO_AHEAD = "--no-refresh-ahead"
SWITCHES = ("--skip-open-browser", "--tls-renegotiation-once", "--tls-renegotiation-freely", _NO_AHEAD)
"""Flags that need no value."""

PLAIN = (
    *("--oidc-issuer-url", "--oidc-client-id", "--oidc-redirect-url", "--oidc-extra-scope", "--oidc-pkce-method"),
    *("--oidc-auth-request-extra-params", "--grant-type", "--listen-address", "--browser-command", "--username"),
    *("--authentication-timeout-sec", "--certificate-authority-data", "--open-url-after-authentication", "--provider"),
    "--account",
)
"""Flags whose value is part of the key as it stands."""

PATHS = (
    *("--token-cache-dir", "--certificate-authority", "--local-server-cert", "--local-server-key"),
    "--oidc-client-secret-file",
)
"""Flags whose value is a path."""

VARIABLE = "KUBELOGIN_NO_REFRESH_AHEAD"
"""Environment variable that, set to anything, keeps a hit from starting a refresh."""

SECRETS = ("--oidc-client-secret", "--password")
"""Flags whose value must not reach the disk."""

# An extra parameter may be a secret, too: client_secret, client_assertion, subject_token.
_SECRETIVE = ("secret", "password", "assertion", "token")
# What a time and a token are made of, and how long the former is.
_EXPIRY_LENGTH = 20
_ORIGIN_LENGTH = len("session ") + 64
_WORD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-"

VARIABLES = ("HOME", "KUBECACHEDIR", "KUBERNETES_EXEC_INFO", VARIABLE)
"""Environment variables that count."""
_WINDOWS = sys.platform == "win32"
_NAME_PART, _LIMIT = 100, 1 << 20
# Of the document we are asked with and of the one we answer with.
_START = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/'
_FILE_TYPE, _REGULAR, _OTHERS = 0o170000, 0o100000, 0o077


def answer(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> bytes | None:
    """Return the document to print now, one line with its end, or ``None``; never raises."""
    return found(arguments, environ, time())[1]


def found(
    arguments: "Sequence[str]", environ: "Mapping[str, str]", now: float
) -> tuple[tuple[str, str, str] | None, bytes | None]:
    """Return where an answer is, as ``key_for`` does, and the document to print; the latter is ``None`` on a miss.

    :param arguments: the command line after the program's name.
    :param environ: the environment variables.
    :param now: UTC seconds.
    """
    try:
        place = key_for(arguments, environ)
        contents = _contents(place[0], place[1], now) if place else b""
        return place, document(contents, place[2]) if place and _has_session(place[0], contents) else None
    # ValueError: a path with a NUL or an unpaired surrogate. OverflowError: a file from a strange clock.
    except (OSError, ValueError, OverflowError):
        return None, None


def goes_ahead(key: str, environ: "Mapping[str, str]") -> bool:
    """Return whether the token of an answer with this key may be refreshed ahead."""
    return VARIABLE not in environ and f"|{_NO_AHEAD}=" not in key.replace(f"|{_NO_AHEAD}=false", "")


def key_for(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> tuple[str, str, str] | None:
    """Return directory, file name and key of the answer for what ``answer`` takes; ``None``: it can have none."""
    home = environ.get("HOME") or (_WINDOWS and environ.get("USERPROFILE")) or ""
    version = _version(environ.get("KUBERNETES_EXEC_INFO", ""))
    if version is None or not _absolute(home) or not arguments or arguments[0] != "get-token":
        return None
    flags = _flags(arguments[1:], home)
    base = environ.get("KUBECACHEDIR", f"{home}/.kube/cache")
    # Set but empty, the variable means a path relative to nothing.
    directory, key, values = base and f"{base}/oidc-login", version, ""
    for flag, value in flags or ():
        # The directory says where the answer is, not what it is, and may have any characters.
        if flag == "--token-cache-dir":
            directory = value
        elif value.strip(SAFE):
            return None
        else:
            key += f"|{flag}={value}"
            values += f",{value}"
    return (directory, _name(key, values), key) if flags is not None and _absolute(directory) else None


def document(contents: bytes, key: str) -> bytes | None:
    """Return the document that the contents of an answer's file stand for, or ``None`` when it is not this key's."""
    lines = contents.split(b"\n", 2)
    if len(lines) != 3 or lines[0] != key.encode():  # noqa: PLR2004 -- two lines, and what follows
        return None
    expiry, _, token = lines[1].decode("latin-1").partition(" ")
    if len(expiry) != _EXPIRY_LENGTH or not token or f"{expiry}{token}".strip(_WORD):
        return None
    start = f'{_START}{key.partition("|")[0]}","spec":{{"interactive":false}},"status":'
    return f'{start}{{"expirationTimestamp":"{expiry}","token":"{token}"}}}}\n'.encode()


def _has_session(directory: str, contents: bytes) -> bool:
    """Return whether the session that an answer came from is still kept."""
    lines = contents.split(b"\n", 3)
    origin = lines[2].decode("latin-1") if len(lines) == 4 else ""  # noqa: PLR2004 -- three lines, and what follows
    path = f"{directory}/session-{origin.removeprefix('session ')}.json"
    return len(origin) == _ORIGIN_LENGTH and is_file(system.lstat(path))


def _version(info: str) -> str | None:
    """Return the API version asked for, if the text is surely what client-go writes.

    Only the very beginning is trusted: further on, ``spec.cluster`` has whatever the kubeconfig's author wrote.
    """
    if not info:
        return "v1beta1"
    info = info.removesuffix("\n")
    for version in ("v1", "v1beta1"):
        if info.startswith(f'{_START}{version}","spec":{{') and info.endswith("}}") and info.count("apiVersion") == 1:
            return version
    return None


def _flags(words: "Sequence[str]", home: str) -> list[tuple[str, str]] | None:
    """Return flags and values, paths made absolute and secrets left out; ``None``: a word we do not know."""
    flags = []
    flag = ""
    for word in words:
        if word in SWITCHES and not flag:
            flag, value = word, "true"
        elif flag and not word.startswith("-"):
            value = word
        elif flag or not word.startswith("--"):
            return None
        else:
            flag, equals, value = word.partition("=")
            if not equals:
                continue
        known = _value(flag, value, home)
        if known is None:
            return None
        flags.append((flag, known))
        flag = ""
    return None if flag else flags


def _value(flag: str, value: str, home: str) -> str | None:
    if flag in SECRETS:
        return ""
    if flag == "--token-cache-storage":
        return value if value == "disk" else None
    if flag in PATHS:
        path = home + value[1:] if value.startswith("~/") else value
        return path if _absolute(path) else None
    if flag == "--oidc-auth-request-extra-params" and any(word in value for word in _SECRETIVE):
        return None
    return value if flag in PLAIN or flag in SWITCHES else None


def _absolute(path: str) -> bool:
    return path[1:3] in {":\\", ":/"} if _WINDOWS else path.startswith("/")


def _name(key: str, values: str) -> str:
    if len(values) > 2 * _NAME_PART:
        values = values[:_NAME_PART] + values[-_NAME_PART:]
    return f"answer1-{len(key)}{values.replace('/', ',').replace(':', ',')}.txt"


if sys.platform == "win32":

    def _contents(directory: str, name: str, now: float) -> bytes:
        """Return an answer's file; the access lists of the user's profile keep others out."""
        path = f"{directory}/{name}"
        if not _is_served(system.lstat(path), now):
            return b""
        file = system.open(path, system.O_RDONLY | system.O_BINARY | system.O_NOINHERIT)
        try:
            return system.read(file, _LIMIT)
        finally:
            system.close(file)

else:

    def _contents(directory: str, name: str, now: float) -> bytes:
        """Return an answer's file, if it and its directory are ours alone and its time has not come.

        The directory is opened once, so that it can't be exchanged between the check and the use.
        """
        folder = system.open(directory, system.O_RDONLY | system.O_DIRECTORY | system.O_CLOEXEC)
        try:
            _refuse_others(system.fstat(folder))
            flags = system.O_RDONLY | system.O_NOFOLLOW | system.O_NONBLOCK | system.O_CLOEXEC
            file = system.open(name, flags, dir_fd=folder)
        finally:
            system.close(folder)
        try:
            status = system.fstat(file)
            _refuse_others(status)
            return system.read(file, _LIMIT) if _is_served(status, now) else b""
        finally:
            system.close(file)

    def _refuse_others(status: system.stat_result) -> None:
        if status.st_uid != system.geteuid() or status.st_mode & _OTHERS:
            raise OSError


def is_file(status: system.stat_result) -> bool:
    """Return whether something is a plain file."""
    return status.st_mode & _FILE_TYPE == _REGULAR


def _is_served(status: system.stat_result, now: float) -> bool:
    return is_file(status) and status.st_mtime > now
