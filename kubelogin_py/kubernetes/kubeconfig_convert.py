"""Users of a kubeconfig who sign in by other means, as users of this program.

Those who start int128/kubelogin, in either of its names; those with ``auth-provider: oidc``; those with a raw ID token.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kubelogin_py.errors import SettingsError, VerificationError
from kubelogin_py.kubernetes import kubeconfig, kubeconfig_yaml
from kubelogin_py.kubernetes.exec_user import API_VERSION, INSTALL_HINT, exec_user
from kubelogin_py.kubernetes.kubeconfig_edit import Entry, Kind
from kubelogin_py.kubernetes.kubeconfig_yaml import Items, Members
from kubelogin_py.kubernetes.yaml_writing import value_of
from kubelogin_py.oidc.id_token import read_unverified
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

PLUGIN = "get-token"
_ISSUER = "--oidc-issuer-url"
_CLIENT = "--oidc-client-id"
_SECRET = "--oidc-client-secret"  # noqa: S105 -- the name of an option
_NAMES = re.compile(r"(?:kubelogin|kubectl-oidc[_-]login)(?:\.exe)?", re.IGNORECASE)
_KUBECTL = re.compile(r"kubectl(?:\.exe)?", re.IGNORECASE)
_REPLACED = frozenset({"auth-provider", "token", "tokenFile"})
_OLDEST = "client.authentication.k8s.io/v1alpha1"

KeepSecret = Callable[[str, str, Secret], Path]
"""Keeps the secret of a client, named by issuer and client ID, in a file, and returns that."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """One user.

    :param name: of the user.
    :param entry: as the user is to be; ``None`` when nothing is to change.
    :param told: what was found, or why nothing changes; printable.
    :param arguments: that kubectl will call the plugin with.
    :param has_session: whether the kubeconfig itself may have tokens, of an ``auth-provider``.
    """

    name: str
    told: str
    entry: Entry | None = None
    arguments: tuple[str, ...] = ()
    has_session: bool = False


def conversions(path: Path, text: str, command: str, keep_secret: KeepSecret) -> Iterator[Conversion]:
    """Yield what is to become of each user that this program could serve.

    :param path: of the kubeconfig, for messages.
    :param text: of it.
    :param command: what kubectl is to start.
    :param keep_secret: takes client secrets out of the kubeconfig.
    :raises SettingsError: it is not a kubeconfig.
    """
    document = kubeconfig_yaml.parse(text)
    users = document.get(Kind.USER) if isinstance(document, Members) else None
    for entry in users.values if isinstance(users, Items) else ():
        whole = value_of(entry)
        if not isinstance(whole, dict) or not isinstance(whole.get("user"), dict):
            continue
        name, user = str(whole.get("name")), whole["user"]
        if "exec" in user:
            found = _from_exec(name, user, command, keep_secret)
        elif "auth-provider" in user:
            found = _from_auth_provider(path, text, name, command, keep_secret)
        elif isinstance(user.get("token"), str):
            found = _from_token(name, user["token"], command)
        else:
            continue
        if found is not None:
            yield _with_the_rest(found, user)


def _with_the_rest(found: Conversion, user: Mapping[str, Any]) -> Conversion:
    """Return a conversion that leaves what else the user has, such as a certificate or whom to act as."""
    if found.entry is None:
        return found
    rest = user if "exec" in user else {key: value for key, value in user.items() if key not in _REPLACED}
    return replace(found, entry=replace(found.entry, body={**rest, **found.entry.body}))


def _from_exec(name: str, user: dict[str, Any], command: str, keep_secret: KeepSecret) -> Conversion | None:
    plugin = user["exec"]
    if not isinstance(plugin, dict):
        return None
    words = [str(word) for word in plugin.get("args") or ()]
    program = re.split(r"[/\\]", str(plugin.get("command") or ""))[-1]
    # Without any command, too: a guide that people follow has left it out.
    if _KUBECTL.fullmatch(program or "kubectl") and words[:1] == ["oidc-login"]:
        words, what = words[1:], "kubectl oidc-login"
    elif _NAMES.fullmatch(program):
        what = program
    else:
        return None
    issuer, client = _value(words, _ISSUER), _value(words, _CLIENT)
    if PLUGIN not in words or issuer is None:
        # Azure's program of the same name takes other options.
        return Conversion(name, f"{_shown(name)} starts {printable(what)}, but not as a plugin for OpenID Connect")
    words = list(_without_secret(words, lambda secret: keep_secret(issuer, client or "", secret)))
    version = plugin.get("apiVersion", API_VERSION)
    changed = plugin | {
        "apiVersion": API_VERSION if version == _OLDEST else version,
        "command": command,
        "args": words,
        "installHint": INSTALL_HINT,
        "interactiveMode": "IfAvailable",
    }
    if changed | {"installHint": plugin.get("installHint")} == plugin | {"installHint": plugin.get("installHint")}:
        return Conversion(name, f"{_shown(name)} uses this program already")
    return Conversion(name, f"{_shown(name)} started {printable(what)}", Entry(Kind.USER, name, {"exec": changed}))


def _from_auth_provider(path: Path, text: str, name: str, command: str, keep_secret: KeepSecret) -> Conversion:
    try:
        found = kubeconfig.read_user(path, text, name)
    except SettingsError as error:
        return Conversion(name, f"{_shown(name)} is left alone: {error.message}")
    words = [PLUGIN, f"{_ISSUER}={found.issuer}", f"{_CLIENT}={found.client_id}"]
    if found.client_secret is not None:
        words.append(f"{_SECRET}-file={keep_secret(found.issuer, found.client_id, found.client_secret)}")
    words += [f"--oidc-extra-scope={scope}" for scope in re.split(r"[,\s]+", found.extra_scopes) if scope]
    if found.certificate_authority:
        # kubectl read it from beside the kubeconfig.
        words.append(f"--certificate-authority={path.absolute().parent / found.certificate_authority}")
    if found.certificate_authority_data:
        words.append(f"--certificate-authority-data={found.certificate_authority_data}")
    entry = Entry(Kind.USER, name, exec_user(command, words))
    return Conversion(name, f"{_shown(name)} had an auth-provider", entry, tuple(words), has_session=True)


def _from_token(name: str, token: str, command: str) -> Conversion | None:
    claims = None
    with suppress(VerificationError):
        claims = read_unverified(Secret(token))
    if claims is None or not claims.issuer.startswith("https://") or claims.subject.startswith("system:"):
        return Conversion(name, f"{_shown(name)} is left alone: its token is not the ID token of a person")
    authorized = claims.raw.get("azp")
    client = authorized if isinstance(authorized, str) and authorized in claims.audience else claims.audience[0]
    words = [PLUGIN, f"{_ISSUER}={claims.issuer}", f"{_CLIENT}={client}"]
    told = (
        f"{_shown(name)} had a raw ID token; which scopes it was asked for, and whether with a secret, it does not say"
    )
    return Conversion(name, told, Entry(Kind.USER, name, exec_user(command, words)))


def _value(words: list[str], option: str) -> str | None:
    """Return the value of an option, written in either way; the last one counts."""
    value = None
    for number, word in enumerate(words):
        if word == option and number + 1 < len(words):
            value = words[number + 1]
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
    return value


def _without_secret(words: list[str], keep: Callable[[Secret], Path]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        secret = (
            next(rest, "") if word == _SECRET else word.partition("=")[2] if word.startswith(f"{_SECRET}=") else None
        )
        if secret is None:
            yield word
        elif secret:
            yield f"{_SECRET}-file={keep(Secret(secret))}"


def _shown(name: str) -> str:
    return f'user "{printable(name, 100)}"'
