"""The ways to obtain a token set, by name: one file and one row each, imported on use."""

from importlib import import_module
from typing import cast

from kubelogin_py.grants.sign_in import Grant
from kubelogin_py.settings import GrantType

GRANTS = {
    GrantType.AUTHCODE: "kubelogin_py.grants.authorization_code:obtain",
    GrantType.AUTHCODE_KEYBOARD: "kubelogin_py.grants.keyboard:obtain",
    GrantType.PASSWORD: "kubelogin_py.grants.password:obtain",
    GrantType.DEVICE_CODE: "kubelogin_py.grants.device:obtain",
    GrantType.CLIENT_CREDENTIALS: "kubelogin_py.grants.client_credentials:obtain",
}


def grant(grant_type: GrantType) -> Grant:
    """Return the grant of this name; ``auto`` is the authorization code in the browser."""
    chosen = GrantType.AUTHCODE if grant_type is GrantType.AUTO else grant_type
    module, _, name = GRANTS[chosen].partition(":")
    return cast("Grant", getattr(import_module(module), name))
