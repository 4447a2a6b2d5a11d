"""What settings must not say together, and what an operator should think about again."""

import re
from collections.abc import Iterator

from . import values
from .settings import IMPERSONATOR, KNOWN_ROLES, ConfigError, Settings
from .strict_jwt import HMAC

_ROLE = re.compile(r"[\x21-\x7e]{1,64}")


def check(settings: Settings) -> None:
    """Return if the settings can be used together.

    :raises ConfigError: they can't.
    """
    for name in ("issuer_url", "client_id", "endpoints"):
        if not getattr(settings, name):
            raise ConfigError(f"{name} is required")
    _check_authority(settings)
    _check_listener(settings)
    if settings.ttl < 1:
        raise ConfigError("cert_ttl and max_ttl must be 1s or more")
    if settings.rate_limit_requests and settings.rate_limit_window <= 0:
        raise ConfigError("rate_limit_window must be more than 0")
    if settings.allow_hmac and len(settings.client_secret.encode()) < min(HMAC.values()):
        raise ConfigError(f"allow_hmac needs a client_secret of {min(HMAC.values())} bytes or more")
    granted = [*settings.static_roles, *(role for rule in settings.rules or () for role in rule.roles)]
    for role in granted:
        _check_role(role, settings)


def advise(settings: Settings) -> Iterator[str]:
    """Yield what an operator should know about settings that can be used."""
    if settings.insecure:
        yield "insecure: ID tokens and private keys travel unencrypted; only behind a TLS proxy on the same machine"
    if settings.allow_hmac:
        yield "allow_hmac: whoever knows client_secret, every user of the client included, can sign in as anybody"
    elif settings.client_secret:
        yield "client_secret is not used: HMAC-signed tokens are refused unless allow_hmac is set"
    if settings.admin_token:
        yield "admin_token is not used: this server has no admin API"
    if settings.cert_ttl > settings.max_ttl:
        yield f"cert_ttl is more than max_ttl: certificates live {values.written_duration(settings.ttl)}"
    if settings.rules is not None and settings.roles:
        yield f"roles: whoever matches no rule still gets {', '.join(settings.roles)}; leave roles out to deny"
    if not settings.static_roles and not any(rule.roles for rule in settings.rules or ()):
        yield "nobody can get a role: there are no roles, neither in roles nor in a rule"
    if settings.talos_config and (settings.ca_cert or settings.ca_cert_data):
        yield "talos_config is not used: ca_cert and ca_key are given too"


def _check_authority(settings: Settings) -> None:
    certificate = settings.ca_cert or settings.ca_cert_data
    key = settings.ca_key or settings.ca_key_data
    if bool(certificate) != bool(key) and not (settings.talos_config and key):
        missing = "key (ca_key or ca_key_data)" if certificate else "certificate (ca_cert or ca_cert_data)"
        raise ConfigError(f"the Talos authority's {missing} is missing")
    if not key and not settings.talos_config:
        raise ConfigError("the Talos authority is required: ca_cert and ca_key, their _data, or talos_config")


def _check_listener(settings: Settings) -> None:
    try:
        values.listen_address(settings.listen)
    except ValueError as error:
        raise ConfigError(f"listen {error}") from None
    if bool(settings.tls_cert) != bool(settings.tls_key):
        raise ConfigError("tls_cert and tls_key must be given together")
    if settings.tls_cert and settings.insecure:
        raise ConfigError("tls_cert and insecure exclude each other")


def _check_role(role: str, settings: Settings) -> None:
    if not _ROLE.fullmatch(role):
        raise ConfigError(f"role {role!a} is malformed")
    if role in KNOWN_ROLES or role in settings.extra_roles:
        return
    why = "lets its holder take any role" if role == IMPERSONATOR else "is not one of Talos' roles"
    raise ConfigError(f"role {role} {why}; add it to extra_roles to grant it all the same")
