"""``talos-cred trust``: look at an exchange server's key, and remember it when a person recognises it."""

from collections.abc import Mapping

from kubelogin_py.errors import Error, UsageError
from talos_cred import wiring
from talos_cred.adapters.person import described, is_terminal
from talos_cred.certificate import is_named
from talos_cred.cli.context import say
from talos_cred.errors import UntrustedServerError
from talos_cred.server_identity import check_url, is_pinned, origin, read_fingerprint, shown_origin
from talos_cred.settings import Server


def run(url: str, fingerprint: str, *, replace: bool, environment: Mapping[str, str]) -> int:
    """Show a server's fingerprints and remember its key, and return the exit code.

    :param fingerprint: what it must be, told on another way; then nobody is asked.
    :param replace: also when another key is remembered.
    """
    if not check_url(url, insecure_http=False).lower().startswith("https:"):
        raise UsageError(f"{shown_origin(url)} has no key to trust over plain http", hint="give its https address")
    person = wiring.person(attended=is_terminal())
    clock = wiring.clock()
    certificate = wiring.look(Server(url), clock=clock, person=person, environment=environment)
    shown, host = shown_origin(url), origin(url)[1]
    known = wiring.known_servers(environment, clock=clock, person=person)
    # What can't be read is replaced like what is another key.
    before = None if replace else known.recall(shown)
    if before and before.fingerprint != certificate.public_fingerprint:
        raise UntrustedServerError(
            f"{shown} had the key {before.fingerprint} (trusted since {before.since}), "
            f"and has {certificate.public_fingerprint} now",
            hint="ask whoever runs it; if it was changed on purpose, add --replace",
        )
    for line in described(shown, certificate):
        say(line)
    if fingerprint:
        if not is_pinned(certificate, read_fingerprint(fingerprint)):
            raise UntrustedServerError(f"{shown} does not have that fingerprint", hint="nothing was remembered")
    elif not is_terminal():
        raise Error("nobody is here to compare the fingerprint", hint="give it with --fingerprint")
    elif not person.trusts(shown, certificate):
        say("not trusted; nothing was remembered")
        return 1
    if not certificate.names:
        raise UntrustedServerError(f"the certificate of {shown} is for no host", hint="give it subjectAltNames")
    known.remember(shown, certificate, name=host if is_named(certificate, host) else certificate.names[0])
    say(f"{shown} is trusted from now on")
    return 0
