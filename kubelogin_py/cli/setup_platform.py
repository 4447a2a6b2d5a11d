"""``kubelogin setup --platform``: the whole job, from the client's registration to a kubeconfig, with a verdict."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubelogin_py.cli import client_registration, platform_kubeconfig, platform_output, platform_plan, platform_steps
from kubelogin_py.cli.binding import check_required, notes, settings_of
from kubelogin_py.cli.invocation import Credential, Invocation, PublishedDocuments
from kubelogin_py.cli.platform_plan import Plan
from kubelogin_py.cli.platform_steps import Place
from kubelogin_py.errors import ProviderError, SettingsError
from kubelogin_py.kubernetes import platform_files, role_bindings, verdict
from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.platform_files import File
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.kubernetes.verdict_row import Published, Row, RowName
from kubelogin_py.providers import profile_for
from kubelogin_py.settings import Cache, Settings, Storage

if TYPE_CHECKING:
    from kubelogin_py.providers.profile import Profile

SignInAndShow = Callable[[Invocation, Settings], Credential]


_VERIFIES = (
    "the API server verifies the provider's certificate: a private authority is passed on from --certificate-authority"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known once somebody has signed in, or nothing of it.

    :param token: that the API server would be shown.
    :param user: the name that it gives, without prefix.
    :param groups: as it gives them.
    :param refreshable: whether there is a refresh token.
    """

    token: ReceivedToken | None = None
    user: str = "YOUR_NAME"
    groups: tuple[str, ...] = ()
    refreshable: bool | None = None


def run(invocation: Invocation, sign_in: SignInAndShow) -> None:
    """Sign in once, print or write everything that is needed, in the order of the steps, and judge the token.

    :param sign_in: signs in and shows the claims.
    :raises SettingsError: it can't work, with the reason; nothing was done.
    :raises ProviderError: everything was made, and the API server would not take the token.
    """
    invocation = platform_kubeconfig.absolute(invocation)
    offline = invocation.parsed.flag("no-sign-in") or invocation.parsed.flag("dry-run")
    check_required(invocation.rows, invocation.parsed)
    # Before the first request: what can be refused now is.
    plain = settings_of(invocation.rows, invocation.parsed, invocation.environment)
    platform_plan.plan(invocation.parsed, plain, None)
    documents = None if offline else invocation.provider_documents(plain, invocation.parsed.number("v"))
    picked, profile = _profiles(plain, documents)
    invocation = platform_kubeconfig.with_advice(invocation, picked)
    settings = settings_of(invocation.rows, invocation.parsed, invocation.environment)
    plan = platform_plan.plan(invocation.parsed, settings, picked)
    kubeconfig = platform_kubeconfig.make(invocation)
    if plan.directory:
        platform_output.check(plan.directory)
    _explain(invocation, plan, picked, profile)
    if settings.tls.insecure_skip_tls_verify and not plan.authenticator.certificate_authority:
        invocation.stderr.line(f"note: {_VERIFIES}")
    known = _imagined(plan) if offline else _known(sign_in(invocation, _kept(settings, plan)), plan.authenticator)
    authenticator = plan.signed_with(known.token.header.get("alg") if known.token else "RS256")
    rows = _verdict(known, authenticator, documents, settings, profile)
    _refuse_reserved(rows)
    files = (
        File(client_registration.NAME, client_registration.text(settings, profile)),
        *platform_files.files(plan.target, authenticator),
        File("role-bindings.yaml", _bindings(plan, authenticator, known)),
        kubeconfig.file,
        File(platform_steps.NAME, _steps(plan, authenticator, known, has_cluster=kubeconfig.has_cluster)),
    )
    platform_output.hand_over(files, plan.directory, invocation)
    if plan.directory:
        kubeconfig.keep_secret()
    for line in (*kubeconfig.notes, *platform_output.verdict(rows)):
        invocation.stderr.line(line)
    if not verdict.accepted(rows):
        raise ProviderError("the API server would not take this token; the table says what to do")


def _profiles(settings: Settings, documents: PublishedDocuments | None) -> tuple["Profile | None", "Profile | None"]:
    """Return the profile whose advice is taken, and the one whose cures are shown.

    What only the endpoints tell may be a likeness: nothing is requested for it unasked.
    """
    issuer, name = settings.provider.issuer, settings.provider.profile
    picked = profile_for(issuer, name)
    return picked, picked or profile_for(issuer, name, endpoints=documents.metadata() if documents else None)


def _kept(settings: Settings, plan: Plan) -> Settings:
    """Return the settings for signing in: what is only looked at leaves no trace.

    kubectl is to find a session that is written down; but the claims are to be those of now, after every mending.
    """
    if plan.directory:
        return replace(settings, login=replace(settings.login, force_refresh=True))
    return replace(settings, cache=Cache(storage=Storage.NONE))


def _explain(invocation: Invocation, plan: Plan, picked: "Profile | None", profile: "Profile | None") -> None:
    for note in plan.target.notes:
        invocation.stderr.line(f"note: {note}")
    if profile is not None and picked is None:
        named = f"--provider={profile.name}"
        invocation.stderr.line(f"note: this looks like {profile.title}; with {named} its scopes and claims are used")
    if invocation.parsed.number("v") >= 1:
        invocation.stderr.line(f"provider profile: {profile.name if profile else 'none'}")
        for note in notes(invocation.rows, invocation.parsed):
            invocation.stderr.line(note)


def _imagined(plan: Plan) -> _Known:
    """Return what there will be to know, of somebody who is to have a role."""
    users, groups = plan.admins.users, plan.admins.groups or plan.viewers.groups
    return _Known(user=next(iter(users), "YOUR_NAME"), groups=groups or ("YOUR_GROUP",))


def _known(credential: Credential, authenticator: JwtAuthenticator) -> _Known:
    token = ReceivedToken.read(credential.token)
    name, groups = token.claims.get(authenticator.username_claim), token.claims.get(authenticator.groups_claim)
    listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return _Known(
        token,
        name if isinstance(name, str) and name else _Known().user,
        tuple(group for group in listed if isinstance(group, str)),
        credential.refreshable,
    )


def _verdict(
    known: _Known,
    authenticator: JwtAuthenticator,
    documents: PublishedDocuments | None,
    settings: Settings,
    profile: "Profile | None",
) -> tuple[Row, ...]:
    if known.token is None or documents is None:
        return ()
    tls = settings.tls
    private = bool(tls.certificate_authorities or tls.certificate_authority_data)
    published = Published(documents.metadata(), documents.key_set(), private)
    return verdict.judge(
        known.token,
        authenticator,
        now=time.time(),
        published=published,
        refreshable=known.refreshable,
        hints=profile.hints if profile else {},
    )


def _refuse_reserved(rows: Iterable[Row]) -> None:
    for row in rows:
        if row.name is RowName.RESERVED:
            raise SettingsError(f"{row.cause}; nothing was written", hint=row.cure)


def _bindings(plan: Plan, authenticator: JwtAuthenticator, known: _Known) -> str:
    suggested = platform_plan.suggested(authenticator, known.groups, known.user)
    return role_bindings.documents(authenticator, plan.admins, plan.viewers, suggested)


def _steps(plan: Plan, authenticator: JwtAuthenticator, known: _Known, *, has_cluster: bool) -> str:
    groups = known.groups if authenticator.groups_claim else ()
    place = Place(
        directory=str(plan.directory or ""),
        user=authenticator.username_prefix + known.user,
        groups=tuple(authenticator.groups_prefix + group for group in groups),
        has_cluster=has_cluster,
    )
    return platform_steps.text(
        platform_steps.steps(plan.target, place, authority=bool(authenticator.certificate_authority))
    )
