"""``kubelogin setup --platform``: the whole job, from the client's registration to a kubeconfig, with a verdict."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kubelogin_py.cli import client_registration, platform_kubeconfig, platform_output, platform_plan, platform_steps
from kubelogin_py.cli.binding import check_required, settings_of
from kubelogin_py.cli.invocation import Credential, Invocation, PublishedDocuments
from kubelogin_py.cli.platform_kubeconfig import Made
from kubelogin_py.cli.platform_plan import Plan
from kubelogin_py.cli.platform_steps import Place
from kubelogin_py.errors import ProviderError, SettingsError
from kubelogin_py.kubernetes import platform_files, role_bindings, verdict
from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.platform_files import File
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.kubernetes.verdict_row import Published, Row, RowName
from kubelogin_py.providers import profile_for
from kubelogin_py.providers.profile import Symptom
from kubelogin_py.settings import Cache, Settings, Storage

if TYPE_CHECKING:
    from kubelogin_py.providers.profile import Profile

SignInAndShow = Callable[[Invocation, Settings], Credential]

_NAME = "YOUR_NAME"
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

    token: ReceivedToken | None
    user: str
    groups: tuple[str, ...]
    refreshable: bool | None = None


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be done, checked.

    :param invocation: the call, with what suits the provider.
    :param settings: as kubectl will use them.
    :param plan: what is asked for.
    :param picked: the profile whose advice is taken.
    :param profile: the one whose cures are shown.
    :param kubeconfig: the kubeconfig.
    :param documents: what the provider publishes; ``None`` when nobody is asked anything.
    """

    invocation: Invocation
    settings: Settings
    plan: Plan
    picked: "Profile | None"
    profile: "Profile | None"
    kubeconfig: Made
    documents: PublishedDocuments | None


def run(invocation: Invocation, sign_in: SignInAndShow) -> None:
    """Sign in once, print or write everything that is needed, in the order of the steps, and judge the token.

    :param sign_in: signs in and shows the claims.
    :raises SettingsError: it can't work, with the reason; nothing was done.
    :raises ProviderError: everything was made, and the API server would not take the token.
    """
    job = _job(platform_kubeconfig.absolute(invocation))
    _explain(job)
    known = _known(job, sign_in)
    authenticator = job.plan.signed_with(known.token.header.get("alg") if known.token else "RS256")
    rows = _verdict(job, known, authenticator)
    _refuse_reserved(rows)
    platform_output.hand_over(_files(job, known, authenticator), job.plan.directory, invocation)
    if job.plan.directory:
        job.kubeconfig.keep_secret()
    invocation.stderr.lines([*job.kubeconfig.notes, *platform_output.verdict(rows)])
    if not verdict.accepted(rows):
        raise ProviderError("the API server would not take this token; the table says what to do")


def _job(invocation: Invocation) -> _Job:
    """Return what is to be done; what can be refused is, before the first request where that is possible."""
    offline = invocation.parsed.flag("no-sign-in") or invocation.parsed.flag("dry-run")
    check_required(invocation.rows, invocation.parsed)
    plain = settings_of(invocation.rows, invocation.parsed, invocation.environment)
    platform_plan.plan(invocation.parsed, plain, None)
    documents = None if offline else invocation.provider_documents(plain, invocation.parsed.number("v"))
    picked, profile = _profiles(plain, documents)
    advised = platform_kubeconfig.with_advice(invocation, picked)
    settings = settings_of(advised.rows, advised.parsed, advised.environment)
    plan = platform_plan.plan(advised.parsed, settings, picked)
    if plan.directory:
        platform_output.check(plan.directory)
    return _Job(advised, settings, plan, picked, profile, platform_kubeconfig.make(advised), documents)


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


def _explain(job: _Job) -> None:
    tell, plan, profile = job.invocation.stderr.line, job.plan, job.profile
    for note in plan.target.notes:
        tell(f"note: {note}")
    if profile is not None and job.picked is None:
        named = f"--provider={profile.name}"
        tell(f"note: this looks like {profile.title}; with {named} its scopes and claims are used")
    if job.documents is None and profile is not None:
        # Nobody is asked, who would say what the issuer is.
        hint, issuer = profile.hint(Symptom.ISSUER), job.settings.provider.issuer
        if hint and issuer.endswith("/") is not profile.issuer_slash:
            tell(f"note: {profile.title}: {hint}")
    if job.settings.tls.insecure_skip_tls_verify and not plan.authenticator.certificate_authority:
        tell(f"note: {_VERIFIES}")
    if job.invocation.parsed.number("v") >= 1:
        tell(f"provider profile: {profile.name if profile else 'none'}")


def _known(job: _Job, sign_in: SignInAndShow) -> _Known:
    """Return what a sign-in tells; without one, what there will be to know of somebody who is to have a role."""
    plan, authenticator = job.plan, job.plan.authenticator
    if job.documents is None:
        groups = plan.admins.groups or plan.viewers.groups or ("YOUR_GROUP",)
        return _Known(None, next(iter(plan.admins.users), _NAME), groups)
    credential = sign_in(job.invocation, _kept(job.settings, plan))
    token = ReceivedToken.read(credential.token)
    user = next(iter(token.texts(authenticator.username_claim)), "") or _NAME
    return _Known(token, user, token.texts(authenticator.groups_claim), credential.refreshable)


def _verdict(job: _Job, known: _Known, authenticator: JwtAuthenticator) -> tuple[Row, ...]:
    if known.token is None or job.documents is None:
        return ()
    tls = job.settings.tls
    private = bool(tls.certificate_authorities or tls.certificate_authority_data)
    return verdict.judge(
        known.token,
        authenticator,
        now=time.time(),
        published=Published(job.documents.metadata(), job.documents.key_set(), private),
        refreshable=known.refreshable,
        hints=job.profile.hints if job.profile else {},
    )


def _refuse_reserved(rows: Iterable[Row]) -> None:
    for row in rows:
        if row.name is RowName.RESERVED:
            raise SettingsError(f"{row.cause}; nothing was written", hint=row.cure)


def _files(job: _Job, known: _Known, authenticator: JwtAuthenticator) -> tuple[File, ...]:
    plan = job.plan
    suggested = platform_plan.suggested(authenticator, known.groups, known.user)
    bindings = role_bindings.documents(authenticator, plan.admins, plan.viewers, suggested)
    return (
        File(client_registration.NAME, client_registration.text(job.settings, job.profile)),
        *platform_files.files(plan.target, authenticator),
        File(role_bindings.NAME, bindings),
        job.kubeconfig.file,
        File(platform_steps.NAME, _steps(job, known, authenticator)),
    )


def _steps(job: _Job, known: _Known, authenticator: JwtAuthenticator) -> str:
    groups = known.groups if authenticator.groups_claim else ()
    place = Place(
        directory=str(job.plan.directory or ""),
        user=authenticator.username_prefix + known.user,
        groups=tuple(authenticator.groups_prefix + group for group in groups),
        has_cluster=job.kubeconfig.has_cluster,
    )
    authority = bool(authenticator.certificate_authority)
    return platform_steps.text(platform_steps.steps(job.plan.target, place, authority=authority))
