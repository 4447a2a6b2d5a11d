"""``talos-cred status``: who is signed in, with what, until when. Exit code 0 good, 1 error, 2 sign-in needed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kubelogin_py.errors import Error
from kubelogin_py.text import printable
from talos_cred import renewal, wiring
from talos_cred.adapters.files import Files
from talos_cred.cli import choices, option
from talos_cred.cli.context import files_of, read_profiles, recalled, remembered
from talos_cred.cli.options import LOGIN
from talos_cred.login import validity_of
from talos_cred.record import Record
from talos_cred.settings import DEFAULT_CONTEXT
from talos_cred.talosconfig import Talosconfig

GOOD, RENEWABLE, NEEDED = "good", "renewable", "sign-in needed"
_CODES = {GOOD: 0, RENEWABLE: 0, NEEDED: 2}


def run(context: str | None, talosconfig: str, output: str, environment: Mapping[str, str]) -> tuple[str, int]:
    """Return what is to be printed, and the exit code.

    :param context: ``None`` for every context that a sign-in made.
    :param output: ``text`` or ``json``.
    """
    files = files_of(talosconfig, environment)
    config = Talosconfig(files.read(), files.shown)
    named = context or environment.get("TALOS_CRED_CONTEXT_NAME")
    names = [named] if named else [record.context for record in remembered(files)] or [DEFAULT_CONTEXT]
    found = [_context(name, config, files, environment) for name in names]
    code = max(_CODES[entry["state"]] for entry in found)
    if output == "json":
        return json.dumps({"talosconfig": str(files.path), "contexts": found}, indent=2), code
    return "\n\n".join(_text(entry, files) for entry in found), code


def _context(name: str, config: Talosconfig, files: Files, environment: Mapping[str, str]) -> dict[str, Any]:
    kept = recalled(files, name)
    validity = validity_of(config, name)
    now = wiring.clock().now()
    refreshable = bool(kept) and _refreshable(kept, environment) if kept else False
    valid = renewal.is_valid(validity, now)
    return {
        "context": name,
        "state": GOOD if valid else RENEWABLE if refreshable else NEEDED,
        "current": config.current == name,
        "managed": kept is not None,
        "person": kept.person if kept else None,
        "server": kept.server if kept else None,
        "issuer": (kept.options.get("provider") or kept.options.get("oidc-issuer-url")) if kept else None,
        "roles": list(_roles(config, name)),
        "endpoints": _endpoints(config, name),
        "authorities": list(kept.known.authorities) if kept else [],
        "certificate": {"not_before": _iso(validity.not_before), "not_after": _iso(validity.not_after)}
        if validity
        else None,
        "valid": valid,
        "seconds_left": max(0, round(validity.not_after - now)) if validity else 0,
        "refresh_possible": refreshable,
    }


def _iso(seconds: float) -> str:
    """Return UTC seconds as RFC 3339 has them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(time: str) -> str:
    """Return RFC 3339 as people read it."""
    return time.replace("T", " ").replace("Z", " UTC")


def _roles(config: Talosconfig, name: str) -> tuple[str, ...]:
    from talos_cred.certificate import read_certificates  # noqa: PLC0415 -- only where there is one

    try:
        return read_certificates(config.pem(name, "crt") or "", "crt")[0].roles
    except Error:
        return ()


def _endpoints(config: Talosconfig, name: str) -> list[str]:
    """Return the nodes of a context; talosctl takes nothing but a list of texts for them."""
    found = (config.context(name) or {}).get("endpoints")
    return [str(node) for node in found] if isinstance(found, list) else []


def _refreshable(kept: Record, environment: Mapping[str, str]) -> bool:
    """Return whether a certificate can be had without a person, as far as that is known without asking anybody."""
    try:
        profile = read_profiles(environment).values.get(kept.profile, {})
        values, _ = option.resolved(LOGIN, {}, {}, ("profile", profile), ("the last login", kept.options))
        if values["id-token-file"]:
            return True
        session = wiring.session(choices.sign_in_of(values, environment), environment).load()
    except Error:
        return False
    if session is None:
        return False
    until = session.usable_until
    return session.refresh_token is not None or (until is not None and until > wiring.clock().now())


def _text(entry: Mapping[str, Any], files: Files) -> str:
    certificate = entry["certificate"]
    left = entry["seconds_left"]
    lines = [
        ("context", entry["context"] + (" (current)" if entry["current"] else "")),
        ("talosconfig", files.shown),
        ("state", entry["state"]),
        ("signed in as", entry["person"] or "unknown"),
        ("issuer", entry["issuer"] or "unknown"),
        ("server", entry["server"] or "unknown"),
        ("endpoints", ", ".join(map(str, entry["endpoints"])) or "none"),
        ("roles", ", ".join(entry["roles"]) or "none"),
        ("authority", ", ".join(f"SHA-256 {digest}" for digest in entry["authorities"]) or "unknown"),
        ("valid from", _shown(certificate["not_before"]) if certificate else "no certificate"),
        ("valid until", _shown(certificate["not_after"]) if certificate else "no certificate"),
        ("time left", f"{left // 60} min {left % 60} s" if entry["valid"] else "expired" if certificate else "none"),
        ("refresh", "possible" if entry["refresh_possible"] else "not possible: the next certificate needs a sign-in"),
    ]
    return "\n".join(f"{name + ':':14}{printable(str(value))}" for name, value in lines)
