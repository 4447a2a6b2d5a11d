"""Obtain and check a Talos certificate: ``python examples/talos_login.py ISSUER CLIENT_ID SERVER [SERVER_CA]``."""

import sys

from kubelogin_py import Cache, Error, Provider, Settings
from talos_cred import Policy, Server, obtain

issuer, client_id, server, *ca = sys.argv[1:]
sign_in = Settings(Provider(issuer, client_id, extra_scopes=("offline_access",)), cache=Cache())
try:
    credential = obtain(sign_in, Server(server, *ca), policy=Policy(max_roles=("os:reader", "os:admin")))
except Error as error:
    sys.exit(f"{error.message}\n{error.hint or ''}")
print(f"roles {', '.join(credential.roles)} on {', '.join(credential.endpoints)} until {credential.not_after:.0f}")
# `credential.ca`, `.certificate` and `.key.reveal()` are PEM; printing the key itself shows a mask.
