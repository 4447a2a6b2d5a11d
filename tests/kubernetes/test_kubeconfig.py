"""Which kubeconfig counts, and which user in it."""

import os
from pathlib import Path

import pytest

from kubelogin_py.errors import Error, SettingsError, StorageError
from kubelogin_py.kubernetes import kubeconfig
from kubelogin_py.kubernetes.kubeconfig import AuthProvider
from kubelogin_py.secret import Secret


def user(name: str, issuer: str = "https://id.example.com", *more: str) -> str:
    lines = [
        f"- name: {name}",
        "  user:",
        "    auth-provider:",
        "      name: oidc",
        "      config:",
        f"        idp-issuer-url: {issuer}",
        "        client-id: YOUR_CLIENT_ID",
        *(f"        {line}" for line in more),
    ]
    return "\n".join(lines) + "\n"


def config(users: str, *, current: str = "", contexts: str = "") -> str:
    return f"apiVersion: v1\nkind: Config\ncurrent-context: {current}\ncontexts:\n{contexts}users:\n{users}"


def context(name: str, of: str) -> str:
    return f"- context: {{cluster: c, user: {of}}}\n  name: {name}\n"


def write(directory: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        paths.append(directory / name)
        paths[-1].write_text(text, encoding="utf-8")
    return paths


GOOGLE = config(user("google", "https://google"), current="google@k8s", contexts=context("google@k8s", "google"))
KEYCLOAK = config(user("keycloak", "https://kc"), current="keycloak@k8s", contexts=context("keycloak@k8s", "keycloak"))


@pytest.mark.parametrize(
    ("order", "current"), [(["google", "keycloak"], "google"), (["keycloak", "google"], "keycloak")]
)
def test_merge_order(tmp_path: Path, order: list[str], current: str) -> None:
    """The first file's current context counts; contexts and users of both are there."""
    texts = {"google": GOOGLE, "keycloak": KEYCLOAK}
    paths = write(tmp_path, **{name: texts[name] for name in order})
    assert kubeconfig.find(paths, context="", user="").user == current
    for name in ("google", "keycloak"):
        by_context = kubeconfig.find(paths, context=f"{name}@k8s", user="")
        by_user = kubeconfig.find(paths, context="", user=name)
        assert by_context == by_user
        assert (by_user.user, by_user.path) == (name, tmp_path / name)


def test_the_first_entry_of_a_name_counts_whole(tmp_path: Path) -> None:
    """What only the second file says about the same user is not taken over."""
    first, second = user("u", "https://first"), user("u", "https://second", "client-secret: S")
    found = kubeconfig.find(write(tmp_path, a=config(first), b=config(second)), context="", user="u")
    assert (found.issuer, found.client_secret, found.path.name) == ("https://first", None, "a")


def test_the_user_may_be_in_another_file_than_the_context(tmp_path: Path) -> None:
    paths = write(tmp_path, a=config("", current="c", contexts=context("c", "u")), b=config(user("u")))
    assert kubeconfig.find(paths, context="", user="").path == tmp_path / "b"


def test_a_user_named_wins_over_a_context(tmp_path: Path) -> None:
    text = config(user("u") + user("v"), contexts=context("c", "v"))
    assert kubeconfig.find(write(tmp_path, a=text), context="c", user="u").user == "u"
    assert kubeconfig.find(write(tmp_path, a=text), context="c", user="").user == "v"
    assert kubeconfig.find(write(tmp_path, a=text), context="missing", user="u").user == "u"


def test_every_key_is_read(tmp_path: Path) -> None:
    more = (
        "client-secret: YOUR_CLIENT_SECRET",
        "idp-certificate-authority: /path/to/ca.crt",
        "idp-certificate-authority-data: BASE64",
        "extra-scopes: email,profile",
        "id-token: YOUR_ID_TOKEN",
        "refresh-token: YOUR_REFRESH_TOKEN",
    )
    paths = write(tmp_path, a=config(user("u", "https://id.example.com", *more)))
    assert kubeconfig.find(paths, context="", user="u") == AuthProvider(
        paths[0],
        "u",
        "https://id.example.com",
        "YOUR_CLIENT_ID",
        Secret("YOUR_CLIENT_SECRET"),
        "/path/to/ca.crt",
        "BASE64",
        "email,profile",
        Secret("YOUR_ID_TOKEN"),
        Secret("YOUR_REFRESH_TOKEN"),
    )


def test_empty_and_null_values_are_none(tmp_path: Path) -> None:
    text = config(user("u", "https://id", "client-secret: ''", "id-token:", "refresh-token: null"))
    found = kubeconfig.find(write(tmp_path, a=text), context="", user="u")
    assert (found.client_secret, found.id_token, found.refresh_token) == (None, None, None)


def test_a_secret_never_shows(tmp_path: Path) -> None:
    text = config(user("u", "https://id", "client-secret: canary", "refresh-token: canary"))
    assert "canary" not in repr(kubeconfig.find(write(tmp_path, a=text), context="", user="u"))


EXEC = "- name: u\n  user:\n    exec: {command: kubectl}\n"
GCP = "- name: u\n  user:\n    auth-provider: {name: gcp, config: {a: b}}\n"
NO_CONFIG = "- name: u\n  user:\n    auth-provider: {name: oidc}\n"
NO_ISSUER = "- name: u\n  user:\n    auth-provider: {name: oidc, config: {client-id: a}}\n"
NO_CLIENT = "- name: u\n  user:\n    auth-provider: {name: oidc, config: {idp-issuer-url: https://a}}\n"

FAULTS = {
    "no-current-context": (config(user("u")), "", 'context "" does not exist'),
    "unknown-current-context": (config(user("u"), current="x"), "", 'context "x" does not exist'),
    "context-without-user": (config(user("u"), current="x", contexts=context("x", "")), "", 'user "" does not exist'),
    "unknown-user": (config(user("u")), "v", 'user "v" does not exist'),
    "name-with-escapes": (config(user("u")), "\x1b[2J", 'user "\\x1b[2J" does not exist'),
    "exec-user": (config(EXEC), "u", "auth-provider of user "),
    "not-oidc": (config(GCP), "u", "must be oidc but is gcp"),
    "no-config": (config(NO_CONFIG), "u", "auth-provider.config of user"),
    "no-issuer": (config(NO_ISSUER), "u", "idp-issuer-url of user"),
    "no-client": (config(NO_CLIENT), "u", "client-id of user"),
    "empty-file": ("", "", 'context "" does not exist'),
    "user-twice": (config(user("u") + user("u")), "u", '"u" appears more than once in users'),
    "not-a-mapping": ("- a\n", "u", "is not a kubeconfig: it is not a mapping"),
    "entry-not-a-mapping": ("users: [canary]\n", "u", "an entry of users is not a mapping"),
    "key-twice": (config(user("u", "https://id", "client-id: canary")), "u", 'the key "client-id" appears more'),
    "tag": ("users: !!python/name:os.system canary\n", "u", "is not a kubeconfig: line 1: the tag"),
    "too-large": ("# " + "x" * (1 << 20), "u", "is larger than 1048576 bytes"),
}


@pytest.mark.parametrize(("text", "name", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_line_that_says_where(tmp_path: Path, text: str, name: str, message: str) -> None:
    paths = write(tmp_path, a=text)
    with pytest.raises(Error) as caught:
        kubeconfig.find(paths, context="", user=name)
    assert message in caught.value.message
    assert "canary" not in caught.value.message
    assert caught.value.message.isprintable()
    assert paths[0].read_text(encoding="utf-8") == text


def test_a_user_of_the_plugin_is_told_to_use_kubectl(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        kubeconfig.find(write(tmp_path, a=config(EXEC)), context="", user="u")
    assert "run any kubectl command" in (caught.value.hint or "")


def test_a_broken_file_in_the_list_is_an_error_as_for_kubectl(tmp_path: Path) -> None:
    paths = write(tmp_path, a=config(user("u")), b="users: [\n")
    with pytest.raises(SettingsError, match="b is not a kubeconfig"):
        kubeconfig.find(paths, context="", user="u")


def test_files_that_do_not_exist_are_left_out(tmp_path: Path) -> None:
    paths = [tmp_path / "missing", *write(tmp_path, a=config(user("u")))]
    assert kubeconfig.find(paths, context="", user="u").path == tmp_path / "a"
    with pytest.raises(SettingsError, match=r"there is no kubeconfig: .*missing does not exist"):
        kubeconfig.find(paths[:1], context="", user="u")
    with pytest.raises(SettingsError, match="there is no kubeconfig"):
        kubeconfig.find([], context="", user="u")


def test_a_directory_is_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        kubeconfig.find([tmp_path], context="", user="u")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StorageError, match="is not a plain file"):
        kubeconfig.find([tmp_path / "pipe"], context="", user="u")


def test_bytes_that_are_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"users: \xff\n")
    with pytest.raises(StorageError, match="is not UTF-8 at byte 7"):
        kubeconfig.find([tmp_path / "a"], context="", user="u")


LISTED = f"/a{os.pathsep}{os.pathsep}/b{os.pathsep}/a"
LOCATIONS = {
    "explicit": ("/x", {"KUBECONFIG": "/a"}, "/home/me", ["/x"]),
    "list": ("", {"KUBECONFIG": LISTED}, "/home/me", ["/a", "/b"]),
    "default": ("", {}, "/home/me", ["/home/me/.kube/config"]),
    "variable-empty": ("", {"KUBECONFIG": ""}, "/home/me", ["/home/me/.kube/config"]),
    "no-home": ("", {}, None, []),
    "tilde-is-no-home": ("~/x", {}, "/home/me", ["~/x"]),
}


@pytest.mark.parametrize(("explicit", "environment", "home", "expected"), LOCATIONS.values(), ids=LOCATIONS)
def test_locations(explicit: str, environment: dict[str, str], home: str | None, expected: list[str]) -> None:
    assert [path.as_posix() for path in kubeconfig.locations(explicit, environment, home)] == expected
