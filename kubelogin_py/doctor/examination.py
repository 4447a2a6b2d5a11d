"""The whole examination: every check in its order, and those left out whose ground is missing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kubelogin_py.doctor import arguments, cache, cluster, entry, network, policy, provider, session, sign_in, token
from kubelogin_py.doctor.finding import Finding, Status, failed, skipped
from kubelogin_py.doctor.known import Known
from kubelogin_py.ports import Clock

T = TypeVar("T")

PATIENCE = 6.0
"""Seconds for one check: its request, or a file system that does not answer."""

TOTAL = 18.0
"""Seconds for all of them."""


class Bounded(Protocol):
    """Runs work that may hang."""

    def __call__(self, work: Callable[[], T], seconds: float) -> T:
        """Return or raise what the work does.

        :raises TimeoutError: it did not end in so many seconds.
        """
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    :param name: of its finding; findings of one with several begin with it.
    :param run: returns what it finds.
    :param after: names of checks that must not have failed.
    :param of_kubeconfig: whether it is about a kubeconfig, and has nothing to say of a provider named by options.
    """

    name: str
    run: Callable[[Known], Finding | tuple[Finding, ...]]
    after: tuple[str, ...] = ()
    of_kubeconfig: bool = False


CHECKS = (
    Check("kubeconfig", entry.kubeconfig, of_kubeconfig=True),
    Check("exec-section", entry.exec_section, ("kubeconfig",), of_kubeconfig=True),
    Check("command", entry.command, ("exec-section",), of_kubeconfig=True),
    Check("api-version", entry.api_version, ("exec-section",), of_kubeconfig=True),
    Check("interactive-mode", entry.interactive_mode, ("exec-section",), of_kubeconfig=True),
    Check("plugin-policy", policy.plugin_policy, ("exec-section",), of_kubeconfig=True),
    Check("arguments", arguments.arguments, ("kubeconfig", "exec-section")),
    Check("secrets", arguments.secrets, ("arguments",)),
    Check("issuer-url", arguments.issuer_url, ("arguments",)),
    Check("proxy", network.proxy, ("issuer-url",)),
    Check("certificate-authorities", network.certificate_authorities, ("arguments",)),
    Check("discovery", provider.provider_metadata, ("issuer-url", "proxy", "certificate-authorities")),
    Check("clock", network.clock, ("discovery",)),
    Check("issuer", provider.issuer, ("discovery",)),
    Check("endpoints", provider.endpoints, ("issuer",)),
    Check("key-set", provider.key_set, ("endpoints",)),
    Check("algorithms", provider.algorithms, ("key-set",)),
    Check("client", provider.client, ("issuer",)),
    Check("scopes", provider.scopes, ("issuer",)),
    Check("grant", provider.grant, ("endpoints",)),
    Check("redirect-ports", sign_in.redirect_ports, ("arguments",)),
    Check("registration", sign_in.registration, ("grant",)),
    Check("browser", sign_in.browser, ("arguments",)),
    Check("cache-directory", cache.cache_directory, ("arguments",)),
    Check("cache-files", cache.cache_files, ("cache-directory",)),
    Check("cache-locks", cache.cache_locks, ("cache-directory",)),
    Check("keyring", cache.keyring, ("arguments",)),
    Check("last-sign-in", sign_in.last_sign_in, ("arguments",)),
    Check("session", session.session, ("cache-directory", "keyring")),
    Check("refresh", session.refresh, ("session",)),
    Check("cluster", cluster.cluster, ("kubeconfig",), of_kubeconfig=True),
    Check("api-server", cluster.api_server, ("session", "cluster"), of_kubeconfig=True),
    Check("token", token.token, ("session",)),
)
"""All checks, in the order in which one depends on another."""


def examine(known: Known, bounded: Bounded, clock: Clock) -> list[Finding]:
    """Return what every check finds.

    :param bounded: runs work for at most so many seconds.
    :param clock: for the deadline of them all.
    """
    end = clock.monotonic() + TOTAL
    found: list[Finding] = []
    lost: set[str] = set()
    for check in CHECKS:
        missing = [name for name in check.after if name in lost]
        if missing:
            news: tuple[Finding, ...] = (skipped(check.name, f"needs {' and '.join(missing)}"),)
        else:
            news = _outcome(check, known, bounded, min(PATIENCE, end - clock.monotonic()))
        found += news
        if missing or any(finding.status is Status.FAIL for finding in news):
            lost.add(check.name)
    return found


def _outcome(check: Check, known: Known, bounded: Bounded, seconds: float) -> tuple[Finding, ...]:
    if check.of_kubeconfig and not known.subject.from_kubeconfig:
        return (skipped(check.name, "the command line names the provider: no kubeconfig is looked at"),)
    if seconds <= 0:
        return (skipped(check.name, "no time was left for it"),)
    try:
        outcome = bounded(lambda: check.run(known), seconds)
    except TimeoutError:
        return (_overdue(check.name, seconds),)
    return outcome if isinstance(outcome, tuple) else (outcome,)


def _overdue(name: str, seconds: float) -> Finding:
    return failed(
        name,
        f"it did not end within {seconds:.0f} seconds",
        "a file system, a keyring or a server hangs",
        "see what the cache directory and the kubeconfig are on (df), and try again",
    )
