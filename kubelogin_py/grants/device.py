"""The device authorization grant: the person signs in on any device and confirms a code there (RFC 8628)."""

from kubelogin_py.errors import SignInError, TransientError
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.grants.token_endpoint import send
from kubelogin_py.oidc import device, pkce, tokens
from kubelogin_py.oidc.device import DeviceAuthorization, Done, Wait
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import PkceMethod


def obtain(sign_in: SignIn) -> Session:
    """Return the session of a sign-in on another device.

    :raises SignInError: the person said no, or the code or the time ran out.
    """
    verifier = _code_verifier(sign_in)
    asked = _authorized(sign_in, verifier)
    deadline = min(sign_in.deadline, sign_in.world.clock.monotonic() + asked.expires_in)
    _show(sign_in, asked, seconds=deadline - sign_in.world.clock.monotonic())
    with sign_in.world.console.waiting("the code to be confirmed", deadline=deadline):
        issued = _polled(sign_in, asked, verifier, deadline)
    return sign_in.verified(issued, None)


def _code_verifier(sign_in: SignIn) -> Secret | None:
    """PKCE ties the polls to this process; in this request only where the provider says it knows S256."""
    methods = sign_in.metadata.code_challenge_methods or ()
    if sign_in.settings.provider.pkce is PkceMethod.NO or pkce.METHOD not in methods:
        return None
    return Secret(sign_in.world.entropy.token())


def _authorized(sign_in: SignIn, verifier: Secret | None) -> DeviceAuthorization:
    provider = sign_in.settings.provider
    form = device.authorization_form(
        provider.client_id,
        provider.scope,
        code_challenge=pkce.challenge(verifier) if verifier else None,
        extra_params=provider.extra_params,
    )
    endpoint = sign_in.metadata.endpoint("device_authorization_endpoint")
    return device.read_device_authorization(_sent(sign_in, form, endpoint))


def _show(sign_in: SignIn, asked: DeviceAuthorization, *, seconds: float) -> None:
    """Show URI and code, always both: the person compares the code before confirming (RFC 8628 section 3.3.1)."""
    world, provider = sign_in.world, sign_in.settings.provider
    world.console.tell(f"To sign in to {provider.issuer} for {provider.client_id}, open this page on any device:")
    world.console.tell(f"    {asked.verification_uri}")
    world.console.tell("and confirm this code:")
    world.console.tell(f"    {asked.user_code}")
    world.console.tell(f"Asked for by {world.place}; go on only if that was you. Waiting up to {seconds:.0f} seconds.")
    if not sign_in.settings.login.skip_open_browser:
        world.browser.open(asked.verification_uri_complete or asked.verification_uri)


def _polled(sign_in: SignIn, asked: DeviceAuthorization, verifier: Secret | None, deadline: float) -> TokenSet:
    form = tokens.device_form(asked.device_code, code_verifier=verifier)
    clock = sign_in.world.clock
    wait = Wait(asked.interval)
    while True:
        # The specification has the wait before every poll, the first included.
        if clock.monotonic() + wait.seconds > deadline:
            clock.sleep(max(0.0, deadline - clock.monotonic()))
            raise SignInError(
                f"nobody confirmed the code at {asked.verification_uri} in time",
                hint="run the command again; --authentication-timeout-sec allows more time",
            )
        clock.sleep(wait.seconds)
        outcome = device.next_poll(_poll(sign_in, form), wait)
        if isinstance(outcome, Done):
            return outcome.tokens
        wait = outcome


def _poll(sign_in: SignIn, form: tokens.Form) -> Response | TransientError:
    try:
        return _sent(sign_in, form, sign_in.metadata.token_endpoint)
    except TransientError as error:
        sign_in.world.console.detail(1, error.message)
        return error


def _sent(sign_in: SignIn, form: tokens.Form, url: str) -> Response:
    return send(
        form,
        url=url,
        provider=sign_in.settings.provider,
        metadata=sign_in.metadata,
        world=sign_in.world,
        timeout=max(sign_in.remaining, 1.0),
    )
