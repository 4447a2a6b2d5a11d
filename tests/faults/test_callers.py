"""Many callers at once, and callers that die: F01 to F07, B-53, B-99, B-103, B-106 to B-109."""

import itertools
import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kubelogin_py.errors import StorageError
from kubelogin_py.settings import GrantType, Login, Settings, Tls
from kubelogin_py.settings import Provider as SettingsProvider
from kubelogin_py.storage.keys import session_key
from tests.faults.scene import AT_ONCE, Scene, injected, slow_browser, strace, token, until
from tests.storage.surroundings import disk_store, finished, forked
from tests.support import command
from tests.support.api_server import ApiServer
from tests.support.kubectl import on_terminal, write_kubeconfig
from tests.support.processes import free_port
from tests.support.providers import EMBEDDED, Provider, sign_in_script

DISTINCT_CONTEXTS = 20


@pytest.mark.parametrize("number", [2, 8, 50])
def test_f01_one_refresh_for_all(slow_scene: Scene, number: int) -> None:
    """Exactly one request; everybody prints the same new credential, and nobody is asked."""
    old = slow_scene.seed(left=-5)
    done = command.together([slow_scene.start() for _ in range(number)], deadline=110)
    assert len({token(one) for one in done}) == 1
    assert token(done[0]) != old.id_token.reveal()
    assert float(str(_claims(token(done[0]))["exp"])) > time.time()
    assert slow_scene.refreshes == 1
    assert slow_scene.opened == 0


def test_b53_twenty_processes_and_a_provider_that_revokes_on_reuse(
    started_provider: Callable[..., Provider], tmp_path: Path
) -> None:
    """Two seconds of latency: one request, one result, and the chain goes on afterwards."""
    provider = started_provider(EMBEDDED, https=False, refresh_latency=2)
    scene = Scene(provider, tmp_path / "home", tmp_path / "no-browser")
    scene.seed(left=-5)
    done = command.together([scene.start() for _ in range(20)])
    assert len({token(one) for one in done}) == 1
    assert scene.refreshes == 1
    assert token(scene.call("--force-refresh")) != token(done[0])
    assert (scene.refreshes, scene.opened) == (2, 0)


def test_f02_one_browser_for_all(scene: Scene, tmp_path: Path) -> None:
    """Twenty without a session: one browser; the others wait, say for whom, and have its result."""
    scene.browser = slow_browser(tmp_path / "slow", 3)
    done = command.together([scene.start() for _ in range(20)])
    assert len({token(one) for one in done}) == 1
    assert scene.opened == 1
    waited = [one for one in done if "waiting for process" in one.stderr]
    assert waited
    assert re.search(r"waiting for process \d+, signing in to http\S+ since 20", waited[0].stderr)


def test_f03_after_a_cancelled_sign_in_nobody_is_asked_again(scene: Scene, tmp_path: Path) -> None:
    """Callers without a terminal fail at once, with the command to sign in; a person on a terminal clears it."""
    good = scene.browser
    scene.browser = sign_in_script(tmp_path / "cancel", cancel=True)
    assert scene.call().code == 1
    assert scene.opened == 1
    for _ in range(3):
        failed = scene.call()
        assert (failed.code, failed.stdout, scene.opened) == (1, "", 1)
        assert failed.seconds < AT_ONCE
        (error,) = [line for line in failed.stderr.splitlines() if line.startswith("error: ")]
        assert f"run: kubelogin login --oidc-issuer-url={scene.provider.issuer}" in error
    scene.browser = good
    with scene.terminal() as terminal:
        assert token(terminal.wait())
    scene.file.unlink()
    assert token(scene.call())


def test_f03_whoever_waited_for_a_cancelled_sign_in_asks_nobody(scene: Scene, tmp_path: Path) -> None:
    """Ten at once, and the person says no: one browser, and the others hear of it without opening their own."""
    scene.browser = slow_browser(tmp_path / "slow", 3, cancel=True)
    done = command.together([scene.start() for _ in range(10)])
    assert {(one.code, one.stdout) for one in done} == {(1, "")}
    assert scene.opened == 1
    assert sum("nobody is asked again" in one.stderr for one in done) == 9


@pytest.mark.required("kubectl")
def test_f03_kubectl_s_five_calls_open_one_browser(
    started_provider: Callable[..., Provider],
    started_api_server: Callable[..., ApiServer],
    tmp_path: Path,
) -> None:
    """One command of a person is one sign-in, however often kubectl starts us for it; the next command is another."""
    provider = started_provider(EMBEDDED)
    server = started_api_server(provider)
    cancel = sign_in_script(tmp_path / "cancel", ca=provider.ca, cancel=True)
    arguments = [
        "get-token",
        f"--oidc-issuer-url={provider.issuer}",
        "--oidc-client-id=kubernetes",
        f"--certificate-authority={provider.ca}",
        f"--listen-address=127.0.0.1:{free_port()}",
        f"--browser-command={cancel}",
    ]
    config = write_kubeconfig(tmp_path / "config", server=server.url, ca=server.ca, arguments=arguments)
    for commands in (1, 2):
        with on_terminal("get", "pods", kubeconfig=config, home=tmp_path / "home") as terminal:
            done = terminal.wait()
        assert done.code != 0
        assert "run: kubelogin login" in done.stderr
        opened = [line for line in provider.request_lines() if line.startswith("GET /authorize")]
        assert len(opened) == commands


@pytest.mark.long
def test_f04_two_hundred_killed_writers(scene: Scene) -> None:
    """At random moments, saving and refreshing: the file is whole each time, and nobody is asked in the end."""
    chance = random.Random(4)
    session = scene.seed(left=-5)
    # Of another length, so that one written over the other in place would show.
    both = (session, replace(session, scope=f"openid {'x' * 9000}"))
    store = disk_store(scene.cache)
    key = scene.key

    def write_for_ever() -> None:
        # First the one that is not there.
        for number in itertools.count(both.index(scene.kept) + 1):
            store.save(key, both[number % 2])

    left = set()
    for _ in range(185):
        child = forked(write_for_ever)
        time.sleep(chance.uniform(0.001, 0.02))
        os.kill(child, signal.SIGKILL)
        finished(child)
        assert scene.kept in both
        # There is no copy, or an exact one.
        assert not scene.twin.exists() or scene.twin.read_bytes() == scene.file.read_bytes()
        left.add(scene.kept.scope)
    assert len(left) == 2
    store.save(key, session)
    for _ in range(15):
        running = scene.start("--force-refresh")
        time.sleep(chance.uniform(0.05, 0.6))
        running.signal(signal.SIGKILL)
        command.finish(running)
        assert scene.kept.refresh_token is not None
    assert token(scene.call("--force-refresh"))
    assert scene.opened == 0
    assert scene.kept.refresh_sent_at is None


STEPS = {
    "the note is written": "fsync:signal=SIGKILL:when=1",
    "the note is in place": "renameat,rename,renameat2:signal=SIGKILL:when=1",
    "the note is on the disk": "fsync:signal=SIGKILL:when=2",
    "the request leaves": "connect:signal=SIGKILL:when=3",
    "the answer is written": "fsync:signal=SIGKILL:when=3",
    "the answer is in place": "renameat,rename,renameat2:signal=SIGKILL:when=2",
    "the answer is on the disk": "fsync:signal=SIGKILL:when=4",
    "the copy is in place": "renameat,rename,renameat2:signal=SIGKILL:when=3",
}


@pytest.mark.required("strace")
@pytest.mark.parametrize("step", STEPS)
def test_f05_killed_at_each_step_of_a_refresh(scene: Scene, tmp_path: Path, step: str) -> None:
    """The session is whole; it is lost only between the provider's answer and its file, and then one line says so."""
    scene.seed(left=-5)
    trace = tmp_path / "trace"
    killed = scene.under(*strace(trace, STEPS[step]))
    assert injected(trace), trace.read_text()
    assert killed.stdout == "" or killed.code == 0
    assert scene.kept
    lost = scene.refreshes > 0 and scene.kept.refresh_sent_at is not None
    after = scene.call()
    assert token(after)
    assert scene.opened == (1 if lost else 0), after.stderr
    assert ("the answer to its last refresh was lost" in after.stderr) == lost
    quiet = scene.call()
    assert token(quiet) == token(after)
    assert quiet.stderr == ""


def test_f06_a_dead_holder_delays_nobody(scene: Scene) -> None:
    """Its lock goes with it: the next one has it within 50 milliseconds, without a word or a hand."""
    with scene.terminal("--skip-open-browser") as holder:
        holder.read_until("waiting up to")
        key, store = scene.key, disk_store(scene.cache)
        with pytest.raises(StorageError), store.lock(key, deadline=time.monotonic(), doing="testing"):
            pass
        holder.signal(signal.SIGKILL)
        assert holder.wait().code == -signal.SIGKILL
    delays = []
    for _ in range(5):
        began = time.monotonic()
        with store.lock(key, deadline=began + 5, doing="testing"):
            delays.append(time.monotonic() - began)
        child = forked(lambda: _hold_for_ever(scene))
        until(lambda: _is_held(scene))
        os.kill(child, signal.SIGKILL)
        finished(child)
    # The best of them: the others may have waited for a processor.
    assert min(delays[1:]) < 0.05
    assert "waiting" not in scene.call().stderr


@pytest.mark.long
def test_f07_a_slow_holder_is_named_and_nobody_opens_a_second_browser(scene: Scene, tmp_path: Path) -> None:
    """Whoever waits says for whom, stops at a deadline of its own, and asks nobody."""
    with scene.terminal("--skip-open-browser") as holder:
        holder.read_until("waiting up to")
        # Half a minute of grace is added to the person's own time.
        follower = scene.call("--authentication-timeout-sec=1", deadline=60)
        assert follower.code == 1
        who = f"process {holder.pid}, signing in to {scene.provider.issuer} since 20"
        assert f"waiting for {who}" in follower.stderr
        assert f"gave up waiting for {who}" in follower.stderr
        assert 30 < follower.seconds < 30 + 1 + 3 * AT_ONCE
    assert scene.opened == 0


def test_b99_a_hung_holder_is_waited_for_and_never_robbed(scene: Scene) -> None:
    """A stopped process has the lock still; links and directories in its place are no locks."""
    with scene.terminal("--skip-open-browser") as holder:
        holder.read_until("waiting up to")
        holder.signal(signal.SIGSTOP)
        store, began = disk_store(scene.cache), time.monotonic()
        with pytest.raises(StorageError, match="gave up waiting"), store.lock(scene.key, deadline=began + 1, doing="x"):
            pass
        assert 1 <= time.monotonic() - began < 1 + AT_ONCE
        holder.signal(signal.SIGCONT)
    lock = scene.cache / f"session-{scene.key}.lock"
    lock.unlink()
    lock.symlink_to(scene.home / "elsewhere")
    assert scene.call(name="login", env={"XDG_RUNTIME_DIR": str(scene.home)}).code == 0
    assert not (scene.home / "elsewhere").exists()
    assert lock.is_symlink()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_b103_a_signal_between_send_and_save_costs_nothing(
    started_provider: Callable[..., Provider], tmp_path: Path, name: str
) -> None:
    """The command ends at once; the new refresh token is on disk all the same."""
    scene = Scene(
        started_provider(EMBEDDED, https=False, refresh_latency=3), tmp_path / "home", tmp_path / "no-browser"
    )
    scene.seed(left=-5)
    running = scene.start("-v1")
    # Written before the request left.
    until(lambda: scene.kept.refresh_sent_at is not None)
    time.sleep(0.5)
    running.signal(signal.Signals[name])
    running.process.wait(AT_ONCE)
    # The provider takes three seconds, and has not answered yet.
    assert scene.kept.refresh_sent_at is not None
    done = command.finish(running)
    assert (done.code, done.stdout) == ((-9 if name == "SIGKILL" else 130), "")
    after = scene.call()
    assert token(after)
    assert (scene.refreshes, scene.opened) == (1, 0)
    assert scene.kept.refresh_sent_at is None


def test_b106_no_two_settings_have_one_key(scene: Scene) -> None:
    """Fields that could run into one another do not: each command line has a session of its own."""
    lines = [
        (),
        ("--oidc-extra-scope=a",),
        ("--oidc-extra-scope=a,b",),
        ("--oidc-redirect-url=http://localhost:8000",),
        ("--oidc-pkce-method=no",),
        ("--oidc-auth-request-extra-params=a=b",),
        ("--oidc-request-header=a=b",),
        ("--oidc-auth-request-extra-params=a=", "--oidc-request-header=a=b"),
        ("--certificate-authority-data=YQ==",),
        ("--insecure-skip-tls-verify",),
        ("--oidc-use-access-token",),
    ]
    keys = set()
    for line in lines:
        scene.more = line
        keys.add(scene.key)
    assert len(keys) == len(lines)


@pytest.mark.long
def test_b107_twenty_contexts_open_one_tab_at_a_time(scene: Scene, tmp_path: Path) -> None:
    """Different scopes, some with a cache of their own, all at once: never two pages at the same time."""
    log = tmp_path / "tabs"
    script = sign_in_script(tmp_path / "script")
    scene.browser = tmp_path / "noting"
    scene.browser.write_text(
        f'#!/bin/sh\necho open >>{log}\n{script} "$@" >/dev/null\nstatus=$?\necho close >>{log}\nexit $status\n'
    )
    scene.browser.chmod(0o755)
    running = []
    for number in range(DISTINCT_CONTEXTS):
        scene.more = (f"--oidc-extra-scope=scope{number}" if number else "--oidc-extra-scope=email",)
        if number % 2:
            scene.more += (f"--token-cache-dir={tmp_path / str(number)}",)
        scene.port = free_port()
        running.append(scene.start("--authentication-timeout-sec=100"))
    done = command.together(running, deadline=110)
    assert all(one.code == 0 for one in done), [one.stderr for one in done if one.code]
    # One opens a page only after the one before has its tokens; its tab may take a moment to close.
    requests = [line for line in scene.provider.request_lines() if line.startswith(("GET /authorize", "POST /token"))]
    kinds = "".join("a" if line.startswith("GET") else "t" for line in requests)
    assert re.fullmatch(r"(at+){20}", kinds), kinds


def test_b108_ctrl_c_is_remembered_by_the_next_fifty_calls(scene: Scene) -> None:
    """All of them end at once and open nothing; a person's next command does."""
    with scene.terminal("--skip-open-browser") as terminal:
        terminal.read_until("waiting up to")
        time.sleep(0.3)
        terminal.interrupt()
        assert terminal.wait(deadline=10).code == 130
    for _ in range(5):
        done = command.together([scene.start() for _ in range(10)])
        assert {one.code for one in done} == {1}
        assert all("it was interrupted" in one.stderr for one in done)
        assert all("run: kubelogin login" in one.stderr for one in done)
        assert {one.stdout for one in done} == {""}
    assert scene.opened == 0
    with scene.terminal() as terminal:
        assert token(terminal.wait())


def test_b108_login_signs_in_and_clears_the_memory(scene: Scene, tmp_path: Path) -> None:
    """It says who is signed in until when, and nothing on standard output."""
    good = scene.browser
    scene.browser = sign_in_script(tmp_path / "cancel", cancel=True)
    assert scene.call().code == 1
    assert "nobody is asked again" in scene.call().stderr
    scene.browser = good
    done = scene.call(name="login")
    assert (done.code, done.stdout) == (0, "")
    assert re.search(r"signed in to http\S+ as alice; the token serves until 20", done.stderr)
    assert token(scene.call())
    assert not [name for name in scene.names if name.startswith("attempt-")]


def test_b108_login_finds_the_provider_in_the_kubeconfig(scene: Scene, tmp_path: Path) -> None:
    """With a context, or with the current one; the plugin then finds the session."""
    stanza = {"apiVersion": "client.authentication.k8s.io/v1", "command": "kubectl", "interactiveMode": "Never"}
    config = {
        "users": [{"name": "u", "user": {"exec": {**stanza, "args": ["oidc-login", *scene.words()]}}}],
        "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "elsewhere",
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(config))
    done = command.run("login", "--context=prod", home=scene.home, env={"KUBECONFIG": str(path)})
    assert (done.code, done.stdout) == (0, ""), done.stderr
    assert "as alice" in done.stderr
    scene.provider.forget()
    assert token(scene.call())
    assert scene.provider.count() == 0
    lost = command.run("login", home=scene.home, env={"KUBECONFIG": str(path)})
    assert lost.code == 1
    assert 'context "elsewhere" does not exist' in lost.stderr


def test_b109_a_password_prompt_without_a_terminal_is_an_error(scene: Scene) -> None:
    """Nothing is read from anywhere, least of all with echo."""
    done = scene.call("--grant-type=password", "--username=alice")
    assert (done.code, done.stdout) == (1, "")
    assert "the caller lends no terminal" in done.stderr
    assert done.seconds < AT_ONCE


def test_f28_signals_and_a_closed_reader(slow_scene: Scene) -> None:
    """An answer that nobody reads is an error without a traceback, and what the provider gave is kept."""
    slow_scene.seed(left=-5)
    running = slow_scene.start()
    assert running.process.stdout
    running.process.stdout.close()
    running.process.wait(30)
    assert running.process.stderr
    said = running.process.stderr.read()
    assert "Traceback" not in said
    assert running.process.returncode == 1
    for stream in (running.process.stdin, running.process.stderr):
        if stream:
            stream.close()
    assert slow_scene.refreshes == 1
    assert slow_scene.kept.refresh_sent_at is None
    assert slow_scene.kept.usable_until is not None
    assert slow_scene.kept.usable_until > time.time()


def test_f28_an_orphan_gives_its_port_back(scene: Scene, tmp_path: Path) -> None:
    """A kubectl that is killed leaves us running: we notice within two seconds and end."""
    info = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}'
    parent = tmp_path / "kubectl"
    words = " ".join(f"'{word}'" for word in scene.words("--skip-open-browser"))
    parent.write_text(
        f"#!/bin/sh\nKUBERNETES_EXEC_INFO='{info}' '{command.KUBELOGIN}' {words} &\necho $! >'{tmp_path}/pid'\nwait\n"
    )
    parent.chmod(0o755)
    running = command.start(home=scene.home, command=parent)
    until((tmp_path / "pid").exists)
    until(lambda: (tmp_path / "pid").read_text().strip())
    plugin = int((tmp_path / "pid").read_text())
    until(lambda: _listens(scene.port))
    running.signal(signal.SIGKILL)
    began = time.monotonic()
    until(lambda: not _listens(scene.port))
    until(lambda: not Path(f"/proc/{plugin}").exists() or _is_zombie(plugin))
    # Two seconds and what a busy machine adds; the sign-in itself would wait for three minutes.
    assert time.monotonic() - began < 2 + AT_ONCE
    command.finish(running)


def test_f28_a_wrapped_kubectl_does_not_start_us_within_ourselves(scene: Scene, tmp_path: Path) -> None:
    """A browser command that needs the plugin would wait for the plugin that waits for it."""
    answer = tmp_path / "inner"
    scene.browser = tmp_path / "wrapped"
    inner = " ".join(f"'{word}'" for word in scene.words())
    scene.browser.write_text(f"#!/bin/sh\n'{command.KUBELOGIN}' {inner} >{answer} 2>&1\necho $? >>{answer}\n")
    scene.browser.chmod(0o755)
    outer = scene.call("--authentication-timeout-sec=5")
    assert outer.code == 1
    assert "started by itself" in answer.read_text()
    assert answer.read_text().endswith("\n1\n")
    assert outer.seconds < 5 + AT_ONCE


def test_f31_nobody_gets_a_foreign_token(started_provider: Callable[..., Provider], tmp_path: Path) -> None:
    """Two providers, two users, two cache directories, one home: everybody gets what is theirs, again and again."""
    providers = [started_provider(EMBEDDED, https=False), started_provider(EMBEDDED, https=False, id_token_ttl=3599)]
    for _ in range(2):
        for provider in providers:
            for user in ("alice", "bob"):
                scene = Scene(provider, tmp_path / "home", sign_in_script(tmp_path / f"{user}-browser", user=user))
                scene.more = (f"--token-cache-dir={tmp_path / user}",)
                said = _claims(token(scene.call()))
                assert (said["iss"], said["sub"]) == (provider.issuer, user)


def test_f31_settings_of_different_principals_never_share_a_key() -> None:
    """Whatever the texts are: two settings have one key if, and only if, they mean the same session."""
    chance = random.Random(31)
    texts = ["", "a", "b", "a,b", 'a","b', "a b", "\u0000", "a\\", "https://id.example", "ä", "a=b"]
    keys: dict[str, object] = {}
    for _ in range(4000):
        provider = {name: chance.choice(texts) for name in ("issuer", "client_id")}
        scopes = tuple(chance.sample(["a", "b", "c"], chance.randrange(3)))
        pairs = tuple((chance.choice(texts), chance.choice(texts)) for _ in range(chance.randrange(2)))
        name = chance.choice(["extra_params", "request_headers"])
        authority = tuple(chance.sample(texts[1:4], chance.randrange(2)))
        user, grant = chance.choice(["", "alice", "bob"]), chance.choice([GrantType.AUTO, GrantType.CLIENT_CREDENTIALS])
        settings = Settings(
            SettingsProvider(extra_scopes=scopes, **provider, **{name: pairs}),
            Tls(certificate_authorities=authority),
            Login(grant_type=grant, username=user or None),
        )
        principal = grant if grant is GrantType.CLIENT_CREDENTIALS else user
        means = (*provider.values(), scopes, (name, pairs) if pairs else None, authority, principal)
        assert keys.setdefault(session_key(settings), means) == means
    assert len(set(keys.values())) == len(keys) > 1000


def _hold_for_ever(scene: Scene) -> None:
    with disk_store(scene.cache).lock(scene.key, deadline=time.monotonic() + 5, doing="testing"):
        time.sleep(60)


def _is_held(scene: Scene) -> bool:
    try:
        with disk_store(scene.cache).lock(scene.key, deadline=time.monotonic(), doing="looking"):
            return False
    except StorageError:
        return True


def _claims(text: str) -> dict[str, object]:
    from kubelogin_py.oidc.id_token import read_unverified
    from kubelogin_py.secret import Secret

    return dict(read_unverified(Secret(text)).raw)


def _listens(port: int) -> bool:
    found = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return bool(found.stdout.strip())
    return f":{port:04X} " in Path("/proc/net/tcp").read_text()


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
