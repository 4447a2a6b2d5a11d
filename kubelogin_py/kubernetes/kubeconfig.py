"""Kubeconfig files: which there are, which of them counts, and the user in them who signs in through OpenID Connect.

Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files": the first file that sets a value or
has an entry of a name wins, and that entry counts whole.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes import kubeconfig_file, kubeconfig_yaml
from kubelogin_py.kubernetes.kubeconfig_file import shown
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members, Node, Scalar
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

VARIABLE = "KUBECONFIG"
"""Environment variable that lists kubeconfig files."""

ID_TOKEN = "id-token"  # noqa: S105 -- the name of a key
REFRESH_TOKEN = "refresh-token"  # noqa: S105 -- the name of a key
_HINT = "this needs a user with `auth-provider: oidc` in the kubeconfig; `kubelogin setup` shows the way without it"
_PLUGIN_HINT = "this user signs in by itself whenever kubectl runs (exec): run any kubectl command"


@dataclass(frozen=True, slots=True)
class AuthProvider:
    """A user of a kubeconfig who signs in through OpenID Connect; a text that is missing is empty.

    :param path: the file the user is in.
    :param user: the name there.
    :param extra_scopes: as given, separated by commas.
    """

    path: Path
    user: str
    issuer: str = ""
    client_id: str = ""
    client_secret: Secret | None = None
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    extra_scopes: str = ""
    id_token: Secret | None = None
    refresh_token: Secret | None = None


def locations(explicit: str, environment: Mapping[str, str], home: str | None) -> tuple[Path, ...]:
    """Return the kubeconfig files that count, the first one most.

    :param explicit: the one the command line names; empty for none.
    :param environment: for ``KUBECONFIG``.
    :param home: the home directory, for the default.
    """
    if explicit:
        return (Path(explicit),)
    listed = environment.get(VARIABLE, "")
    if listed:
        return tuple(dict.fromkeys(Path(name) for name in listed.split(os.pathsep) if name))
    return (Path(home, ".kube", "config"),) if home else ()


def to_write(paths: Sequence[Path]) -> Path:
    """Return the file that new entries go to: the first that exists, else the last (client-go, ``PathOptions``)."""
    return next((path for path in paths if path.exists()), paths[-1])


def find(paths: Sequence[Path], *, context: str, user: str) -> AuthProvider:
    """Return the user who is to sign in: the one named, else the context's, else the current context's.

    :param paths: the files, the first one most; one that does not exist is left out.
    :param context: empty for the current one.
    :param user: empty for the context's.
    :raises SettingsError: there is no such user, or a file is not a kubeconfig.
    """
    return _auth_provider(*find_user(paths, context=context, user=user))


def read(paths: Sequence[Path]) -> list[tuple[Path, Members]]:
    """Return the kubeconfigs that exist, the first one most.

    :raises SettingsError: there is none, or a file is not a kubeconfig.
    """
    found = documents(paths)
    if not found:
        where = ", ".join(shown(path) for path in paths) or "a home directory"
        raise SettingsError(f"there is no kubeconfig: {where} does not exist", hint=_HINT)
    return found


def documents(paths: Sequence[Path]) -> list[tuple[Path, Members]]:
    """Return those of the kubeconfigs that exist.

    :raises SettingsError: a file is not a kubeconfig.
    """
    texts = ((path, kubeconfig_file.read(path)) for path in paths)
    return [(path, _top(path, text)) for path, text in texts if text is not None]


def current_context(documents: Sequence[tuple[Path, Members]]) -> str:
    """Return the name of the current context; empty when none is set."""
    return next(_current_contexts(documents), "")


def entry(documents: Sequence[tuple[Path, Members]], kind: str, name: str) -> tuple[Path, Members] | None:
    """Return the entry of a name, and the file it is in; ``None`` when there is none.

    :param kind: ``contexts``, ``users`` or ``clusters``.
    :raises SettingsError: a list of a file is malformed.
    """
    for path, document in documents:
        found = _entries(document, kind, path).get(name)
        if found is not None:
            return path, found
    return None


def find_user(paths: Sequence[Path], *, context: str, user: str) -> tuple[Path, str, Node | None]:
    """Return the file a user is in, the user's name, and what stands there; see ``find``.

    :raises SettingsError: there is no such user, or a file is not a kubeconfig.
    """
    documents = read(paths)
    name = user or _user_of_context(documents, context)
    for path, document in documents:
        found = _entries(document, "users", path).get(name)
        if found is not None:
            return path, name, _member(found, "user")
    raise SettingsError(f'user "{printable(name)}" does not exist', hint=_HINT)


def context_names(paths: Sequence[Path]) -> tuple[str, ...]:
    """Return the names of all contexts, each once; none when there is no kubeconfig.

    :raises SettingsError: a file is not a kubeconfig.
    """
    found = documents(paths)
    return tuple(dict.fromkeys(name for path, document in found for name in _entries(document, "contexts", path)))


def read_user(path: Path, text: str, user: str) -> AuthProvider:
    """Return one user of one kubeconfig.

    :param text: of the file.
    :raises SettingsError: there is no such user who signs in through OpenID Connect.
    """
    found = _entries(_top(path, text), "users", path).get(user)
    if found is None:
        raise SettingsError(f'user "{printable(user)}" is not in {shown(path)} any more')
    return _auth_provider(path, user, _member(found, "user"))


def config_of(document: Node | None, user: str) -> tuple[tuple[str | int, ...], Members] | None:
    """Return where a user's ``auth-provider.config`` is in a document, and the mapping itself."""
    users = document.get("users") if isinstance(document, Members) else None
    for number, entry in enumerate(users.values if isinstance(users, Items) else ()):
        if isinstance(entry, Members) and _word(entry.get("name")) == user:
            config = _member(_member(entry.get("user"), "auth-provider"), "config")
            path = ("users", number, "user", "auth-provider", "config")
            return (path, config) if isinstance(config, Members) else None
    return None


def _top(path: Path, text: str) -> Members:
    try:
        document = kubeconfig_yaml.parse(text)
    except SettingsError as error:
        raise SettingsError(f"{shown(path)} is not a kubeconfig: {error.message}") from None
    if isinstance(document, Scalar) and document.null:
        document = None
    # kubectl takes an empty file for an empty kubeconfig.
    if document is None:
        return Members(())
    if not isinstance(document, Members):
        raise SettingsError(f"{shown(path)} is not a kubeconfig: it is not a mapping")
    return document


def _user_of_context(documents: Sequence[tuple[Path, Members]], context: str) -> str:
    name = context or next(_current_contexts(documents), "")
    for path, document in documents:
        found = _entries(document, "contexts", path).get(name)
        if found is not None:
            return _word(_member(_member(found, "context"), "user"))
    raise SettingsError(f'context "{printable(name)}" does not exist', hint=_HINT)


def _current_contexts(documents: Sequence[tuple[Path, Members]]) -> Iterator[str]:
    return (name for _, document in documents if (name := _word(document.get("current-context"))))


def _entries(document: Members, kind: str, path: Path) -> dict[str, Members]:
    """Return the named entries of one list of a kubeconfig."""
    listed = document.get(kind)
    entries: dict[str, Members] = {}
    for entry in listed.values if isinstance(listed, Items) else ():
        if not isinstance(entry, Members):
            raise SettingsError(f"{shown(path)} is not a kubeconfig: an entry of {kind} is not a mapping")
        name = _word(entry.get("name"))
        if name in entries:
            raise SettingsError(f'{shown(path)}: "{printable(name)}" appears more than once in {kind}')
        entries[name] = entry
    return entries


def _auth_provider(path: Path, name: str, user: Node | None) -> AuthProvider:
    provider, where = _member(user, "auth-provider"), f'of user "{printable(name)}" in {shown(path)}'
    if not isinstance(provider, Members):
        hint = _PLUGIN_HINT if _member(user, "exec") else _HINT
        raise SettingsError(f"auth-provider {where} is missing", hint=hint)
    kind = _word(provider.get("name"))
    if kind != "oidc":
        raise SettingsError(f"auth-provider.name {where} must be oidc but is {printable(kind, 100)}", hint=_HINT)
    config = provider.get("config")
    if not isinstance(config, Members):
        raise SettingsError(f"auth-provider.config {where} is missing", hint=_HINT)
    for key in ("idp-issuer-url", "client-id"):
        if not _word(config.get(key)):
            raise SettingsError(f"{key} {where} is missing", hint=f"set auth-provider.config.{key} of this user")
    return AuthProvider(
        path,
        name,
        issuer=_word(config.get("idp-issuer-url")),
        client_id=_word(config.get("client-id")),
        client_secret=_secret(config, "client-secret"),
        certificate_authority=_word(config.get("idp-certificate-authority")),
        certificate_authority_data=_word(config.get("idp-certificate-authority-data")),
        extra_scopes=_word(config.get("extra-scopes")),
        id_token=_secret(config, ID_TOKEN),
        refresh_token=_secret(config, REFRESH_TOKEN),
    )


def _member(node: Node | None, name: str) -> Node | None:
    return node.get(name) if isinstance(node, Members) else None


def _word(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) and not node.null else ""


def _secret(config: Members, name: str) -> Secret | None:
    text = _word(config.get(name))
    return Secret(text) if text else None
