"""Whether kubectl uses the same OIDC client: then whoever sees kubectl's tokens could make Talos certificates."""

from collections.abc import Iterator
from typing import Any

from talos_cred.yaml_document import Document, NotPlainError


def is_shared(kubeconfig: str, *, issuer: str, client_id: str) -> bool:
    """Return whether a user of a kubeconfig signs in as this client of this issuer.

    :param kubeconfig: its text; one that can't be read says nothing.
    """
    try:
        members = Document(kubeconfig).value
    except NotPlainError:
        return False
    return any((issuer, client_id) == pair for pair in _clients(members))


def _clients(members: object) -> Iterator[tuple[str, str]]:
    for user in _list(_get(members, "users")):
        words = [word for word in _list(_get(_get(_get(user, "user"), "exec"), "args")) if isinstance(word, str)]
        yield _option(words, "--oidc-issuer-url"), _option(words, "--oidc-client-id")


def _option(words: list[str], name: str) -> str:
    for number, word in enumerate(words):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word == name and number + 1 < len(words):
            return words[number + 1]
    return ""


def _get(value: object, name: str) -> Any:  # noqa: ANN401 -- YAML holds anything
    return value.get(name) if isinstance(value, dict) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
