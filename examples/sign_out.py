"""End the session of ``get_token.py`` through the public API: ``python examples/sign_out.py ISSUER CLIENT_ID``."""

import sys
from pathlib import Path

from kubelogin_py import Cache, Error, Provider, Settings, sign_out

settings = Settings(
    Provider(issuer=sys.argv[1], client_id=sys.argv[2], extra_scopes=("email", "groups")),
    cache=Cache(directory=Path.home() / ".cache" / "my-program"),
)
try:
    outcome = sign_out(settings)
except Error as error:
    sys.exit(f"{error.message}\n{error.hint or ''}")
# What was kept is gone in any case; a fault says why the provider may go on with the session.
print("; ".join(outcome.faults) or ("signed out" if outcome.was_kept else "nobody was signed in"))
