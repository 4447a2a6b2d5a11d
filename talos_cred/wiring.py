"""The only place where adapters meet the application."""

import os
import random
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import kubelogin_py
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.ports import Clock, Console
from kubelogin_py.secret import Secret
from kubelogin_py.settings import Settings as SignIn
from talos_cred import __version__, issuing
from talos_cred.adapters.exchange_client import HttpsExchange
from talos_cred.adapters.files import Files
from talos_cred.adapters.known_servers import KnownServers, RecognisedExchange, config_directory
from talos_cred.adapters.person import TerminalPerson, is_terminal
from talos_cred.adapters.session import SessionKeeper
from talos_cred.adapters.sign_in import GivenTokens, SignInTokens
from talos_cred.certificate import Certificate
from talos_cred.checks import Credential, Known
from talos_cred.ports import Tokens, World
from talos_cred.server_identity import check_url
from talos_cred.settings import Policy, Server, Settings


def obtain(
    sign_in: SignIn,
    server: Server,
    *,
    policy: Policy | None = None,
    known: Known | None = None,
    id_token: Secret | None = None,
    attended: bool = True,
) -> Credential:
    """Return a checked client certificate for Talos; nothing is written but the session of the sign-in.

    :param sign_in: how an ID token is obtained.
    :param server: the exchange server.
    :param policy: what may be accepted.
    :param known: what was seen before, to be compared with; ``credential.known`` of the last time.
    :param id_token: an ID token to use instead of signing in.
    :param attended: whether a browser may be opened.
    :raises Error: see ``talos_cred.errors``.
    """
    check_url(server.url, insecure_http=server.insecure_http)
    clock = SystemClock()
    chosen = policy or Policy()
    person = TerminalPerson(_terminal(0, interactive=False), clock=clock, attended=False)
    tokens: Tokens = GivenTokens(None, id_token, clock=clock)
    if id_token is None:
        tokens = _sign_in_tokens(sign_in, chosen, 0, clock=clock, person=person, attended=attended)
    exchange_server = recognised(server, clock=clock, person=person, environment=os.environ)
    credential, _ = issuing.issue(tokens, exchange_server, chosen, known or Known(), clock=clock, person=person)
    return credential


def world(
    settings: Settings,
    *,
    attended: bool,
    verbosity: int = 0,
    environment: Mapping[str, str] | None = None,
    id_token: Secret | None = None,
    clock: Clock | None = None,
) -> World:
    """Return everything outside for a login.

    :param attended: whether a person may be asked and a browser opened.
    :param verbosity: 0 says only what the person must know, 1 the steps, 2 the requests, too.
    :param environment: the process's own unless given.
    :param id_token: an ID token to use instead of signing in.
    """
    settled = os.environ if environment is None else environment
    clock = clock or SystemClock()
    person = _person(verbosity, clock, attended=attended)
    # Where a fault of the address would come to light only after a sign-in.
    check_url(settings.server.url, insecure_http=settings.server.insecure_http)
    tokens: Tokens
    if id_token is not None or settings.id_token_file:
        tokens = GivenTokens(settings.id_token_file, id_token, clock=clock)
    else:
        tokens = _sign_in_tokens(
            settings.sign_in, settings.policy, verbosity, clock=clock, person=person, attended=attended
        )
    return World(
        clock=clock,
        tokens=tokens,
        server=recognised(settings.server, clock=clock, person=person, environment=settled),
        files=Files(settings.place.talosconfig, clock=clock, console=_terminal(verbosity, interactive=False)),
        person=person,
        jitter=random.SystemRandom().random,
    )


def recognised(
    server: Server, *, clock: Clock, person: TerminalPerson, environment: Mapping[str, str]
) -> RecognisedExchange:
    """Return the exchange server, as it is recognised."""
    client = _client(clock, person, environment)
    return RecognisedExchange(server, client, known_servers(environment, clock=clock, person=person), person)


def known_servers(environment: Mapping[str, str], *, clock: Clock, person: TerminalPerson) -> KnownServers:
    """Return the servers whose key a person has accepted."""
    directory = config_directory(environment)
    return KnownServers(directory / "servers" if directory else None, clock=clock, warn=person.tell)


def _sign_in_tokens(
    sign_in: SignIn, policy: Policy, verbosity: int, *, clock: Clock, person: TerminalPerson, attended: bool
) -> SignInTokens:
    return SignInTokens(
        sign_in,
        lambda settings: kubelogin_py.sign_in(settings, verbosity),
        max_age=policy.max_token_age,
        clock=clock,
        person=person,
        attended=attended,
    )


def _terminal(verbosity: int, *, interactive: bool) -> Console:
    return Terminal(verbosity, sys.stderr, interactive=interactive)


def clock() -> Clock:
    """Return the system's clock."""
    return SystemClock()


def files(path: Path) -> Files:
    """Return a talosconfig and what is beside it."""
    return Files(path, clock=SystemClock(), console=_terminal(0, interactive=False))


def session(sign_in: SignIn, environment: Mapping[str, str]) -> SessionKeeper:
    """Return the session of a sign-in."""
    return SessionKeeper(
        sign_in,
        environment=environment,
        console=_terminal(0, interactive=False),
        clock=SystemClock(),
    )


def person(*, attended: bool) -> TerminalPerson:
    """Return the person at the terminal."""
    return _person(0, SystemClock(), attended=attended)


def _person(verbosity: int, clock: Clock, *, attended: bool) -> TerminalPerson:
    # Trust is given at a terminal only: a "yes" out of a pipe is nobody's word.
    return TerminalPerson(_terminal(verbosity, interactive=attended), clock=clock, attended=attended and is_terminal())


def look(server: Server, *, clock: Clock, person: TerminalPerson, environment: Mapping[str, str]) -> Certificate:
    """Return the certificate that an exchange server presents; nothing is sent to it."""
    return _client(clock, person, environment)(server).look()


def _client(clock: Clock, person: TerminalPerson, environment: Mapping[str, str]) -> Callable[[Server], HttpsExchange]:
    return partial(
        HttpsExchange,
        environment=environment,
        clock=clock,
        user_agent=f"talos-cred/{__version__}",
        on_request=lambda line: person.detail(2, line),
        warn=person.tell,
    )
