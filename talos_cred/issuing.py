"""From a sign-in to a checked certificate: the exchange itself, without a talosconfig."""

from dataclasses import replace

from kubelogin_py.ports import Clock
from talos_cred import checks, exchange
from talos_cred.certificate import KeyPair, make_key_pair
from talos_cred.checks import Credential, Known
from talos_cred.errors import ChangedError, TokenRefusedError
from talos_cred.exchange import Answer, Request
from talos_cred.ports import ExchangeServer, Person, Token, Tokens
from talos_cred.settings import Policy


def issue(
    tokens: Tokens,
    server: ExchangeServer,
    policy: Policy,
    known: Known,
    *,
    clock: Clock,
    person: Person,
    used: str = "",
    timeout: float = 30.0,
) -> tuple[Credential, Token]:
    """Return a checked certificate that is valid now, and the token it was had for.

    A refused token is replaced once; a refusal by policy is final. A new key pair is made for every certificate.

    :param known: what was seen before; the person is asked about changes.
    :param used: digest of the token that was exchanged last.
    :param timeout: seconds for one request to the exchange server.
    """
    server.ready(timeout=timeout)
    own = make_key_pair(policy.key)
    token = tokens.obtain(used=used)
    try:
        answer = _exchanged(server, token, own, clock, timeout)
    except TokenRefusedError as refused:
        person.detail(1, f"{refused.message}; trying once more with a new token")
        another = tokens.renew(token)
        if another is None:
            raise
        token = another
        answer = _exchanged(server, token, own, clock, timeout)
    credential = _checked(answer, own, policy, known, clock=clock, person=person)
    wait = checks.wait_for(credential, clock.now())
    if wait > 0:
        person.tell(f"the certificate is valid in {wait:.0f} s (two clocks disagree a little); waiting")
        clock.sleep(wait)
    for warning in credential.warnings:
        person.detail(1, f"warning: {warning}")
    return credential, token


def _exchanged(server: ExchangeServer, token: Token, own: KeyPair | None, clock: Clock, timeout: float) -> Answer:
    request = Request(token.text, own.csr if own else None)
    return exchange.read_answer(server.exchange(request, timeout=timeout), now=clock.now())


def _checked(
    answer: Answer, own: KeyPair | None, policy: Policy, known: Known, *, clock: Clock, person: Person
) -> Credential:
    """Check an answer; what changed is used only when the person agrees, each change by itself."""
    while True:
        try:
            return checks.check(answer, own, policy, known, now=clock.now())
        except ChangedError as change:
            if not person.agrees(change):
                raise
            policy = _agreed(change, policy)


def _agreed(change: ChangedError, policy: Policy) -> Policy:
    if change.step == "authority":
        return replace(policy, accept_new_ca=True)
    if change.step == "endpoints":
        return replace(policy, accept_new_endpoints=True)
    return replace(policy, max_roles=change.found)
