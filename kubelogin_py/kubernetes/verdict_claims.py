"""Rows of the verdict about who the token is of, and for whom."""

from collections.abc import Mapping, Sequence

from kubelogin_py.kubernetes.jwt_authenticator import RESERVED
from kubelogin_py.kubernetes.verdict_row import Case, Row, RowName, failed, passed, quoted, warned
from kubelogin_py.oidc.strict_json import kind

EMAIL = "email"
"""The one username claim for which the API server asks whether it was verified."""

_NAMED_AT_MOST = 5


def audience(case: Case) -> Row:
    """For an audience of the API server; more audiences are others that the token also opens."""
    value = case.token.claims.get("aud")
    found = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else ()
    if not found or not all(isinstance(one, str) for one in found):
        what = "is for nobody (no aud)" if value is None or value == [] else f"has an audience that is {kind(value)}"
        return failed(RowName.AUDIENCE, f"the token {what}", "let the provider name the client in aud")
    if not set(found) & set(case.server.audiences):
        return failed(
            RowName.AUDIENCE,
            f"the token is for {_listed(found)}, the API server takes {_listed(case.server.audiences)}",
            f"tell the API server the audience {quoted(found[0])}: --audience of setup --platform",
            "audience",
        )
    if len(found) == 1:
        return passed(RowName.AUDIENCE, quoted(found[0]))
    party = case.token.claims.get("azp")
    issued_to = (
        f"issued to {quoted(party)} (azp)" if isinstance(party, str) else "and does not say to whom it was issued"
    )
    return warned(
        RowName.AUDIENCE,
        f"the token is for several: {_listed(found)}, {issued_to}",
        "let each of them check azp, or give Kubernetes a client of its own",
        "audience",
    )


def username(case: Case) -> Row:
    """The claim of the user's name is text; the API server takes nothing for a name, too."""
    claim, name = case.server.username_claim, case.token.claims.get(case.server.username_claim)
    if claim in case.token.claims and name in ("", None):
        return warned(
            RowName.USERNAME,
            f"the claim {quoted(claim)} is empty: everybody would be {quoted(case.server.username_prefix)}",
            "take another one: --username-claim=sub of setup --platform",
            "no_email" if claim == EMAIL else "",
        )
    if isinstance(name, str):
        return passed(RowName.USERNAME, f"you are {quoted(case.server.username_prefix + name)}")
    found = f"there is no claim {quoted(claim)}"
    if claim in case.token.claims:
        found = f"the claim {quoted(claim)} is {kind(name)}, not text"
    return failed(
        RowName.USERNAME,
        found,
        "request the scope it needs, or take another one: --username-claim=sub of setup --platform",
        "no_email" if claim == EMAIL else "",
    )


def subject(case: Case) -> Row | None:
    """The subject is text: the API server reads it whatever the name is taken from, and keeps it as UID."""
    value = case.token.claims.get("sub", 0)
    # As a name it is judged below.
    if case.server.username_claim == "sub" or value is None or isinstance(value, str):
        return None
    found = f"is {kind(value)}, not text" if "sub" in case.token.claims else "is not there"
    return failed(RowName.SUBJECT, f'the claim "sub" {found}', "use the ID token of the provider")


def email_verified(case: Case) -> Row | None:
    """An address that nobody verified is nobody's name; absent counts as verified, text is an error."""
    if case.server.username_claim != EMAIL or "email_verified" not in case.token.claims:
        return None
    value = case.token.claims["email_verified"]
    if value is True:
        return passed(RowName.EMAIL_VERIFIED, "the address is verified")
    denied = value is False or value is None
    return failed(
        RowName.EMAIL_VERIFIED,
        "the address is not verified" if denied else f"email_verified is {kind(value)}, not a boolean",
        "let the provider verify the address, or take another name: --username-claim=sub of setup --platform",
        "email_not_verified",
    )


def groups(case: Case) -> Row | None:
    """Text or a list of text; anything else fails the whole sign-in, also for those who need no group."""
    claim = case.server.groups_claim
    if not claim:
        return None
    value = case.token.claims.get(claim)
    if value is None:
        return _no_groups(case, claim)
    found = _texts(value)
    if found is None:
        what = "a list with something else than text" if isinstance(value, list) else kind(value)
        return failed(
            RowName.GROUPS,
            f"the claim {quoted(claim)} is {what}: the API server refuses the whole token",
            "let the provider make it a list of names, or take none from tokens: --groups-claim= of setup --platform",
            "groups_not_names",
        )
    if not found:
        return warned(RowName.GROUPS, "you are in no group", "add yourself to a group at the provider", "no_groups")
    return passed(RowName.GROUPS, f"groups: {_listed([case.server.groups_prefix + one for one in found])}")


def reserved(case: Case) -> Row | None:
    """No provider names users or groups of Kubernetes itself."""
    server = case.server
    name = case.token.claims.get(server.username_claim)
    listed = _texts(case.token.claims.get(server.groups_claim)) or []
    names = [server.username_prefix + name] if isinstance(name, str) else []
    names += [server.groups_prefix + one for one in listed]
    found = [one for one in names if one.startswith(RESERVED)]
    if not found:
        return None
    return failed(
        RowName.RESERVED,
        f"{_listed(found)} would be Kubernetes' own",
        "put a prefix before the names: --username-prefix and --groups-prefix of setup --platform",
    )


def required_claims(case: Case) -> Row | None:
    """Claims that the API server demands have the value it demands."""
    for claim, wanted in case.server.required_claims:
        value = case.token.claims.get(claim)
        if value == wanted:
            continue
        found = quoted(value) if isinstance(value, str) else kind(value) if claim in case.token.claims else "missing"
        return failed(
            RowName.REQUIRED_CLAIMS,
            f"the claim {quoted(claim)} is {found}; the API server demands {quoted(wanted)}",
            "let the provider set it, or demand something else: --required-claim of setup --platform",
        )
    return passed(RowName.REQUIRED_CLAIMS, "all are there") if case.server.required_claims else None


def _no_groups(case: Case, claim: str) -> Row:
    elsewhere = case.token.claims.get("_claim_names")
    if isinstance(elsewhere, Mapping) and claim in elsewhere:
        return failed(
            RowName.GROUPS,
            f"the claim {quoted(claim)} is elsewhere (_claim_names): the API server tries to fetch it and gives up",
            "let the provider put fewer groups, or roles, into the token itself",
            "groups_elsewhere",
        )
    return warned(
        RowName.GROUPS,
        f"there is no claim {quoted(claim)}: role bindings of groups do not reach you",
        "request the scope it needs (often groups) and let the provider put it into the ID token",
        "no_groups",
    )


def _texts(value: object) -> list[str] | None:
    """Return groups as the API server reads them, which takes nothing for a text; ``None`` for what it can't read."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(one, str) or one is None for one in found):
        return None
    return [one or "" for one in found]


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(quoted(name) for name in names[:_NAMED_AT_MOST]) or "none"
    return f"{shown} and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else shown
