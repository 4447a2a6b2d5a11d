"""Whether the person who signed in is the one who was asked for."""

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.claims import Claims
from kubelogin_py.text import printable

_NAMES = ("email", "preferred_username", "upn", "unique_name")
"""Claims with an address that a person is known by; the last two are Microsoft's."""

_SHOWN = 100


def check_account(claims: Claims, account: str) -> None:
    """Make sure that a token is for the account that was asked for, where that can be told.

    A browser that is still signed in as somebody else may never ask. So an account that is written as an address must
    be one of the addresses in the token; any other name is the user's own and says nothing about the person. A token
    without an address says nothing either.

    :raises VerificationError: step ``account``.
    """
    addresses = [value for name in _NAMES if isinstance(value := claims.raw.get(name), str) and "@" in value]
    known = {value.casefold() for value in (*addresses, claims.subject)}
    if "@" not in account or not addresses or account.casefold() in known:
        return
    raise VerificationError(
        f"{printable(addresses[0], _SHOWN)} signed in, not {printable(account, _SHOWN)}",
        step="account",
        hint="choose that account in the browser; `kubelogin logout --sso` lets it ask again",
    )
