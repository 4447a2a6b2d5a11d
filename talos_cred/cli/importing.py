"""``talos-cred import``: take over a sign-in of talosctl-oidc, once."""

from collections.abc import Mapping
from typing import Any

from kubelogin_py.errors import StorageError
from kubelogin_py.text import printable
from talos_cred import record, wiring
from talos_cred.adapters import foreign_store
from talos_cred.cli.context import choose, recalled, say
from talos_cred.record import Record


def run(given: Mapping[str, Any], environment: Mapping[str, str]) -> int:
    """Import the sign-in of one context and return the exit code.

    :param given: values of the command line by parameter; the server is the only one talosctl-oidc does not keep.
    """
    context = given["context_name"]
    found = foreign_store.find(context, environment, clock=wiring.clock(), tell=say)
    if found is None:
        raise StorageError(
            f"talosctl-oidc keeps no sign-in for context {printable(context, 60)}",
            hint="name the context it was signed in for with --context-name",
        )
    chosen = choose({**given, "provider": found.issuer, "client_id": found.client_id}, "", environment)
    session = wiring.session(chosen.settings.sign_in, environment)
    session.save(found.session())
    files = wiring.files(chosen.settings.place.talosconfig)
    kept = recalled(files, context)
    if kept is None:
        new = Record(context, options=chosen.options, server=chosen.settings.server.url, session_key=session.key)
        files.remember("record", context, record.render(new))
    say(f"context {printable(context, 60)}: the sign-in of talosctl-oidc was imported; nothing of it was changed there")
    say(f"next: talos-cred login --context-name {printable(context, 60)}")
    return 0
