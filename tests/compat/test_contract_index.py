"""No flag and no row of int128/kubelogin's contract is without a test: the index of ``test_contract_*.py``."""

import re

from tests.compat.collection import collected
from tests.compat.test_contract_get_token import TYPES

COMPAT = "tests/compat"
CALLBACK = f"{COMPAT}/test_upstream_callback.py"
GRANTS = f"{COMPAT}/test_upstream_grants.py"
COMMAND_LINE = f"{COMPAT}/test_upstream_command_line.py"
CACHE = f"{COMPAT}/test_upstream_cache.py"
DEVICE = f"{COMPAT}/test_upstream_device.py"
KUBECONFIG = f"{COMPAT}/test_upstream_kubeconfig.py"
FILES = tuple(
    f"{COMPAT}/test_contract_{name}.py"
    for name in (
        "commands",
        "parsing",
        "get_token",
        "other_commands",
        "environment",
        "sign_in",
        "former_options",
        "grant_choice",
        "token_requests",
    )
)

SHARED = (
    "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify", "tls-renegotiation-once",
    "tls-renegotiation-freely", "grant-type", "listen-address", "skip-open-browser", "browser-command",
    "authentication-timeout-sec", "local-server-cert", "local-server-key", "open-url-after-authentication",
    "oidc-auth-request-extra-params", "username", "password",
)  # fmt: skip
FLAGS: dict[str, tuple[str, ...]] = {
    "1.3": tuple(f"--{name}" for name in TYPES),
    "1.4 root": ("--kubeconfig", "--context", "--user", *(f"--{name}" for name in SHARED)),
    "1.4 setup": (
        "--oidc-issuer-url", "--oidc-client-id", "--oidc-client-secret", "--oidc-redirect-url", "--oidc-extra-scope",
        "--oidc-use-access-token", "--oidc-request-header", "--oidc-pkce-method", "--oidc-use-pkce",
        *(f"--{name}" for name in SHARED),
    ),
    "1.4 clean": ("--token-cache-dir",),
    "1.4": (
        "-v", "--v", "--vmodule", "--logtostderr", "--alsologtostderr", "--stderrthreshold", "--log_dir", "--log_file",
        "--log_file_max_size", "--add_dir_header", "--skip_headers", "--skip_log_headers", "--one_output",
        "--log_backtrace_at", "--legacy_stderr_threshold_behavior", "--alsologtostderrthreshold",
    ),
    "1.12": (
        "--listen-port", "--oidc-redirect-url-hostname", "--oidc-redirect-url-authcode-keyboard", "--token-cache",
        "--oidc-use-pkce",
    ),
}  # fmt: skip
"""Flags by section and command, as the reference lists them."""

BY_NAME = {
    "1.12 --token-cache-storage=auto": f"{COMPAT}/test_contract_former_options.py::test_1_12_token_cache_storage_auto",
    "1.12 clean --token-cache-storage": (
        f"{COMPAT}/test_contract_former_options.py::test_1_12_clean_token_cache_storage[auto]"
    ),
    "1.12 --force-keyring": f"{COMPAT}/test_contract_former_options.py::test_1_12_never_released[--force-keyring]",
    "1.12 --no-keyring": f"{COMPAT}/test_contract_former_options.py::test_1_12_never_released[--no-keyring]",
    "1.12 keyboard without a redirect": f"{GRANTS}::test_keyboard[no redirect]",
    "1.12 callback on / only": f"{CALLBACK}::test_callback_path[/callback]",
    "1.1 root": f"{KUBECONFIG}::test_root_defaults",
    "1.1 root, token still valid": f"{CACHE}::test_jwt[decoded and not expired]",
    "1.1 get-token": f"{COMPAT}/test_upstream_cases.py::test_AuthCode[NoTLS]",
    "1.1 setup": f"{COMMAND_LINE}::test_setup_two_scopes_in_one_flag_are_two_changed_flags",
    "1.3 force-refresh without a refresh token": "tests/test_refresh.py",
    "1.4 verbosity": "tests/end_to_end/test_sign_in.py::test_no_secret_is_shown_at_any_verbosity",
    "1.5 KUBECONFIG": f"{KUBECONFIG}::test_merge_order[one]",
    "1.6 lock wait can be interrupted": (
        "tests/end_to_end/test_interruption.py::test_ctrl_c_while_another_process_holds_the_lock[embedded]"
    ),
    "1.7 refresh before any flow": f"{GRANTS}::test_a_valid_refresh_token",
    "1.8 2 no available port": f"{COMMAND_LINE}::test_get_token_defaults_two_addresses",
    "1.8 3 https": f"{COMPAT}/test_upstream_cases.py::test_RedirectURLHTTPS",
    "1.8 3 redirect as it is, and 4 its path": f"{CALLBACK}::test_callback_path[/a/b/c]",
    "1.8 7 another path": f"{CALLBACK}::test_what_is_not_the_answer[another path]",
    "1.8 7 GET only": f"{CALLBACK}::test_what_is_not_the_answer[a form]",
    "1.8 7 an error": f"{CALLBACK}::test_error_in_the_callback",
    "1.8 7 an error of nobody, differs": f"{CALLBACK}::test_error_in_a_callback_that_is_not_ours",
    "1.8 7 a wrong state, differs": f"{COMPAT}/test_upstream_gaps.py::test_a_wrong_state",
    "1.8 7 a second hit": "tests/adapters/test_callback_server.py",
    "1.8 8 pages": f"{CALLBACK}::test_success_redirect",
    "1.8 9 the desktop's browser": f"{GRANTS}::test_browser_default",
    "1.8 9 a launch failure": f"{GRANTS}::test_browser_that_can_not_be_started",
    "1.8 10 nonce": f"{COMPAT}/test_upstream_gaps.py::test_a_bad_id_token[another nonce]",
    "1.10 keyboard": f"{GRANTS}::test_keyboard[redirect]",
    "1.10 password": f"{GRANTS}::test_ropc[asks both]",
    "1.10 device code, complete URI": f"{DEVICE}::test_device[complete URI]",
    "1.10 device code, Google": f"{DEVICE}::test_device[Google URL]",
    "1.10 device code, no endpoint": f"{DEVICE}::test_device_authorization_error",
    "1.10 device code, slow_down": "tests/oidc/test_device.py",
    "1.10 access token, JWT": f"{COMPAT}/test_upstream_gaps.py::test_an_access_token_that_is_a_jwt",
    "1.10 access token, opaque, differs": f"{COMPAT}/test_upstream_gaps.py::test_an_opaque_access_token",
    "1.11 timeouts, differs": "tests/adapters/test_http.py::test_redirects_share_one_deadline",
    "1.11 redirects": f"{COMPAT}/test_upstream_gaps.py::test_a_redirected_metadata",
}
"""Rows whose test is elsewhere."""


def test_every_flag_and_every_row_has_its_test() -> None:
    there = collected([*FILES, *(place.partition("::")[0] for place in BY_NAME.values())])
    # What may follow in an id: more about the row, or the command it is about.
    end = r"(?=[]:, ]|-(root|get-token|setup|clean)\])"
    missing = [
        f"{section} {flag}"
        for section, flags in FLAGS.items()
        for flag in flags
        if not any(re.search(rf"\[{re.escape(f'{section} {flag}')}{end}", test) for test in there)
    ]
    missing += [row for row, place in BY_NAME.items() if place not in there]
    assert missing == []
