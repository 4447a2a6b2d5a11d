"""ExecCredential, the document that client-go and a credential plugin exchange.

client-go describes the call in the environment variable ``KUBERNETES_EXEC_INFO`` and decodes one document from
standard output, which must name the same API version (Kubernetes client authentication API, v1 and v1beta1).
"""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kubelogin_py.errors import ProviderError, SettingsError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

VARIABLE = "KUBERNETES_EXEC_INFO"
"""Environment variable that describes the call."""

KIND = "ExecCredential"
V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"

_LIMIT = 1 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 253_402_300_799
_EXAMPLE = f"set `apiVersion: {V1}` in the exec section of the kubeconfig"


@dataclass(frozen=True, slots=True)
class ExecInfo:
    """How client-go called us.

    :param api_version: the version the answer must have.
    :param interactive: whether standard input is lent to us; ``None`` when nobody said, which is so when a
        person calls and with a kubectl before 1.22.
    """

    api_version: str = V1BETA1
    interactive: bool | None = None


def read_exec_info(text: str | None) -> ExecInfo:
    """Return what the environment variable says.

    ``spec.cluster`` belongs to the kubeconfig's author and is neither trusted nor shown. Unknown fields are
    tolerated: newer versions of client-go may add some.

    :param text: the variable's value; absent or empty means a call by hand, answered in v1beta1.
    :raises SettingsError: it is not an ExecCredential of a version we speak.
    """
    if not text:
        return ExecInfo()
    if len(text) > _LIMIT:
        raise _invalid(f"longer than {_LIMIT} characters")
    try:
        document = read_object(text)
    except ValueError as error:
        raise _invalid(str(error)) from None
    # A wrong kind is refused; int128/kubelogin also takes a document that names none, and so do scripts.
    kind = document.get("kind")
    if kind not in (None, "", KIND):
        raise _invalid(f"kind is {_shown(kind)} instead of {KIND}")
    return ExecInfo(_api_version(document), _interactive(document))


def render(api_version: str, token: Secret, expires_at: float | None) -> bytes:
    """Return the answer: one line of JSON with its line end.

    :param api_version: from the exec info.
    :param token: what the API server is to be shown.
    :param expires_at: UTC seconds from which client-go is to ask again; ``None`` when nobody knows, which makes
        client-go keep the token until the API server refuses it.
    :raises ProviderError: no HTTP header could carry this token (RFC 6750 section 2.1).
    """
    text = token.reveal()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ProviderError("the provider's token is empty or has characters that no HTTP header can carry")
    status = {} if expires_at is None else {"expirationTimestamp": _timestamp(expires_at)}
    document = {
        "kind": KIND,
        "apiVersion": api_version,
        "spec": {"interactive": False},
        "status": {**status, "token": text},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _api_version(document: dict[str, Any]) -> str:
    version = document.get("apiVersion")
    if version in (None, ""):
        return V1BETA1
    if version not in (V1, V1BETA1):
        raise _invalid(f"unknown apiVersion: {_shown(version)}", hint=_EXAMPLE)
    return str(version)


def _interactive(document: dict[str, Any]) -> bool | None:
    spec = document.get("spec")
    if spec is None:
        return None
    if not isinstance(spec, dict):
        raise _invalid("spec is not an object")
    interactive = spec.get("interactive")
    if interactive is not None and not isinstance(interactive, bool):
        raise _invalid("spec.interactive is not a boolean")
    return interactive


def _timestamp(seconds: float) -> str:
    """Return RFC 3339 in UTC, whole seconds, never later than asked for."""
    whole = math.floor(min(max(seconds, 0), _LAST_SECOND))
    return (_EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(value: object) -> str:
    return printable(value, 100) if isinstance(value, str) else "not a string"


def _invalid(reason: str, *, hint: str | None = None) -> SettingsError:
    return SettingsError(f"invalid {VARIABLE}: {reason}", hint=hint)
