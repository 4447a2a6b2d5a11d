"""The one use case: a good certificate in one context of the talosconfig."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kubelogin_py.text import printable
from talos_cred import fastrun, record, renewal
from talos_cred.certificate import read_certificates
from talos_cred.checks import Credential, Known
from talos_cred.errors import CertificateError, TalosconfigError
from talos_cred.issuing import issue
from talos_cred.ports import World
from talos_cred.record import Record
from talos_cred.renewal import Validity
from talos_cred.settings import DEFAULT_MAX_LIFETIME, Place, Policy
from talos_cred.talosconfig import Talosconfig, encoded

LOCK_PATIENCE = 240.0
"""Seconds to wait for another login into the same context, with its person."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a login came to.

    :param record: what is remembered of the context.
    :param validity: of the certificate in place.
    :param renewed: whether it is a new one.
    """

    record: Record
    validity: Validity
    renewed: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a login is to do.

    :param origin: how it was asked for: options without secrets and the profile, kept for renewals.
    :param server: address of the exchange server.
    :param force: also while the certificate is good.
    :param replacing: the certificate that is to be replaced although it may be good; another one that is good stays.
    """

    place: Place
    policy: Policy
    server: str
    options: Mapping[str, Any]
    profile: str = ""
    force: bool = False
    replacing: Validity | None = None


def log_in(wish: Wish, world: World) -> Outcome:
    """Make sure that the context has a good certificate, by an exchange if need be.

    Nothing is written unless every check has passed, and then the context alone.

    :raises Error: see ``errors``.
    """
    place, files = wish.place, world.files
    with files.lock(f"context-{place.context}", f"a login into context {place.context}", patience=LOCK_PATIENCE):
        config = Talosconfig(files.read(), files.shown)
        kept = recalled(world, place.context)
        validity = validity_of(config, place.context, kept)
        if kept and validity and _serves(kept, validity, wish, world.clock.now()):
            return _kept(kept, validity, config, wish, world)
        known = kept.known if kept else _adopted(config, validity, place)
        credential, token = issue(
            world.tokens,
            world.server,
            wish.policy,
            known,
            clock=world.clock,
            person=world.person,
            used=kept.used_token if kept else "",
            timeout=renewal.patience(validity, world.clock.now()),
        )
        new = replace(
            kept or Record(place.context),
            options=wish.options,
            profile=wish.profile,
            server=wish.server,
            person=token.person,
            session_key=token.session_key,
            used_token=token.digest,
            previous=_previous(kept, config, place),
        )
        # Servers date certificates back, so that a node whose clock is behind takes them: they begin to age now.
        begin = Validity(max(credential.not_before, world.clock.now()), credential.not_after)
        new = new.renewed(credential, begin)
        _write(credential, new, begin, wish, world)
        if not known.authorities:
            shown = ", ".join(f"SHA-256 {digest}" for digest in credential.authorities)
            world.person.tell(f"context {printable(place.context)}: its Talos authority is remembered: {shown}")
        return Outcome(new, begin, renewed=True)


def recalled(world: World, context: str) -> Record | None:
    """Return what is remembered of a context, or ``None``."""
    contents = world.files.recall("record", context)
    if contents is None:
        return None
    try:
        return record.read(contents)
    except ValueError as error:
        world.person.tell(f"warning: what was remembered of context {context} is not used: it is {error}")
        return None


def validity_of(config: Talosconfig, context: str, kept: Record | None = None) -> Validity | None:
    """Return from when to when the certificate of a context is valid; ``None`` without a readable one.

    :param kept: what is remembered of the context: it knows when the certificate was issued.
    """
    pem = config.pem(context, "crt")
    try:
        leaf = read_certificates(pem or "", "crt")[0]
    except CertificateError:
        return None
    if kept and kept.validity and kept.validity.not_after == leaf.not_after:
        return kept.validity
    return Validity(leaf.not_before, leaf.not_after)


def note_good(config: Talosconfig, context: str, validity: Validity, world: World) -> None:
    """Leave the note by which ``run`` knows without any reading that the certificate is good."""
    certificate = (config.context(context) or {}).get("crt", "")
    at = renewal.renew_at(validity)
    try:
        world.files.remember("good", context, fastrun.note(validity.not_before, at, certificate))
    except TalosconfigError as error:
        world.person.detail(1, f"note: {error.message}; talos-cred run will be slower")


def _serves(kept: Record, validity: Validity, wish: Wish, now: float) -> bool:
    """Whether the certificate in place is good, and what this login would get."""
    if wish.force or validity == wish.replacing or not renewal.is_good(validity, now):
        return False
    names = ("provider", "oidc-issuer-url", "client-id", "oidc-client-id")
    same = all(kept.options.get(name) == wish.options.get(name) for name in names)
    allowed = not wish.policy.max_roles or set(kept.known.roles) <= set(wish.policy.max_roles)
    return kept.server == wish.server and same and allowed


def _kept(kept: Record, validity: Validity, config: Talosconfig, wish: Wish, world: World) -> Outcome:
    name = wish.place.context
    if wish.place.use and config.current != name:
        world.files.change(lambda text: Talosconfig(text, world.files.shown).with_context(name, {}, use=True))
        kept = replace(kept, previous=config.current)
        world.files.remember("record", name, record.render(kept))
        config = Talosconfig(world.files.read(), world.files.shown)
    note_good(config, name, validity, world)
    return Outcome(kept, validity, renewed=False)


def _adopted(config: Talosconfig, validity: Validity | None, place: Place) -> Known:
    """Return what a context says that was not made by us, for the first answer to be compared with.

    :raises TalosconfigError: it holds a long-lived certificate, which would be lost.
    """
    context = config.context(place.context)
    if not context or place.force:
        return Known()
    if validity is None and (context.get("crt") or context.get("auth")):
        raise _foreign(place, "credentials that were not made by a sign-in")
    if validity is not None and validity.lifetime > DEFAULT_MAX_LIFETIME:
        raise _foreign(place, f"a certificate of {validity.lifetime / 86400:.0f} days, which would be lost")
    try:
        authorities = read_certificates(config.pem(place.context, "ca") or "", "ca")
    except CertificateError:
        return Known()
    return Known(authorities=tuple(authority.fingerprint for authority in authorities))


def _foreign(place: Place, what: str) -> TalosconfigError:
    return TalosconfigError(
        f"context {place.context} has {what}",
        hint="choose another name with --context-name, or replace it with --force",
    )


def _previous(kept: Record | None, config: Talosconfig, place: Place) -> str:
    if place.use and config.current != place.context:
        return config.current
    return kept.previous if kept else ""


def _write(credential: Credential, new: Record, validity: Validity, wish: Wish, world: World) -> None:
    """Put the certificate in place; what else changed in the file meanwhile is kept."""
    place, files = wish.place, world.files
    members = encoded(credential.ca, credential.certificate, credential.key)

    def edit(text: str) -> str:
        config = Talosconfig(text, files.shown)
        context = config.context(place.context)
        changes = dict(members)
        # Nodes that the person edited stay, until told otherwise.
        if not (context or {}).get("endpoints") or (wish.policy.accept_new_endpoints and credential.endpoints):
            changes["endpoints"] = list(credential.endpoints)
        return config.with_context(place.context, changes, use=place.use)

    files.change(edit)
    files.remember("record", place.context, record.render(new))
    written = Talosconfig(files.read(), files.shown)
    note_good(written, place.context, validity, world)
    if not (written.context(place.context) or {}).get("endpoints"):
        world.person.tell(
            "warning: the server names no nodes; set them with "
            f"`talosctl --context {place.context} config endpoint ADDRESS`"
        )
