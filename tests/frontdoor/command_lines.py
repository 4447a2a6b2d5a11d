"""Command lines and environments, and what both doors make of them: the one in shell and the one in Python."""

HOME = "/home/me"
ISSUER = "--oidc-issuer-url=https://id.example.com"
CLIENT = "--oidc-client-id=kubernetes"
MINIMAL = ["get-token", ISSUER, CLIENT]
POCKET_ID = [
    "get-token",
    "--oidc-issuer-url=https://pocket-id.apps.cluster.example.com",
    "--oidc-client-id=0d9d6b5e-6a55-4c8c-8f0a-9f3c1f2a7b11",
    "--oidc-client-secret=Zr4u7x!A%D*G-KaPdSgUkXp2s5v8y/B?",
    "--oidc-extra-scope=groups",
    "--oidc-extra-scope=email",
    "--oidc-extra-scope=name",
    "--oidc-extra-scope=profile",
    "--oidc-extra-scope=offline_access",
    "--listen-address=127.0.0.1:9090",
    "--certificate-authority-data=" + "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUI" * 8 + "Cg==",
]
KANIDM = [
    "get-token",
    "--oidc-issuer-url",
    "https://idm.example.com/oauth2/openid/k8s",
    "--oidc-client-id",
    "k8s",
    "--oidc-extra-scope",
    "openid profile groups email",
]
AUTHENTIK = ["get-token", CLIENT, "--oidc-issuer-url=https://authentik.example.com/application/o/kube-apiserver/"]


def info(version: str = "v1", spec: str = '{"interactive":true}', *, end: str = "\n") -> str:
    """Return the environment variable as client-go writes it."""
    return f'{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/{version}","spec":{spec}}}{end}'


HIT = {
    "switch": ["--skip-open-browser"],
    "switch-true": ["--skip-open-browser=true"],
    "switch-false": ["--skip-open-browser=false"],
    "renegotiation": ["--tls-renegotiation-once", "--tls-renegotiation-freely"],
    "disk": ["--token-cache-storage=disk"],
    "disk-apart": ["--token-cache-storage", "disk"],
    "home": ["--certificate-authority=~/ca.crt"],
    "parameters": ["--oidc-auth-request-extra-params=audience=api,resource=x"],
    "twice": ["--oidc-extra-scope=email", "--oidc-extra-scope=groups"],
    "empty-value": ["--oidc-redirect-url="],
    "empty-value-apart": ["--oidc-redirect-url", ""],
    "account": ["--account=alice+admin@example.com"],
    "account-apart": ["--account", "alice"],
    "equals-in-value": ["--username=a=b"],
    "equals-in-value-apart": ["--username", "a=b"],
}

MISS = {
    "force-refresh": ["--force-refresh"],
    "force-refresh-false": ["--force-refresh=false"],
    "v": ["-v"],
    "v1": ["-v1"],
    "v-apart": ["-v", "1"],
    "v=1": ["-v=1"],
    "long-v": ["--v=1"],
    "klog": ["--logtostderr"],
    "klog-value": ["--vmodule=x"],
    "help": ["--help"],
    "h": ["-h"],
    "unknown": ["--unknown=x"],
    "prefix": ["--oidc-client=x"],
    "longer": ["--oidc-client-idx=x"],
    "one-dash": ["-oidc-client-id=x"],
    "three-dashes": ["---oidc-client-id=x"],
    "capitals": ["--USERNAME=x"],
    "word": ["more"],
    "empty-word": [""],
    "blank-word": [" "],
    "end-of-flags": ["--"],
    "only-equals": ["--=x"],
    "dangling": ["--username"],
    "dash-value-apart": ["--username", "-x"],
    "flag-as-value": ["--username", "--password=x"],
    "secret-dash-apart": ["--oidc-client-secret", "-x"],
    "split-switch": ["--skip-open", "-browser"],
    "value-of-switch-apart": ["--skip-open-browser", "false"],
    "access-token": ["--oidc-use-access-token"],
    "old-pkce": ["--oidc-use-pkce"],
    "insecure": ["--insecure-skip-tls-verify"],
    "header": ["--oidc-request-header=X-Api-Key=abc"],
    "keyring": ["--token-cache-storage=keyring"],
    "none": ["--token-cache-storage=none"],
    "none-apart": ["--token-cache-storage", "none"],
    "storage-empty": ["--token-cache-storage="],
    "relative-ca": ["--certificate-authority=ca.crt"],
    "relative-ca-dot": ["--certificate-authority=./ca.crt"],
    "relative-key": ["--local-server-key", "key.pem"],
    "home-of-bob": ["--certificate-authority=~bob/ca.crt"],
    "home-alone": ["--certificate-authority=~"],
    "relative-cache": ["--token-cache-dir=cache"],
    "empty-cache": ["--token-cache-dir="],
    "cache-of-bob": ["--token-cache-dir=~bob/cache"],
    "secret-parameter": ["--oidc-auth-request-extra-params=client_secret=abc"],
    "assertion-parameter": ["--oidc-auth-request-extra-params", "x=y,client_assertion=abc"],
    "token-parameter": ["--oidc-auth-request-extra-params=subject_token=abc"],
    "password-parameter": ["--oidc-auth-request-extra-params=password=abc"],
    **{
        f"character-{ord(character):02x}": [f"--username=a{character}b"]
        for character in "\t\n\r\x00\x1b!\"#$&'()*;<>?[\\]^`{|}\x7f\xa0é"
    },
    "surrogate": ["--username=\udce9"],
    "odd-character-apart": ["--username", "*"],
    "line-end": ["--username=a\n"],
}

OTHER_COMMANDS: list[list[str]] = [
    [],
    ["get-token "],
    ["setup", ISSUER],
    [ISSUER, "get-token"],
    ["-v1", "get-token", ISSUER],
    ["clean"],
    ["GET-TOKEN", ISSUER, CLIENT],
]

DIRECTORIES = {
    "default": ([], {}, f"{HOME}/.kube/cache/oidc-login"),
    "home-with-blank": ([], {"HOME": "/home/Jörg M"}, "/home/Jörg M/.kube/cache/oidc-login"),
    "variable": ([], {"KUBECACHEDIR": "/var/cache/me"}, "/var/cache/me/oidc-login"),
    "variable-empty": ([], {"KUBECACHEDIR": ""}, None),
    "variable-relative": ([], {"KUBECACHEDIR": "cache"}, None),
    "variable-tilde": ([], {"KUBECACHEDIR": "~/cache"}, None),
    "flag": (["--token-cache-dir=/x"], {"KUBECACHEDIR": "/var/cache/me"}, "/x"),
    "flag-apart": (["--token-cache-dir", "/x"], {"KUBECACHEDIR": ""}, "/x"),
    "flag-last-wins": (["--token-cache-dir=/x", "--token-cache-dir", "/y"], {}, "/y"),
    "flag-tilde": (["--token-cache-dir=~/x"], {}, f"{HOME}/x"),
    "flag-odd": (["--token-cache-dir=/x y/ü*"], {}, "/x y/ü*"),
    "home-empty": ([], {"HOME": ""}, None),
    "home-relative": ([], {"HOME": "me"}, None),
    "home-empty-flag": (["--token-cache-dir=/x"], {"HOME": ""}, None),
}

VERSIONS = {
    "absent": (None, "v1beta1"),
    "empty": ("", "v1beta1"),
    "v1": (info("v1"), "v1"),
    "v1-no-line-end": (info("v1", end=""), "v1"),
    "v1beta1": (info("v1beta1", '{"interactive":false}'), "v1beta1"),
    "cluster": (info("v1", '{"cluster":{"server":"https://x","config":{"a":1}},"interactive":false}'), "v1"),
    "v1alpha1": (info("v1alpha1"), None),
    "v2": (info("v2"), None),
    "capitals": (info("V1"), None),
    "v1-longer": (info("v1x"), None),
    "no-version": ('{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/","spec":{}}', None),
    "other-group": (info("v1").replace("client.authentication", "client.authorisation"), None),
    "other-kind": (info("v1").replace("ExecCredential", "Pod"), None),
    "other-order": ('{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{}}', None),
    "blanks": (info("v1").replace(":", ": "), None),
    "blank-before": (" " + info("v1"), None),
    "two-line-ends": (info("v1") + "\n", None),
    "trailing-text": (info("v1") + "x", None),
    "truncated": (info("v1")[:-3], None),
    "twice": (info("v1").replace('"spec"', '"apiVersion":"client.authentication.k8s.io/v1beta1","spec"'), None),
    "twice-later": (info("v1", '{},"apiVersion":"client.authentication.k8s.io/v1beta1","x":{}'), None),
    "in-cluster": (info("v1", '{"cluster":{"config":{"apiVersion":"x"}},"interactive":true}'), None),
    "in-cluster-text": (info("v1", '{"cluster":{"config":"\\"apiVersion\\":\\"v1beta1\\""},"interactive":true}'), None),
    "not-json": ("client.authentication.k8s.io/v1", None),
    "list": ("[" + info("v1") + "]", None),
}

LENGTHS = [
    "x" * (200 - len(",https://id.example.com,kubernetes,") + extra) + end
    for extra in (-1, 0, 1)
    for end in ("", "/", "://")
] + ["/" * 150 + ":" * 150, " " * 250]


def calls() -> list[tuple[list[str], dict[str, str]]]:
    """Return command lines, each with variables beside ``HOME``, that must mean the same to both doors."""
    return [
        *((arguments, {}) for arguments in (MINIMAL, AUTHENTIK, KANIDM, POCKET_ID, *OTHER_COMMANDS)),
        *(([*MINIMAL, *more], {}) for more in HIT.values()),
        # No process can be given a NUL.
        *(([*MINIMAL, *more], {}) for more in MISS.values() if not any("\x00" in word for word in more)),
        *(([*MINIMAL, *more], variables) for more, variables, _ in DIRECTORIES.values()),
        *((MINIMAL, {"KUBERNETES_EXEC_INFO": text}) for text, _ in VERSIONS.values() if text is not None),
        *(([*MINIMAL, f"--username={text}"], {}) for text in LENGTHS),
    ]
