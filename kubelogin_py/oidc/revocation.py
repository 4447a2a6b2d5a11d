"""Giving a token back, so that whoever finds it later has nothing (RFC 7009)."""

from kubelogin_py.oidc.documents import refuse_transient
from kubelogin_py.oidc.error_response import error_code, read_answer
from kubelogin_py.oidc.tokens import Form
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret

REFRESH_TOKEN = "refresh_token"  # noqa: S105 -- the name of a kind
ACCESS_TOKEN = "access_token"  # noqa: S105 -- the name of a kind

_DONE = range(200, 300)
_WHAT = "revocation request"


def revocation_form(token: Secret, kind: str) -> Form:
    """Return the fields that give a token back (RFC 7009 section 2.1).

    :param kind: ``REFRESH_TOKEN`` or ``ACCESS_TOKEN``; a hint for the provider, which finds the token without it.
    """
    return [("token", token), ("token_type_hint", kind)]


def check_revoked(response: Response) -> None:
    """Return when the token is good for nothing any more: also one that the provider never knew (section 2.2).

    The body of a success means nothing, unless it is an error that came with the wrong status.

    :raises TransientError: 5xx, 429: the token may still be good.
    :raises OAuthError: the provider refuses, such as with ``unsupported_token_type``.
    :raises ProviderError: the answer is none of this protocol.
    """
    refuse_transient(response, _WHAT)
    if response.status in _DONE and error_code(response) is None:
        return
    read_answer(response, _WHAT)
