"""Requests to the token endpoint, with the client's credentials in the place the provider wants them."""

from collections.abc import Sequence

from kubelogin_py.oidc import client_authentication
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.error_response import error_code
from kubelogin_py.ports import World
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Provider

_LIMIT = 1 << 20
"""Bytes of a response read at most."""

Form = Sequence[tuple[str, str | Secret]]


def send(
    form: Form,
    *,
    url: str,
    provider: Provider,
    metadata: Metadata,
    world: World,
    single_use: bool = False,
    timeout: float | None = None,
) -> Response:
    """Send a form with client authentication and return the provider's answer, whatever it says.

    :param url: the token or device authorization endpoint.
    :param single_use: the form carries an authorization code, which is sent once and never again.
    :param timeout: seconds for one exchange.
    :raises TransientError: as ``Http.post``.
    """
    methods = client_authentication.choose(
        metadata.token_endpoint_auth_methods, has_secret=provider.client_secret is not None, single_use=single_use
    )
    for method in methods:
        ready = client_authentication.authenticated(form, method, provider.client_id, provider.client_secret)
        response = world.http.post(url, ready.form, basic=ready.basic, limit=_LIMIT, timeout=timeout)
        if error_code(response) != client_authentication.INVALID_CLIENT:
            break
        world.console.detail(1, f"the provider refused the client with {method}")
    return response
