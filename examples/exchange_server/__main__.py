"""``python -m examples.exchange_server [serve] --config config.yaml``."""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence

from . import server
from .app import make_app
from .audit import AuditLog
from .authorities import open_issuer
from .configuration import CONFIG_VARIABLE, load
from .exchange import Exchange
from .fetch import HttpFetch
from .id_token import Verifier
from .provider import Provider
from .rate_limit import RateLimit
from .settings import ConfigError, Settings
from .tls import Tls, fingerprint, open_tls
from .used_tokens import UsedTokens

logger = logging.getLogger(f"{__package__}.main")


def main(arguments: Sequence[str] | None = None, now: Callable[[], float] = time.time) -> int:
    """Start the server, and return its exit code once it has ended.

    :param now: the time in seconds since 1970.
    """
    parser = argparse.ArgumentParser(
        prog="exchange-server", description="Trades OpenID Connect ID tokens for short-lived Talos client certificates."
    )
    parser.add_argument("command", nargs="?", choices=["serve"], default="serve", help="the only command")
    parser.add_argument("-c", "--config", default="", help=f"YAML file; without it the one {CONFIG_VARIABLE} names")
    chosen = parser.parse_args(arguments)
    debug = bool(os.environ.get("DEBUG"))
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger(__package__).setLevel(logging.DEBUG if debug else logging.INFO)
    try:
        serve(load(chosen.config, os.environ, logger.warning), now)
    except ConfigError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def serve(settings: Settings, now: Callable[[], float]) -> None:
    """Serve until told to end.

    :raises ConfigError: the settings can't be used.
    """
    issuer = open_issuer(settings, now)
    tls = open_tls(settings, now)
    fetch = HttpFetch(settings)
    provider = Provider(settings.issuer_url, fetch)
    audit = AuditLog(settings.audit_log, now)
    exchange = Exchange(
        settings=settings,
        issuer=issuer,
        verifier=Verifier(settings, provider, now),
        audit=audit,
        rate_limit=RateLimit(settings.rate_limit_requests, settings.rate_limit_window),
        used=UsedTokens(now) if settings.one_use else None,
        now=now,
    )
    listener = server.bind(settings)
    app = make_app(exchange, provider, tls.ca, fetch.close)

    def ready() -> None:
        _introduce(tls)
        print(f"READY {server.address(settings, listener)}", flush=True)

    server.run(app, tls, listener, ready, audit.reopen)


def _introduce(tls: Tls) -> None:
    """Tell the operator how clients recognise this server."""
    if tls.ca:
        logger.info("self-signed CA, for --server-ca:\n%s", tls.ca.decode().strip())
        logger.info("SHA-256 of the CA: %s", fingerprint(tls.ca))
    if tls.pin:
        logger.info("SHA-256 of the server's public key, for --server-fingerprint: sha256:%s", tls.pin)


if __name__ == "__main__":
    sys.exit(main())
