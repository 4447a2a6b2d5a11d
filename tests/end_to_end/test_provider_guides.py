"""The guides for the providers, command by command.

None of these providers can be had here: the demo's provider stands in, under an issuer of the same shape, with the same
algorithm and with groups under the same scope; kubectl, the plugin and the files are real. What is entered by hand at
the provider, Kanidm's commands included, is compared with the profile, which is what ``setup`` prints.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from kubelogin_py import providers
from kubelogin_py.providers.profile import Profile
from tests.end_to_end.test_platform_guides import Follower
from tests.support import guide_provider
from tests.support.certificates import Certificates

GUIDES = Path(__file__).parents[2] / "docs/providers"
NUMBERS = {7: "seven", 9: "nine", 10: "ten", 12: "twelve"}
IN_COMMON = 5
"""Things to do at every provider after the registration: sign in once, keep a way back, bind, tell, sign in."""


@dataclass(frozen=True)
class Guide:
    """What a guide is about.

    :param platform: the platform it is for.
    :param path: of its issuer.
    :param algorithm: what that provider signs with.
    """

    platform: str
    path: str = ""
    algorithm: str = "RS256"
    groups_with_profile: bool = False


ABOUT = {
    "pocket-id": Guide("talos"),
    "zitadel": Guide("talos", groups_with_profile=True),
    "kanidm": Guide("kubeadm", "/oauth2/openid/kubernetes", "ES256"),
    "authentik": Guide("k3s", "/application/o/kubernetes/", groups_with_profile=True),
    "keycloak": Guide("kubeadm", "/realms/kube", groups_with_profile=True),
    "dex": Guide("kubeadm", "/dex"),
}


@pytest.fixture(params=ABOUT)
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def text(name: str) -> str:
    return (GUIDES / f"{name}.md").read_text(encoding="utf-8")


def profile(name: str) -> Profile:
    return providers.named(name)


def steps(name: str) -> list[str]:
    """Return what the guide says is done at the provider."""
    return [line.strip("`") for line in re.findall(r"(?m)^\d+\. (.*)$", text(name))]


def test_there_is_a_guide_for_each() -> None:
    assert {path.stem for path in GUIDES.iterdir()} == set(ABOUT)


@pytest.mark.required("kubectl")
def test_the_guide_leads_to_whoami(name: str, certificates: Certificates, tmp_path: Path) -> None:
    about = ABOUT[name]
    provider = guide_provider.start(
        tmp_path / "provider",
        certificates,
        path=about.path,
        clients={},
        algorithm=about.algorithm,
        groups_with_profile=about.groups_with_profile,
    )
    try:
        follower = Follower(tmp_path, certificates, provider, issuer=f"https://id.example.com{about.path}")
        follower.put("--admin-group=k8s_users@id.example.com", "--admin-group=admins")
        follower.leads_to_whoami(GUIDES / f"{name}.md", about.platform)
    finally:
        provider.stop()


def test_what_is_entered_at_the_provider_is_what_setup_prints(name: str) -> None:
    registration = profile(name).registration
    assert steps(name) == [step.replace("CLIENT", "kubernetes") for step in registration.steps]
    shown = re.findall(r"(?m)^(http://\S+)$", text(name))
    assert shown == list(registration.redirect_uris)


def test_what_to_do_is_what_the_errors_say(name: str) -> None:
    rows = re.findall(r"(?m)^\| (?!what you see|-)(.*?) \| (.*) \|$", text(name))
    cures = [cure for _, cure in rows]
    assert len(cures) >= 5
    assert sorted(set(cures)) == sorted(cures)
    known = set(profile(name).hints.values())
    assert set(cures) <= known, set(cures) - known


def test_the_guide_says_how_much_there_is_to_do(name: str) -> None:
    """As many things as there are: those at the provider, and five."""
    words = " ".join(text(name).split())
    assert f"in five steps with {NUMBERS[len(steps(name)) + IN_COMMON]} things to do" in words
    assert re.findall(r"(?m)^## (\d)\.", text(name)) == [*"12345"]


@pytest.mark.parametrize(
    ("name", "count", "theirs"),
    [
        ("pocket-id", 12, "twelve"),
        ("zitadel", 14, "fourteen"),
        ("kanidm", 11, "eleven"),
        ("authentik", 11, "eleven"),
    ],
)
def test_it_is_less_than_in_the_guides_that_people_follow_today(name: str, count: int, theirs: str) -> None:
    assert len(steps(name)) + IN_COMMON < count
    assert f"has {theirs}." in " ".join(text(name).split())


def test_the_page_is_as_old_as_what_it_is_made_from(name: str) -> None:
    known = profile(name)
    assert f"As of {known.as_of}; see [{known.title}'s own page]({known.documentation})" in text(name)
