"""What talosctl-oidc's exchange servers answer, version by version: each makes the key itself.

Labels of the key, the lifetime that is told, and missing endpoints differ; a signing request means nothing to any.
"""

import json
import time
from collections.abc import Callable

from tests.support.exchange_fake import http
from tests.support.talos_pki import TalosCa, key_pem, new_key

VERSIONS: dict[str, tuple[str, dict[str, object]]] = {
    "V0": ("talos", {"ttl_seconds": 3600}),
    "V1": ("pkcs8", {"ttl_seconds": 3600}),
    "V1.5, lifetime that lies": ("pkcs8", {"ttl_seconds": 86400 * 365}),
    "V2, by the Talos API": ("talos", {}),
    "V3, without endpoints": ("talos", {"endpoints": None}),
    "key of an older authority": ("traditional", {}),
}
"""The key's form, and what else is in the answer."""


def upstream(
    talos: TalosCa, version: str, *, seconds: float = 300.0, roles: tuple[str, ...] = ("os:admin",)
) -> Callable[[bytes], bytes]:
    """Return the script of an exchange server of a version.

    :param seconds: that a certificate lives.
    """
    label, answer = VERSIONS[version]

    def script(_: bytes) -> bytes:
        key = new_key("ed25519" if label == "talos" else "p256")
        certificate = talos.issue(key.public_key(), now=time.time(), seconds=seconds, roles=roles)
        members = {"ca": talos.pem, "cert": certificate, "key": key_pem(key, label), "endpoints": ["10.0.0.1"]}
        body = json.dumps({**members, "ttl_seconds": int(seconds), **answer}).encode()
        return http(200, body, Content_Type="application/json")

    return script
