"""What each platform and version is given, as files that people can read: ``golden/<case>/``.

``python -m tests.kubernetes.golden`` writes them anew; the difference is what a reviewer reads.
"""

from pathlib import Path

from kubelogin_py.cli import platform_steps
from kubelogin_py.cli.platform_steps import Place
from kubelogin_py.kubernetes import platform_files
from kubelogin_py.kubernetes.jwt_authenticator import FLAG_ALGORITHMS, JwtAuthenticator
from kubelogin_py.kubernetes.platform import Platform, Style, choose
from kubelogin_py.kubernetes.platform_files import File

FOLDER = Path(__file__).parent / "golden"
AUTHORITY = """\
-----BEGIN CERTIFICATE-----
MIHtMIGgoAMCAQICAQEwBQYDK2VwMBUxEzARBgNVBAMMCkV4YW1wbGUgQ0EwIBcN
MjYwMTAxMDAwMDAwWhgPMjEyNjAxMDEwMDAwMDBaMBUxEzARBgNVBAMMCkV4YW1w
bGUgQ0EwKjAFBgMrZXADIQArDPQ4jR43rdpUo+kjCJhO4MryxJkizqKNVyoocsmU
taMTMBEwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQBqgQFN10x0fn2DXa1AXdQ2
afSKQPuJ09KAdT8Og2susYND8uDpFQvZ0Llu1KPBVwYCK0R8wMP2qDMf18Tv0ccM
-----END CERTIFICATE-----
"""

PLAIN = JwtAuthenticator("https://id.example.com", ("kubernetes",))
FULL = JwtAuthenticator(
    "https://id.example.com/application/o/kubernetes/",
    ("kubernetes", "1e3"),
    username_claim="email",
    groups_claim="https://example.com/groups",
    groups_prefix="sso:",
    required_claims=(("hd", "example.com"), ("tenant", "no")),
    certificate_authority=AUTHORITY,
)
FLAGS = JwtAuthenticator("https://id.example.com", ("kubernetes",), algorithms=FLAG_ALGORITHMS)
FULL_FLAGS = JwtAuthenticator(
    "https://id.example.com/realms/main",
    ("0123",),
    username_claim="email",
    username_prefix="",
    groups_claim="roles",
    algorithms=frozenset({"ES256"}),
    required_claims=(("hd", "example.com"),),
    certificate_authority=AUTHORITY,
)

CASES: dict[str, tuple[Platform, str, Style | None, JwtAuthenticator]] = {
    "talos-1.13": (Platform.TALOS, "1.13", None, FLAGS),
    "talos-1.13-full": (Platform.TALOS, "v1.13.2", None, FULL_FLAGS),
    "talos-1.14": (Platform.TALOS, "1.14", None, PLAIN),
    "talos-1.14-full": (Platform.TALOS, "v1.14.0", None, FULL),
    "k3s-1.32-flags": (Platform.K3S, "v1.32.4+k3s1", None, FLAGS),
    "k3s-1.31.9": (Platform.K3S, "v1.31.9+k3s1", None, PLAIN),
    "k3s-1.33": (Platform.K3S, "v1.33.1+k3s1", None, PLAIN),
    "k3s-1.34-full": (Platform.K3S, "v1.34.1+k3s1", None, FULL),
    "k3s-flags-full": (Platform.K3S, "v1.34.1+k3s1", Style.FLAGS, FULL_FLAGS),
    "rke2-1.34": (Platform.RKE2, "v1.34.1+rke2r1", None, PLAIN),
    "rke2-flags": (Platform.RKE2, "v1.34.1+rke2r1", Style.FLAGS, FLAGS),
    "kubeadm-1.29": (Platform.KUBEADM, "1.29", None, FLAGS),
    "kubeadm-1.30": (Platform.KUBEADM, "1.30", None, PLAIN),
    "kubeadm-1.31": (Platform.KUBEADM, "1.31", None, PLAIN),
    "kubeadm-1.34": (Platform.KUBEADM, "v1.34.0", None, PLAIN),
    "kubeadm-1.34-full": (Platform.KUBEADM, "v1.34.0", None, FULL),
    "kubeadm-flags-full": (Platform.KUBEADM, "1.34", Style.FLAGS, FULL_FLAGS),
    "generic": (Platform.GENERIC, "", None, PLAIN),
    "generic-1.33": (Platform.GENERIC, "1.33", None, PLAIN),
    "generic-1.34": (Platform.GENERIC, "1.34", None, FULL),
    "generic-flags": (Platform.GENERIC, "1.34", Style.FLAGS, FULL_FLAGS),
}


def made(case: str) -> tuple[File, ...]:
    """Return the files of a case."""
    platform, version, style, authenticator = CASES[case]
    target = choose(platform, version, style)
    platform_files.check(target, authenticator)
    place = Place("oidc", "oidc:alice", ("oidc:developers",))
    authority = bool(authenticator.certificate_authority)
    steps = platform_steps.text(platform_steps.steps(target, place, authority=authority))
    return (*platform_files.files(target, authenticator), File(platform_steps.NAME, steps))


def main() -> None:
    """Write all of them."""
    for case in CASES:
        (FOLDER / case).mkdir(parents=True, exist_ok=True)
        for file in made(case):
            (FOLDER / case / file.name).write_text(file.text, encoding="utf-8")


if __name__ == "__main__":
    main()
