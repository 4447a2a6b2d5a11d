"""What is known about a provider reaches the person where it helps, and costs nothing where all goes well."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kubelogin_py.errors import (
    DeniedError,
    Error,
    MetadataError,
    NotSentError,
    SettingsError,
    UnansweredError,
    VerificationError,
)
from kubelogin_py.login import sign_in
from kubelogin_py.secret import Secret
from tests.oidc.minting import new_signer
from tests.support.fake_provider import ISSUER, METADATA, answer, refusal
from tests.support.world import KEY, Scene, redirect

ROOT = Path(__file__).parents[1]


@pytest.fixture
def scene() -> Scene:
    return Scene()


def failed(scene: Scene, kind: type[Error] = Error, **changed: Any) -> Error:
    with pytest.raises(kind) as caught:
        sign_in(scene.settings(**changed), scene.world, key=KEY)
    return caught.value


def hint(scene: Scene, kind: type[Error] = Error, **changed: Any) -> str:
    return failed(scene, kind, **changed).hint or ""


def refused(scene: Scene, code: str, description: str = "") -> None:
    """Let the provider send the browser back with an error."""
    scene.browser.respond = lambda asked: [redirect(asked, code=None, error=code, error_description=description)]


OAUTH = {
    ("google", "invalid_scope"): "Google: Google refuses offline_access",
    ("google", "invalid_client"): "Google: Google wants the client secret of a Desktop app",
    ("entra-id", "invalid_client"): "Microsoft Entra ID: Authentication: Allow public client flows: Yes",
    ("keycloak", "unauthorized_client"): "Keycloak: client > Capability config: switch the flow on",
    ("okta", "unauthorized_client"): "Okta: General > Grant type: switch this grant on",
    ("gitlab", "unauthorized_client"): "GitLab: the device flow needs GitLab 17.1",
    ("authelia", "invalid_scope"): "Authelia: add the scope to the client's scopes; offline_access also wants",
    ("dex", "invalid_request"): "Dex: 'Unregistered redirect_uri'",
}


@pytest.mark.parametrize(("case", "expected"), OAUTH.items(), ids=[" ".join(case) for case in OAUTH])
def test_an_oauth_error_says_what_to_do_at_this_provider(scene: Scene, case: tuple[str, str], expected: str) -> None:
    profile, code = case
    refused(scene, code)
    assert hint(scene, profile=profile).startswith(expected)
    assert scene.kept is None


def test_a_refusal_may_be_the_persons_or_the_providers(scene: Scene) -> None:
    refused(scene, "access_denied")
    found = hint(scene, DeniedError, profile="kanidm")
    assert found.startswith("was it you who declined?")
    assert "Kanidm: a scope that is not mapped ends the sign-in" in found


def test_a_refusal_on_another_device_is_explained_as_well(scene: Scene) -> None:
    scene.provider.device_answers = ["access_denied"]
    assert "Allowed User Groups" in hint(scene, DeniedError, profile="pocket-id", grant_type="device-code")


def test_an_error_about_the_redirect_uri_is_one_whatever_its_code(scene: Scene) -> None:
    refused(scene, "invalid_request", "the redirect_uri is not registered")
    assert hint(scene, profile="keycloak").startswith("Keycloak: 'Invalid parameter: redirect_uri'")


def test_the_browser_says_it_as_well(scene: Scene) -> None:
    """The page that the person is looking at has the same advice, and the terminal has it once."""
    refused(scene, "access_denied")
    found = hint(scene, DeniedError, profile="pocket-id")
    assert scene.page is not None
    status, page = scene.page
    assert status == 400
    for text in (page, found):
        assert text.count("Allowed User Groups") == 1


def test_without_a_profile_the_hint_is_the_general_one(scene: Scene) -> None:
    refused(scene, "access_denied")
    general = hint(scene)
    assert general.startswith("was it you who declined?")
    assert hint(scene, profile="none") == general


def test_a_code_that_nothing_is_known_about_keeps_its_hint(scene: Scene) -> None:
    refused(scene, "login_required")
    assert "prompt=none" in hint(scene, profile="dex")


def test_the_metadata_tells_who_it_is_where_the_issuer_does_not(scene: Scene) -> None:
    scene.provider.metadata = {
        "token_endpoint": f"{ISSUER}/api/oidc/token",
        "jwks_uri": f"{ISSUER}/.well-known/jwks.json",
    }
    refused(scene, "access_denied")
    assert hint(scene).endswith("Pocket ID: are you in one of the client's Allowed User Groups?")
    assert "provider profile: Pocket ID, as its issuer or its metadata tells" in scene.console.text


def test_the_issuer_tells_before_there_is_any_metadata(scene: Scene) -> None:
    """A missing page at the right host is what an issuer with a wrong path looks like."""
    issuer = "https://id.example.com/auth/realms/kube"
    scene.provider.scripted_documents = {f"/auth/realms/kube{METADATA}": [answer({}, status=404)]}
    found = hint(scene, MetadataError, issuer=issuer)
    assert found.startswith("check the issuer URL; Keycloak: the issuer is https://HOST/realms/REALM")


@pytest.mark.parametrize(("named", "asked"), [(f"{ISSUER}/", ISSUER), (ISSUER, f"{ISSUER}/")])
def test_a_slash_too_many_or_too_few_is_named_and_explained(scene: Scene, named: str, asked: str) -> None:
    scene.provider.metadata = {"issuer": named}
    found = hint(scene, MetadataError, issuer=asked, profile="authentik")
    assert f"use --oidc-issuer-url={named}" in found
    assert found.endswith("authentik: the issuer ends in a slash: https://HOST/application/o/SLUG/")


def test_only_useless_algorithms_are_explained_before_anybody_signs_in(scene: Scene) -> None:
    scene.provider.metadata = {"id_token_signing_alg_values_supported": ["HS256"]}
    assert "authentik: without a Signing Key tokens are HS256" in hint(scene, MetadataError, profile="authentik")
    assert scene.browser.opened == []


def test_an_encrypted_token_is_explained(scene: Scene) -> None:
    scene.provider.token_response = {"id_token": "a.b.c.d.e"}
    found = failed(scene, VerificationError, profile="authentik")
    assert "authentik: remove the Encryption Key" in (found.hint or "")


def test_a_signature_that_kubernetes_refuses_is_warned_about_with_the_cure(scene: Scene) -> None:
    scene.provider.key = new_signer("EdDSA", "ed")
    sign_in(scene.settings(profile="rauthy"), scene.world, key=KEY)
    (warning,) = scene.console.warnings
    assert warning.endswith("Rauthy: set the client's ID token algorithm to RS256: new clients have EdDSA")


def test_no_device_flow_is_explained(scene: Scene) -> None:
    scene.provider.metadata = {"device_authorization_endpoint": None}
    found = hint(scene, MetadataError, profile="authentik", grant_type="device-code")
    assert found.endswith("authentik: System > Brands > Default flows: choose a Device code flow")


def test_a_browser_that_never_comes_back_may_show_an_error(scene: Scene) -> None:
    """The provider tells the person about a redirect URI, and nobody tells us."""
    scene.browser.respond = lambda _: []
    found = hint(scene, UnansweredError, profile="pocket-id")
    assert "Pocket ID: 'Invalid callback URL': enter exactly this one in the client's Callback URLs" in found


def test_the_end_of_a_session_is_explained(scene: Scene) -> None:
    scene.keep_expired_session()
    scene.provider.scripted = [refusal("invalid_grant")]
    sign_in(scene.settings(profile="pocket-id"), scene.world, key=KEY)
    at = next(place for place, line in enumerate(scene.console.lines) if "has ended" in line)
    assert scene.console.lines[at + 1].startswith("hint: Pocket ID: group access is checked again on each refresh")


def test_groups_that_a_refresh_loses_are_explained(scene: Scene) -> None:
    scene.keep_expired_session(id_token=Secret(scene.provider.id_token(groups=["admins"])))
    sign_in(scene.settings(profile="pocket-id"), scene.world, key=KEY)
    warning, about = scene.console.lines[-2:]
    assert warning.startswith("warning: the refreshed ID token has no groups")
    assert "1.11.0 to 1.11.2 lose them on refresh" in about


def test_a_host_that_only_the_metadata_names_is_said_to_be_that(scene: Scene) -> None:
    """Pocket ID's internal URL, which the person's machine can't reach, is in no kubeconfig."""
    internal = "https://pocket-id.internal"
    scene.provider.metadata = {
        "token_endpoint": f"{internal}/api/oidc/token",
        "jwks_uri": f"{internal}/.well-known/jwks.json",
    }
    unreachable = NotSentError(f"GET {internal}/.well-known/jwks.json: no such host (temporary)", hint="check the URL")
    scene.provider.scripted_documents = {"/.well-known/jwks.json": [unreachable]}
    found = hint(scene, NotSentError)
    assert found.startswith(f"pocket-id.internal is named by the metadata at {ISSUER}{METADATA}; Pocket ID: ")
    assert scene.browser.opened == []


def test_an_endpoint_that_is_refused_is_explained(scene: Scene) -> None:
    """Pocket ID's internal URL is often one over http."""
    scene.provider.metadata = {"token_endpoint": "http://pocket-id/api/oidc/token"}
    found = failed(scene, MetadataError, profile="pocket-id")
    assert "token_endpoint" in found.message
    assert "Pocket ID: INTERNAL_APP_URL puts its host into the metadata" in (found.hint or "")


def test_the_issuers_own_host_is_where_the_person_said(scene: Scene) -> None:
    scene.provider.scripted_documents = {METADATA: [NotSentError("GET …: no such host (temporary)", hint="check")]}
    assert hint(scene, NotSentError, profile="pocket-id") == "check"


@pytest.mark.parametrize(
    ("profile", "line"),
    [
        ("auto", "provider profile: none"),
        ("none", "provider profile: none"),
        ("dex", "provider profile: Dex, as --provider says"),
    ],
)
def test_which_profile_it_is_is_shown_among_the_steps(scene: Scene, profile: str, line: str) -> None:
    sign_in(scene.settings(profile=profile), scene.world, key=KEY)
    assert (1, line) in scene.console.details
    scene.keep_expired_session()
    scene.console.details.clear()
    sign_in(scene.settings(profile=profile), scene.world, key=KEY)
    assert (1, line) in scene.console.details


def test_what_a_sign_in_lacks_is_told_to_those_who_look_for_a_reason(scene: Scene) -> None:
    scene.provider.token_response = {"refresh_token": None}
    sign_in(scene.settings(profile="zitadel", extra_scopes=("groups",)), scene.world, key=KEY)
    told = [line for level, line in scene.console.details if level == 1]
    assert any(line.startswith("the provider gave no refresh token") and "Refresh Token on" in line for line in told)
    assert any(line.startswith("the ID token names no groups; Zitadel: project") for line in told)
    assert scene.console.warnings == []


def test_a_machine_expects_no_refresh_token(scene: Scene) -> None:
    scene.provider.token_response = {"refresh_token": None}
    sign_in(scene.settings(grant_type="client-credentials", client_secret=Secret("s")), scene.world, key=KEY)
    assert "no refresh token" not in scene.console.text


def test_another_profile_is_refused_before_anything_is_sent(scene: Scene) -> None:
    assert "there are: auto, none, pocket-id" in failed(scene, SettingsError, profile="keycloack").message
    assert scene.events == []


def test_requests_are_the_same_with_a_profile_and_without(scene: Scene) -> None:
    """An issuer that looks like Google's or Rauthy's changes nothing of what is sent."""
    forms = []
    for profile in ("none", "rauthy", "google"):
        scene = Scene()
        sign_in(scene.settings(profile=profile), scene.world, key=KEY)
        scene.clock.passed += 4000
        sign_in(scene.settings(profile=profile), scene.world, key=KEY)
        forms.append([{**form, "code_verifier": ""} for form in scene.provider.forms])
    assert forms[0] == forms[1] == forms[2]


@pytest.mark.parametrize("expired", [False, True], ids=["cached", "refreshed"])
def test_a_run_that_goes_well_loads_no_profile(expired: bool) -> None:
    """Neither the cached answer nor a refresh pays for the profiles, however well known the issuer is."""
    script = f"""
import sys
from kubelogin_py.login import sign_in
from tests.support.world import KEY, Scene
scene = Scene()
scene.console.detail = lambda level, line: None
scene.keep_expired_session() if {expired} else scene.keep_session()
sign_in(scene.settings(profile="auto"), scene.world, key=KEY)
print(len(scene.provider.forms), *(name for name in sys.modules if name.startswith("kubelogin_py.providers")))
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == [str(int(expired))], done.stderr
