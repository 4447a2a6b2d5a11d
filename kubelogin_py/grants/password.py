"""The password grant: the person's name and password are given to us (RFC 6749 section 4.3).

For kubeconfigs that have it: RFC 9700 section 2.4 forbids it to new ones. What is missing is asked for on the
terminal; the password is sent once and kept nowhere.
"""

from kubelogin_py.errors import OAuthError, SignInError
from kubelogin_py.grants.sign_in import SignIn
from kubelogin_py.grants.token_endpoint import send
from kubelogin_py.oidc import tokens
from kubelogin_py.oidc.authorization import PROTECTED_PARAMS, check_extra_params
from kubelogin_py.oidc.tokens import TokenSet
from kubelogin_py.oidc.urls import host_of
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

_OWN = PROTECTED_PARAMS | {"username", "password"}
_WRONG_PASSWORD = "invalid_grant"  # noqa: S105 -- an error code


def obtain(sign_in: SignIn) -> Session:
    """Return the session of somebody whose name and password are known here.

    :raises SignInError: no terminal is lent to us, nothing was typed in time, or the provider says no.
    """
    params, console = sign_in.settings.provider.extra_params, sign_in.world.console
    check_extra_params(params, protected=_OWN)
    console.tell(
        "warning: the password grant is deprecated (RFC 9700 section 2.4); "
        "--grant-type=authcode or device-code needs no password here"
    )
    username, password = _credentials(sign_in)
    form = tokens.password_form(username, password, scope=sign_in.settings.provider.scope, extra_params=params)
    return sign_in.verified(_issued(sign_in, form), None)


def _credentials(sign_in: SignIn) -> tuple[str, Secret]:
    login, console = sign_in.settings.login, sign_in.world.console
    if login.password is not None:
        console.tell(
            "warning: --password can be seen by the other users of this machine in the list of processes; "
            "leave it out to be asked"
        )
    username = login.username or console.ask("Username: ", deadline=sign_in.deadline, visible=True).reveal().strip()
    if not username:
        raise SignInError("no username was given", hint="set --username, or run the command again")
    password = login.password or console.ask("Password: ", deadline=sign_in.deadline)
    if not password:
        raise SignInError("no password was given", hint="run the command again")
    return username, password


def _issued(sign_in: SignIn, form: tokens.Form) -> TokenSet:
    response = send(
        form,
        url=sign_in.metadata.token_endpoint,
        provider=sign_in.settings.provider,
        metadata=sign_in.metadata,
        world=sign_in.world,
        timeout=max(sign_in.remaining, 1.0),
    )
    try:
        return tokens.read_token_response(response)
    except OAuthError as error:
        if error.error != _WRONG_PASSWORD:
            raise
        raise SignInError(
            f"sign-in was denied at {host_of(sign_in.metadata.issuer)}: {error.message}",
            hint="check username and password; whoever needs a second factor can't sign in this way: "
            "use --grant-type=authcode or device-code",
        ) from None
