"""Which way of configuration a version of a platform takes, and what is refused with the reason."""

import pytest

from kubelogin_py.errors import SettingsError
from kubelogin_py.kubernetes.platform import Platform, Style, choose

STRUCTURED, FLAGS = Style.STRUCTURED, Style.FLAGS
V1, BETA = "apiserver.config.k8s.io/v1", "apiserver.config.k8s.io/v1beta1"

CHOICES: list[tuple[str, str, Style | None, Style, str]] = [
    ("generic", "1.34", None, STRUCTURED, V1),
    ("generic", "v1.40.2", None, STRUCTURED, V1),
    ("generic", "1.33.9", None, STRUCTURED, BETA),
    ("generic", "1.30", None, STRUCTURED, BETA),
    ("generic", "1.29.15", None, FLAGS, ""),
    ("generic", "1.34", FLAGS, FLAGS, ""),
    ("generic", "", None, STRUCTURED, BETA),
    ("generic", "", FLAGS, FLAGS, ""),
    ("kubeadm", "1.34.1", None, STRUCTURED, V1),
    ("kubeadm", "1.30.0-rc.1", None, STRUCTURED, BETA),
    ("kubeadm", "1.28", None, FLAGS, ""),
    ("k3s", "v1.34.1+k3s1", None, STRUCTURED, V1),
    ("k3s", "v1.33.1+k3s1", None, STRUCTURED, BETA),
    ("k3s", "v1.33.0+k3s1", None, FLAGS, ""),
    ("k3s", "v1.32.5+k3s1", None, STRUCTURED, BETA),
    ("k3s", "v1.32.4+k3s1", None, FLAGS, ""),
    ("k3s", "v1.31.9+k3s1", None, STRUCTURED, BETA),
    ("k3s", "v1.31.8+k3s1", None, FLAGS, ""),
    ("k3s", "1.33", None, STRUCTURED, BETA),
    ("k3s", "1.30.14", None, FLAGS, ""),
    ("rke2", "v1.33.2+rke2r1", None, STRUCTURED, BETA),
    ("rke2", "v1.33.1+rke2r1", None, FLAGS, ""),
    ("rke2", "v1.35.0+rke2r1", None, STRUCTURED, V1),
    ("talos", "1.14", None, STRUCTURED, BETA),
    ("talos", "v1.14.0-beta.1", None, STRUCTURED, BETA),
    ("talos", "v1.15.2", STRUCTURED, STRUCTURED, BETA),
    ("talos", "", None, STRUCTURED, BETA),
    ("talos", "v1.13.4", None, FLAGS, ""),
    ("talos", "1.9", FLAGS, FLAGS, ""),
]


@pytest.mark.parametrize(("platform", "version", "asked", "style", "api_version"), CHOICES)
def test_the_better_style_is_chosen(
    platform: str, version: str, asked: Style | None, style: Style, api_version: str
) -> None:
    target = choose(Platform(platform), version, asked)
    assert target.style is style
    if style is STRUCTURED:
        assert target.api_version == api_version or platform == "talos"


REFUSED: list[tuple[str, str, Style | None, str, str]] = [
    ("generic", "1.29", STRUCTURED, "from 1.30 on", "--style=flags"),
    ("kubeadm", "1.20.15", STRUCTURED, "from 1.30 on", "--style=flags"),
    ("k3s", "1.33.0", STRUCTURED, "before 1.31.9, 1.32.5, 1.33.1", "--style=flags"),
    ("k3s", "1.30.14", STRUCTURED, "sets --anonymous-auth itself", "--style=flags"),
    ("rke2", "1.32.5", STRUCTURED, "before 1.31.10, 1.32.6, 1.33.2", "--style=flags"),
    ("talos", "1.13", STRUCTURED, "--anonymous-auth=false", "--style=flags"),
    ("talos", "1.14", FLAGS, "refuses oidc flags", "--platform-version=1.13"),
    ("talos", "", FLAGS, "refuses oidc flags", "--platform-version=1.13"),
    ("generic", "latest", None, "latest is no version", "1.34"),
    ("generic", "2.0", None, "2.0 is no version", "1.34"),
    ("generic", "1", None, "1 is no version", "1.34"),
    ("generic", "1.34 ; rm -rf /", None, "is no version", "1.34"),
    ("generic", "1.34\x1b[2J", None, r"1.34\x1b[2J is no version", "1.34"),
    ("generic", "1.99999999999", None, "is no version", "1.34"),
    ("generic", "\u0661.\u0663", None, "is no version", "1.34"),
]


@pytest.mark.parametrize(("platform", "version", "asked", "reason", "hint"), REFUSED)
def test_what_would_not_start_is_refused(
    platform: str, version: str, asked: Style | None, reason: str, hint: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        choose(Platform(platform), version, asked)
    assert reason in caught.value.message
    assert hint in str(caught.value.hint)


NOTES: list[tuple[str, str, Style | None, str]] = [
    ("talos", "", None, "for Talos 1.14 and later"),
    ("talos", "1.14", None, "cluster.apiServer takes --platform-version=1.13"),
    ("generic", "", None, "for Kubernetes 1.32 and later"),
    ("generic", "1.30", None, "knows no anonymous block"),
    ("generic", "1.31", None, "AnonymousAuthConfigurableEndpoints"),
    ("generic", "1.29", None, "flags, because Kubernetes reads such a file from 1.30 on"),
    ("k3s", "1.33.0", None, "flags, because k3s sets --anonymous-auth itself"),
    ("k3s", "1.33", None, "k3s of this minor version needs its newest patch"),
]


@pytest.mark.parametrize(("platform", "version", "asked", "note"), NOTES)
def test_the_choice_is_explained(platform: str, version: str, asked: Style | None, note: str) -> None:
    assert note in " ".join(choose(Platform(platform), version, asked).notes)


@pytest.mark.parametrize("version", ["1.34", "1.33.2"])
def test_where_nothing_is_special_nothing_is_said(version: str) -> None:
    assert choose(Platform.GENERIC, version).notes == ()
    assert choose(Platform.GENERIC, "1.29", FLAGS).notes == ()
