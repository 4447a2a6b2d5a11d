"""Options of signing out."""

from kubelogin_py.cli.option import LOGOUT, Option, Topic
from kubelogin_py.compat.flag_values import BOOL

SIGN_OUT_OPTIONS = (
    Option(
        name="all",
        kind=BOOL,
        default=False,
        help="End every session of the token cache and of the kubeconfig's contexts, and empty the token cache",
        topic=Topic.SIGN_OUT,
        commands=(LOGOUT,),
    ),
    Option(
        name="sso",
        kind=BOOL,
        default=False,
        help="End the session in the browser as well, on the provider's page for that",
        topic=Topic.SIGN_OUT,
        commands=(LOGOUT,),
    ),
)
