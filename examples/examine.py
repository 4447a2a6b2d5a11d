"""Find out what keeps ``get_token.py`` from working: ``python examples/examine.py ISSUER CLIENT_ID``."""

import sys
from pathlib import Path

from kubelogin_py import Cache, Provider, Settings, examine

settings = Settings(
    Provider(issuer=sys.argv[1], client_id=sys.argv[2], extra_scopes=("email", "groups")),
    cache=Cache(directory=Path.home() / ".cache" / "my-program"),
)
for finding in examine(settings):
    if finding.status in ("warn", "fail"):
        print(f"{finding.check}: {finding.found}\n  why: {finding.cause}\n  do: {finding.next}")
