"""Obtain a token set through the public API: ``python examples/get_token.py ISSUER CLIENT_ID``."""

import sys
from pathlib import Path

from kubelogin_py import Cache, Error, Provider, Settings, sign_in

settings = Settings(
    Provider(issuer=sys.argv[1], client_id=sys.argv[2], extra_scopes=("email", "groups")),
    cache=Cache(directory=Path.home() / ".cache" / "my-program"),
)
try:
    credential = sign_in(settings)
except Error as error:
    sys.exit(f"{error.message}\n{error.hint or ''}")
if credential.claims is not None:
    print(f"signed in as {credential.claims.person}, until {credential.usable_until}")
# `credential.token.reveal()` is the ID token itself; printing the token shows a mask.
