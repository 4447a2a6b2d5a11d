"""Which of our tests stands for which row of int128/kubelogin's own, and for what those leave out.

Where a row's test has its name it is not in this table: ``test_upstream_*.py`` beside this file.
"""

import pytest

from tests.compat.collection import collected

END_TO_END = "tests/end_to_end"
STANDALONE = f"{END_TO_END}/test_standalone.py"
COMMAND_LINE = "tests/compat/test_upstream_command_line.py"
GRANTS = "tests/compat/test_upstream_grants.py"
CALLBACK = "tests/compat/test_upstream_callback.py"
GAPS = "tests/compat/test_upstream_gaps.py"
CACHE = "tests/compat/test_upstream_cache.py"
DEVICE = "tests/compat/test_upstream_device.py"
KUBECONFIG = "tests/compat/test_upstream_kubeconfig.py"

ROWS = {
    # Integration: standalone mode and clean.
    "6.2 NoTLS AuthCode": f"{STANDALONE}::test_AuthCode[NoTLS]",
    "6.2 TLS AuthCode": f"{STANDALONE}::test_AuthCode[TLS]",
    "6.2 NoTLS ROPC": f"{STANDALONE}::test_ROPC[NoTLS]",
    "6.2 TLS ROPC": f"{STANDALONE}::test_ROPC[TLS]",
    "6.2 Lifecycle NoToken, Valid, Refresh": f"{STANDALONE}::test_TokenLifecycle[NoTLS]",
    "6.2 Lifecycle NoToken, Valid, Refresh over TLS": f"{STANDALONE}::test_TokenLifecycle[TLS]",
    "6.2 Lifecycle RefreshAgain": f"{STANDALONE}::test_TokenLifecycle_RefreshAgain",
    "6.2 TLSData": f"{STANDALONE}::test_TLSData",
    "6.2 env_KUBECONFIG": f"{STANDALONE}::test_env_KUBECONFIG",
    "6.2 ExtraScopes": f"{STANDALONE}::test_ExtraScopes",
    "6.2 Clean": f"{END_TO_END}/test_clean.py::test_integration[Clean]",
    # Unit level, where the row's name is not the test's.
    "6.3 command line: root defaults": f"{KUBECONFIG}::test_root_defaults",
    "6.3 command line: root with kubeconfig, context, -v1": f"{KUBECONFIG}::test_choice[by context]",
    "6.3 command line: root with user": f"{KUBECONFIG}::test_choice[by user]",
    "6.3 command line: root, stray argument": f"{COMMAND_LINE}::test_refused[root with a stray argument]",
    "6.3 command line: get-token, stray argument": f"{COMMAND_LINE}::test_refused[get-token with a stray argument]",
    "6.3 command line: missing issuer": f"{COMMAND_LINE}::test_refused[missing issuer]",
    "6.3 command line: missing client": f"{COMMAND_LINE}::test_refused[missing client]",
    "6.3 command line: get-token defaults, 180 s": (
        f"{COMMAND_LINE}::test_get_token_defaults_180_seconds_and_the_first_address"
    ),
    "6.3 command line: get-token defaults, two addresses": (f"{COMMAND_LINE}::test_get_token_defaults_two_addresses"),
    "6.3 grant options: keyboard with params": f"{GRANTS}::test_keyboard[redirect]",
    "6.3 TLS options: none": "tests/compat/test_upstream_tls.py::test_ca_loader[none is the system's]",
    "6.3 get-token: valid token": f"{CACHE}::test_a_valid_token_needs_no_authentication",
    "6.3 authentication: ROPC": f"{GRANTS}::test_ropc[uses both]",
    "6.3 cache: read": f"{CACHE}::test_a_valid_token_needs_no_authentication",
    "6.3 cache: read theirs": (
        f"{END_TO_END}/test_former_sessions.py::test_a_live_session_gives_its_token_without_a_request"
    ),
    "6.3 cache: exact JSON of theirs": "tests/compat/test_upstream_sessions.py::test_a_session_is_read",
    "6.3 cache: nil versus empty": (
        "tests/compat/test_upstream_keys.py::test_name_is_the_one_kubelogin_gives[empty map of params]"
    ),
    "6.3 kubeconfig: not oidc": f"{KUBECONFIG}::test_no_config[not oidc]",
    "6.3 oauth2cli: TLS": "tests/compat/test_upstream_cases.py::test_RedirectURLHTTPS",
    "6.3 oauth2cli: timeout for the ready channel": f"{CALLBACK}::test_timeout_of_nothing_is_over_at_once",
    # System and acceptance, with a stand-in for the cluster.
    "6.4 system test: browser": (
        f"{END_TO_END}/test_kubectl.py::test_chromium_signs_in_and_the_second_command_asks_nobody[oidc-provider]"
    ),
    "6.4 system test: setup, then kubectl": f"{END_TO_END}/test_setup.py::test_the_command_works_as_it_is_pasted",
    "6.4 system test: keyring": f"{END_TO_END}/test_keyring.py::test_sign_in_once_and_then_never",
    # Not tested anywhere by them.
    "gap: concurrency": f"{END_TO_END}/test_concurrency.py::test_twenty_processes_refresh_once[embedded]",
    "gap: concurrency at the sign-in": f"{END_TO_END}/test_concurrency.py::test_twenty_processes_sign_in_once",
    "gap: lock contention and cancellation": (
        f"{END_TO_END}/test_interruption.py::test_ctrl_c_while_another_process_holds_the_lock[embedded]"
    ),
    "gap: corrupt cache": f"{GAPS}::test_a_corrupt_cache[cut]",
    "gap: file modes": f"{END_TO_END}/test_sign_in.py::test_the_answer_and_the_cache[embedded]",
    "gap: keyring": f"{END_TO_END}/test_keyring.py::test_clean_takes_our_item_and_int128_s",
    "gap: device code over HTTP": f"{DEVICE}::test_device[URI]",
    "gap: keyboard over HTTP": f"{GRANTS}::test_keyboard[no redirect]",
    "gap: client credentials over HTTP": f"{GRANTS}::test_client_credentials_with_an_audience",
    "gap: nonce": f"{GAPS}::test_a_bad_id_token[another nonce]",
    "gap: state": f"{GAPS}::test_a_wrong_state",
    "gap: alg": f"{GAPS}::test_a_bad_id_token[algorithm none]",
    "gap: aud": f"{GAPS}::test_a_bad_id_token[another audience]",
    "gap: exp": f"{GAPS}::test_a_bad_id_token[expired]",
    "gap: access-token mode": f"{GAPS}::test_an_opaque_access_token",
    "gap: proxies": f"{GAPS}::test_a_proxy",
    "gap: redirects": f"{GAPS}::test_a_redirected_metadata",
    "gap: timeouts": "tests/adapters/test_http.py::test_redirects_share_one_deadline",
    "gap: port fallback": f"{CALLBACK}::test_port_fallback",
    "gap: custom callback path": f"{CALLBACK}::test_callback_path[/callback]",
    "gap: storage none": f"{CACHE}::test_storage_none",
    "gap: key stability with two params": f"{CACHE}::test_cache_key[two in another order are equal]",
    "gap: legacy flags": "tests/compat/test_contract_former_options.py",
    "gap: setup output": f"{END_TO_END}/test_setup.py::test_claims_are_shown_and_nothing_is_kept[embedded]",
    "gap: clean on a filled cache": f"{END_TO_END}/test_clean.py::test_a_session_is_forgotten",
    "gap: Windows: home directory": "tests/cli/test_home.py",
    "gap: Windows: browser": "tests/adapters/test_browser.py",
    "gap: signals": f"{END_TO_END}/test_interruption.py::test_ctrl_c_ends_a_sign_in[embedded-browser]",
}

CALLERS = "tests/faults/test_callers.py"
PROVIDER = "tests/faults/test_provider.py"
COMPLAINTS = {
    "#389 the port is in use": f"{CALLBACK}::test_port_fallback",
    "#389 parallel calls": f"{CALLERS}::test_f02_one_browser_for_all",
    "#904 hundreds of tabs after an idle night": f"{CALLERS}::test_b108_ctrl_c_is_remembered_by_the_next_fifty_calls",
    "#1330 no end of attempts": "tests/test_turn.py::test_the_cool_down_grows_to_an_end",
    "#628 a lock in a directory of everybody's": (
        "tests/storage/test_lock.py::test_b100_a_runtime_directory_that_others_planted_is_not_used[open-to-all]"
    ),
    "#1144 a file locked by its own lock": f"{END_TO_END}/test_clean.py::test_a_session_is_forgotten",
    "#536 a refresh without an ID token (Entra)": f"{PROVIDER}::test_f26_a_refresh_without_an_id_token[absent]",
    "#1210 algorithms": "tests/oidc/test_key_set.py",
    "#1255 a token too large for the keyring": "tests/storage/test_keyring.py::test_one_short_item_whatever_is_kept",
    "#863 a lifetime that can't be chosen (Okta)": (
        "tests/test_session.py::test_a_token_serves_until_its_expiry_less_the_margin[1000.0-3600.0-970.0]"
    ),
    "#1129 tokens of two minutes (GitLab)": (
        "tests/test_session.py::test_a_token_serves_until_its_expiry_less_the_margin[1000.0-120.0-988.0]"
    ),
    "#11 no browser here": f"{GRANTS}::test_browser_that_can_not_be_started",
    "k9s #670, headlamp #6793, workers-sdk #15089: half of a port": "tests/adapters/test_listen.py",
}
"""What users of int128/kubelogin, and of programs around it, complained about."""


@pytest.mark.parametrize("rows", [ROWS, COMPLAINTS], ids=["rows", "complaints"])
def test_every_row_has_its_test(rows: dict[str, str]) -> None:
    there = collected(place.partition("::")[0] for place in rows.values())
    assert {row: place for row, place in rows.items() if place not in there} == {}
