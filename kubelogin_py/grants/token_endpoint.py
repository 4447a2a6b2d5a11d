"""Requests to the token endpoint, with the client's credentials in the place the provider wants them."""

from collections.abc import Sequence

from kubelogin_py.errors import Error
from kubelogin_py.oidc import client_authentication
from kubelogin_py.oidc.client_authentication import ClientAuthentication
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
    method: ClientAuthentication | None = None,
    timeout: float | None = None,
) -> Response:
    """Send a form with client authentication and return the provider's answer, whatever it says.

    :param url: the token or device authorization endpoint.
    :param method: the only one to use; the form is then sent once, as an authorization code must be.
    :param timeout: seconds for one exchange.
    :raises TransientError: as ``Http.post``.
    """
    has_secret = provider.client_secret is not None
    fitting = client_authentication.choose(metadata.token_endpoint_auth_methods, has_secret=has_secret)
    for tried in (method,) if method else fitting:
        ready = client_authentication.authenticated(form, tried, provider.client_id, provider.client_secret)
        response = world.http.post(url, ready.form, basic=ready.basic, limit=_LIMIT, timeout=timeout)
        if error_code(response) != client_authentication.INVALID_CLIENT:
            break
        world.console.detail(1, f"the provider refused the client with {tried}")
    return response


def settled_method(*, provider: Provider, metadata: Metadata, world: World) -> ClientAuthentication:
    """Return how this client proves itself here, found out before there is a code that could be lost over it.

    Where the metadata leaves it open, a token request without a code is sent: the answer is an error in any case,
    and ``invalid_client`` says that it has to be the other method. The person signs in meanwhile.
    """
    supported, has_secret = metadata.token_endpoint_auth_methods, provider.client_secret is not None
    methods = client_authentication.choose(supported, has_secret=has_secret)
    if client_authentication.is_settled(supported, has_secret=has_secret):
        return methods[0]
    question = [("grant_type", "authorization_code")]
    try:
        answer = send(
            question, url=metadata.token_endpoint, provider=provider, metadata=metadata, world=world, method=methods[0]
        )
    except Error as error:
        world.console.detail(1, error.message)
        return methods[0]
    return methods[1] if error_code(answer) == client_authentication.INVALID_CLIENT else methods[0]
