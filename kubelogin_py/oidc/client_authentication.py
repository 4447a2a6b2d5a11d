"""How a client proves who it is at the token endpoint (RFC 6749 section 2.3, OpenID Connect Core section 9).

A public client sends its ``client_id`` in the form and nothing else; an empty Basic header would be a wrong
password to some providers. A confidential client uses HTTP Basic, which every provider must support, unless the
metadata lists only the form.

Some providers register one method per client and say neither which nor that the other would work, so
``invalid_client`` may be answered by trying the other method once. That error is given before the grant is looked
at (RFC 6749 section 5.2), so a refresh token or device code that met it is unharmed. An authorization code is still
never sent twice: providers are told to treat a second arrival as theft and to revoke what was issued for it
(section 4.1.2), and not all of them look at the client first. Where the metadata leaves the method open, the provider
is asked without a code before there is one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kubelogin_py.secret import Secret

INVALID_CLIENT = "invalid_client"
"""The only error code after which the next method of ``choose`` may be tried."""


class ClientAuthentication(StrEnum):
    """Methods by their registered names (OpenID Connect Core section 9)."""

    NONE = "none"
    BASIC = "client_secret_basic"
    POST = "client_secret_post"


@dataclass(frozen=True, slots=True)
class AuthenticatedForm:
    """A request to the token or device authorization endpoint, ready to be sent.

    :param form: all fields in order.
    :param basic: client id and secret for HTTP Basic, as they are; ``None`` when the form says it all.
    """

    form: tuple[tuple[str, str | Secret], ...]
    basic: tuple[str, Secret] | None


def choose(supported: Iterable[str] | None, *, has_secret: bool) -> tuple[ClientAuthentication, ...]:
    """Return the methods to try, in order; each after the first only when the one before met ``invalid_client``.

    :param supported: ``token_endpoint_auth_methods_supported``; ``None`` means Basic (Discovery section 3).
        A list without a method is no proof against it, only a reason to try it second.
    :param has_secret: whether the client is confidential.
    """
    if not has_secret:
        return (ClientAuthentication.NONE,)
    listed = frozenset(supported or ())
    if ClientAuthentication.POST in listed and ClientAuthentication.BASIC not in listed:
        return (ClientAuthentication.POST, ClientAuthentication.BASIC)
    return (ClientAuthentication.BASIC, ClientAuthentication.POST)


def is_settled(supported: Iterable[str] | None, *, has_secret: bool) -> bool:
    """Whether the metadata leaves no doubt about the first method of ``choose``."""
    return not has_secret or len({ClientAuthentication.BASIC, ClientAuthentication.POST} & set(supported or ())) == 1


def authenticated(
    form: Sequence[tuple[str, str | Secret]], method: ClientAuthentication, client_id: str, secret: Secret | None
) -> AuthenticatedForm:
    """Return the form with the client's credentials in the place the method wants them.

    :param form: the grant's own fields; a ``client_id`` among them is not repeated.
    :param secret: needed by every method but ``NONE``.
    :raises ValueError: the method needs a secret and there is none.
    """
    if method is ClientAuthentication.NONE:
        return AuthenticatedForm(_with_client(form, client_id), None)
    if secret is None:
        raise ValueError(f"{method} needs a client secret")
    if method is ClientAuthentication.BASIC:
        return AuthenticatedForm(tuple(form), (client_id, secret))
    return AuthenticatedForm((*_with_client(form, client_id), ("client_secret", secret)), None)


def _with_client(form: Sequence[tuple[str, str | Secret]], client_id: str) -> tuple[tuple[str, str | Secret], ...]:
    if any(name == "client_id" for name, _ in form):
        return tuple(form)
    return (*form, ("client_id", client_id))
