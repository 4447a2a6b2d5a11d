"""The authorization code grant in the person's browser, with PKCE and a loopback callback (RFC 8252)."""

from kubelogin_py import pages
from kubelogin_py.errors import Error
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.grants.token_endpoint import send, settled_method
from kubelogin_py.oidc import authorization, id_token, tokens, urls
from kubelogin_py.oidc.authorization import AuthorizationRequest
from kubelogin_py.oidc.client_authentication import ClientAuthentication
from kubelogin_py.ports import Callback
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import PkceMethod

_OK = 200
_FAILED = 400


def obtain(sign_in: SignIn) -> Session:
    """Return the session of a sign-in in the browser.

    The browser is shown the outcome only after the ID token was verified.

    :raises SignInError: nobody answered in time, or the person said no.
    """
    login = sign_in.settings.login
    next_url = _next_url(sign_in)
    if login.remote_callback:
        sign_in.world.console.tell(
            "warning: the authorization code may come over a network, where others can read it "
            "(--allow-remote-callback)"
        )
    redirect_url = sign_in.settings.provider.redirect_url
    origin = urls.origin_of(sign_in.metadata.endpoint("authorization_endpoint"))
    with sign_in.world.listener.listen(login.listen_addresses, redirect_url, allowed_origin=origin) as callback:
        request = authorization_request(sign_in, callback.redirect_uri)
        _ask(sign_in, request)
        try:
            # Before the browser is told of it.
            with sign_in.advised():
                session = _answered(sign_in, request, callback, client_method(sign_in))
        except Error as error:
            callback.finish(pages.failed(error.message, error.hint or "Run the command again."), status=_FAILED)
            raise
        callback.finish(_welcome(session, next_url), status=_OK)
    return session


def authorization_request(sign_in: SignIn, redirect_uri: str | None) -> AuthorizationRequest:
    """Return a fresh request: state, nonce and code verifier of 256 random bits each."""
    provider, entropy = sign_in.settings.provider, sign_in.world.entropy
    return authorization.build_request(
        sign_in.metadata,
        client_id=provider.client_id,
        scope=provider.scope,
        redirect_uri=redirect_uri,
        state=Secret(entropy.token()),
        nonce=Secret(entropy.token()),
        code_verifier=None if provider.pkce is PkceMethod.NO else Secret(entropy.token()),
        extra_params=(*provider.extra_params, *_login_hint(sign_in)),
    )


def _login_hint(sign_in: SignIn) -> tuple[tuple[str, str], ...]:
    """Return the hint who is to sign in (OpenID Connect Core section 3.1.2.1), unless the user gives one."""
    account, given = sign_in.settings.login.account, dict(sign_in.settings.provider.extra_params)
    return (("login_hint", account),) if account and "login_hint" not in given else ()


def client_method(sign_in: SignIn) -> ClientAuthentication:
    """Return how this client proves itself when it redeems the code."""
    return settled_method(provider=sign_in.settings.provider, metadata=sign_in.metadata, world=sign_in.world)


def redeemed(sign_in: SignIn, request: AuthorizationRequest, code: Secret, method: ClientAuthentication) -> Session:
    """Trade the code for tokens, once, and return the verified session."""
    form = tokens.code_form(code, redirect_uri=request.redirect_uri, code_verifier=request.code_verifier)
    response = send(
        form,
        url=sign_in.metadata.token_endpoint,
        provider=sign_in.settings.provider,
        metadata=sign_in.metadata,
        world=sign_in.world,
        method=method,
    )
    return sign_in.verified(tokens.read_token_response(response), request.nonce)


def _next_url(sign_in: SignIn) -> str | None:
    """Return the page to go on to. One over http is left out: others on the way could put another in its place.

    :raises SettingsError: it is no page at all.
    """
    wanted = sign_in.settings.login.open_url_after_authentication
    if wanted is None:
        return None
    if not pages.check_next_url(wanted, http=True).lower().startswith("http:"):
        return wanted
    sign_in.world.console.tell(f"warning: {wanted} is not opened after the sign-in: it is not https")
    return None


def _ask(sign_in: SignIn, request: AuthorizationRequest) -> None:
    """Bring the person to the provider; when no browser starts, they can follow the URL themselves."""
    login, console = sign_in.settings.login, sign_in.world.console
    seconds = f"{login.authentication_timeout:.0f} seconds"
    if not login.skip_open_browser and sign_in.world.browser.open(request.url):
        console.tell(f"signing in to {sign_in.settings.provider.issuer} in your browser; waiting up to {seconds}")
        console.detail(1, f"waiting for the answer at {request.redirect_uri}")
        return
    console.tell(f"Please visit the following URL in your browser: {request.url}")
    console.tell(f"waiting up to {seconds} for the answer at {request.redirect_uri}")
    if not login.skip_open_browser:
        console.tell("hint: no browser could be started here; --grant-type=device-code signs in from another device")


def _answered(
    sign_in: SignIn, request: AuthorizationRequest, callback: Callback, method: ClientAuthentication
) -> Session:
    with sign_in.world.console.waiting("the browser", deadline=sign_in.deadline):
        code = callback.wait(
            lambda query: authorization.read_callback(query, request, sign_in.metadata), deadline=sign_in.deadline
        )
    sign_in.world.console.detail(1, "the provider answered; exchanging the code for tokens")
    return redeemed(sign_in, request, code, method)


def _welcome(session: Session, next_url: str | None) -> str:
    who = id_token.read_unverified(session.id_token).person if session.id_token else session.client_id
    return pages.signed_in(who, session.issuer, next_url=next_url)
