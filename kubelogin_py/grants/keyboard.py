"""The authorization code grant without a callback: the person carries the answer over by hand."""

from kubelogin_py.grants.authorization_code import authorization_request, client_method, redeemed
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.oidc.pasted import read_pasted
from kubelogin_py.session import Session

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""The redirect URI by which a provider is asked to show the code on a page of its own; int128/kubelogin's default
until 1.33, and still what providers want that were set up for it."""


def obtain(sign_in: SignIn) -> Session:
    """Return the session of a sign-in whose answer is pasted into the terminal.

    The whole redirect URL is wanted, since it proves which sign-in it belongs to; a bare code is taken, too, with
    a warning.

    :raises SignInError: no terminal is lent to us, nothing came in time, or the answer is another sign-in's.
    """
    console = sign_in.world.console
    provider = sign_in.settings.provider
    request = authorization_request(sign_in, provider.keyboard_redirect_url or provider.redirect_url or OUT_OF_BAND)
    console.tell(f"Please visit the following URL in your browser: {request.url}")
    console.tell("After signing in, paste the address of the page you end up on, or the code it shows.")
    method = client_method(sign_in)
    answer = console.ask("Enter code: ", deadline=sign_in.deadline)
    code, state_checked = read_pasted(answer, request, sign_in.metadata)
    if not state_checked:
        console.tell("warning: a bare code does not say which sign-in it belongs to; paste only your own")
    return redeemed(sign_in, request, code, method)
