"""What the operator chose, as frozen values."""

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network

ADMIN = "os:admin"
IMPERSONATOR = "os:impersonator"
"""Lets its holder claim any role by request metadata, so it is never granted unless the operator names it."""

KNOWN_ROLES = frozenset({ADMIN, "os:operator", "os:reader", "os:etcd:backup", "os:image:verifier", "os:meta:writer"})
"""Roles that Talos knows and that may be granted without further words."""


class ConfigError(Exception):
    """The configuration can't be used; the text says which setting and why, never a secret's value."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Whoever has this value in this claim gets these roles.

    :param claim: name of a claim at the top level of the ID token.
    :param value: what the claim must be, or hold as one of its strings.
    :param roles: Talos roles granted; none denies whoever matches no other rule.
    """

    claim: str
    value: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting under the name it has in the configuration file. Durations are in seconds.

    :param issuer_url: issuer whose ID tokens are accepted.
    :param issuer_ca: PEM file trusted for the issuer besides the system's authorities.
    :param client_id: audience the tokens must have.
    :param client_secret: key of HMAC-signed tokens; without ``allow_hmac`` it is not used.
    :param allow_hmac: accept HMAC-signed tokens: whoever knows the secret can then be anybody.
    :param max_token_age: how long ago a token may have been issued; 0 accepts any age until it expires.
    :param one_use: whether a token is good for one certificate only.
    :param endpoints: Talos nodes told to clients.
    :param ca_cert: PEM file of the Talos API authority; ``ca_cert_data`` is the PEM text itself.
    :param ca_key: PEM file of its private key; ``ca_key_data`` is the PEM text itself.
    :param talos_config: talosconfig whose authority signs, or with whose credential a node is asked to.
    :param talos_endpoints: nodes asked when a node signs; ``endpoints`` when empty.
    :param cert_ttl: lifetime of certificates, at most ``max_ttl``.
    :param roles: roles of everybody whom no rule matches; ``None`` when nothing was written.
    :param rules: claim-to-role rules; ``None`` when there is no ``rbac`` section.
    :param split_strings: whether a claim of several words matches a rule by one of them.
    :param extra_roles: roles that may be granted although Talos' own list does not have them, or warns of them.
    :param listen: ``host:port``; without a host all addresses.
    :param insecure: serve plain HTTP.
    :param tls_cert: PEM file of the server's certificate, with ``tls_key``.
    :param tls_sans: further names and addresses for the self-signed certificate.
    :param data_dir: where the self-signed certificates are kept.
    :param audit_log: file of the audit log; ``-`` is standard output.
    :param rate_limit_requests: requests per address and ``rate_limit_window``; 0 is no limit.
    :param ip_allowlist: networks that may exchange; empty allows all.
    :param trusted_proxies: peers whose ``X-Forwarded-For`` is believed.
    """

    issuer_url: str = ""
    issuer_ca: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_secret_file: str = ""
    allow_hmac: bool = False
    max_token_age: float = 300.0
    one_use: bool = True
    endpoints: tuple[str, ...] = ()
    ca_cert: str = ""
    ca_key: str = ""
    ca_cert_data: str = ""
    ca_key_data: str = field(default="", repr=False)
    talos_config: str = ""
    talos_endpoints: tuple[str, ...] = ()
    cert_ttl: float = 300.0
    max_ttl: float = 3600.0
    roles: tuple[str, ...] | None = None
    rules: tuple[Rule, ...] | None = None
    split_strings: bool = False
    extra_roles: tuple[str, ...] = ()
    listen: str = ":8443"
    insecure: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    tls_sans: tuple[str, ...] = ()
    data_dir: str = ""
    audit_log: str = "-"
    admin_token: str = field(default="", repr=False)
    rate_limit_requests: int = 0
    rate_limit_window: float = 60.0
    ip_allowlist: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()

    @property
    def ttl(self) -> int:
        """Whole seconds that a certificate lives."""
        return int(min(self.cert_ttl, self.max_ttl))

    @property
    def static_roles(self) -> tuple[str, ...]:
        """Roles of everybody whom no rule matches: none once there are rules, unless they were written down."""
        if self.roles is not None:
            return self.roles
        return (ADMIN,) if self.rules is None else ()
