"""The client credentials grant: the client signs in as itself, and nobody is asked (RFC 6749 section 4.4)."""

from kubelogin_py.errors import ProviderError
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.grants.token_endpoint import send
from kubelogin_py.oidc import tokens
from kubelogin_py.oidc.authorization import check_extra_params
from kubelogin_py.session import Session
from kubelogin_py.settings import Provider


def obtain(sign_in: SignIn) -> Session:
    """Return the session of the client itself.

    :raises ProviderError: there is no ID token in the answer, and the access token is not what was asked for.
    """
    provider = sign_in.settings.provider
    check_extra_params(provider.extra_params, protected=_protected(provider))
    form = tokens.client_credentials_form(scope=provider.scope, extra_params=provider.extra_params)
    response = send(
        form,
        url=sign_in.metadata.token_endpoint,
        provider=provider,
        metadata=sign_in.metadata,
        world=sign_in.world,
        timeout=max(sign_in.remaining, 1.0),
    )
    issued = tokens.read_token_response(response)
    if issued.id_token is None and not provider.use_access_token:
        raise ProviderError(
            f"the token response of {provider.issuer} has no id_token, as is usual when a client signs in as itself",
            hint="add --oidc-use-access-token, if the API server accepts this provider's access tokens",
        )
    return sign_in.verified(issued, None)


def _protected(provider: Provider) -> frozenset[str]:
    """Return what the request itself sets: the body is the place for all else, a client assertion included."""
    own_client = any(name == "client_id" and value != provider.client_id for name, value in provider.extra_params)
    return frozenset(
        {"scope"} | ({"client_secret"} if provider.client_secret else set()) | ({"client_id"} if own_client else set())
    )
