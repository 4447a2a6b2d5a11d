"""``kubelogin setup --write-kubeconfig``: a user of this plugin, its context and its cluster, into a kubeconfig."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kubelogin_py.cli import client_secret, kubeconfig_report, setup_command
from kubelogin_py.cli.executable import own_command
from kubelogin_py.cli.home import expanded, home_directory
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import PLUGIN
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.errors import SettingsError, UsageError
from kubelogin_py.kubernetes import kubeconfig, kubeconfig_yaml, kuberc
from kubelogin_py.kubernetes.exec_user import exec_user
from kubelogin_py.kubernetes.kubeconfig_edit import Edited, Entry, Kind, edited
from kubelogin_py.kubernetes.kubeconfig_yaml import Members
from kubelogin_py.kubernetes.yaml_writing import value_of
from kubelogin_py.oidc import urls
from kubelogin_py.secret import Secret
from kubelogin_py.shell_word import shell_word
from kubelogin_py.text import printable
from kubelogin_py.wiring import setting_up

_USER = "oidc"
_SECRET = "oidc-client-secret"  # noqa: S105 -- the name of an option
_AUTHORITY_LIMIT = 1 << 20

Documents = Sequence[tuple[Path, Members]]
"""Kubeconfigs, the first one most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written.

    :param path: the kubeconfig.
    :param user: name of the user.
    :param command: what kubectl is to start, with ``arguments``.
    :param context: name of the context; empty for the one that goes with the user and the cluster.
    :param cluster: name of the cluster; empty for the current context's.
    :param body: of the cluster; ``None`` when it is not written.
    :param others: the kubeconfigs that count beside that one, and less.
    :param secret: of the client, and the file it goes to.
    :param notes: what is left to be done by hand.
    """

    path: Path
    user: str
    command: str
    arguments: tuple[str, ...]
    context: str
    cluster: str
    body: Mapping[str, object] | None = None
    use: bool = False
    replaces: bool = False
    others: Documents = ()
    secret: tuple[Path, Secret] | None = None
    notes: tuple[str, ...] = ()


def plan(invocation: Invocation) -> Plan:
    """Return what the command line asks for; the API server is asked for its authority when it is to be fetched.

    :raises SettingsError: something is missing or does not go together; nothing was written.
    """
    parsed, environment = invocation.parsed, invocation.environment
    paths = files(invocation)
    server = parsed.text("server")
    urls.check_issuer(parsed.text("oidc-issuer-url"))
    _check_together(parsed)
    arguments, secret, notes = _arguments(invocation)
    path = kubeconfig.to_write(paths)
    return Plan(
        path=path,
        user=parsed.text("user") or _USER,
        command=parsed.text("exec-command") or own_command(environment),
        arguments=(PLUGIN, *arguments),
        context=parsed.text("context"),
        cluster=parsed.text("cluster") or (urlsplit(server).hostname or "" if server else ""),
        body=_cluster(invocation, server) if server else None,
        use=parsed.flag("use"),
        replaces="user" in parsed.given,
        others=kubeconfig.documents([one for one in paths if one != path]),
        secret=secret,
        notes=notes,
    )


def files(invocation: Invocation) -> tuple[Path, ...]:
    """Return the kubeconfig files that count.

    :raises SettingsError: there can't be any.
    """
    home = home_directory(invocation.environment)
    paths = kubeconfig.locations(expanded(invocation.parsed.text("kubeconfig"), home), invocation.environment, home)
    if not paths:
        raise SettingsError("no home directory is known", hint="set HOME, or pass --kubeconfig")
    return paths


def carry_out(chosen: Plan, invocation: Invocation) -> None:
    """Write the kubeconfig, and the client secret's file, and say what was done and what comes next."""
    dry_run = invocation.parsed.flag("dry-run")
    if chosen.secret and not dry_run:
        client_secret.keep(*chosen.secret)
    revision = setting_up.revise_kubeconfig(chosen.path, partial(_changed, chosen), dry_run=dry_run)
    kubeconfig_report.show(revision, invocation.stderr, dry_run=dry_run)
    for note in chosen.notes:
        invocation.stderr.line(f"note: {note}")
    if not dry_run:
        context = _names(chosen, _documents(chosen, revision.after))[1]
        invocation.stderr.lines(_next_steps(chosen, context))


def _check_together(parsed: Parsed) -> None:
    server = parsed.text("server")
    for name in ("fetch-ca", "cluster-certificate-authority"):
        if parsed.values[name] and not server:
            raise UsageError(f"--{name} needs --server, whose authority it is about")
    if parsed.text("ca-fingerprint") and not parsed.flag("fetch-ca"):
        raise UsageError("--ca-fingerprint needs --fetch-ca")
    if parsed.flag("fetch-ca") and parsed.text("cluster-certificate-authority"):
        raise UsageError("--fetch-ca and --cluster-certificate-authority exclude one another")
    if server:
        try:
            parts = urlsplit(server)
            usable = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or not server.isprintable() or " " in server:
            raise SettingsError(
                f"--server must be an https URL, but is {printable(server, 100)}",
                hint="such as https://api.example.com:6443",
            )


def _cluster(invocation: Invocation, server: str) -> Mapping[str, object]:
    """Return the cluster's entry; its authority goes into it, so that no file can get lost."""
    parsed = invocation.parsed
    if parsed.flag("fetch-ca"):
        from kubelogin_py.cli import cluster_authority  # noqa: PLC0415 -- with it come libraries

        pem = cluster_authority.confirmed(invocation, server)
    else:
        own = parsed.text("cluster-certificate-authority")
        files = (own,) if own else parsed.texts("certificate-authority")
        home = home_directory(invocation.environment)
        return {"server": server} | authority_data([expanded(file, home) for file in files])
    return {"server": server} | _data(pem)


def authority_data(files: Iterable[str]) -> dict[str, object]:
    """Return the member of a cluster's entry that holds authorities; none without any.

    :raises SettingsError: a file has no certificate.
    """
    return _data("".join(_authority(file) for file in files))


def _data(pem: str) -> dict[str, object]:
    return {"certificate-authority-data": base64.b64encode(pem.encode()).decode()} if pem else {}


def _authority(file: str) -> str:
    try:
        text = Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        text = ""
    except OSError as error:
        raise SettingsError(f"can't read {printable(file)}: {(error.strerror or 'failed').lower()}") from None
    if "-----BEGIN CERTIFICATE-----" not in text or len(text) > _AUTHORITY_LIMIT:
        raise SettingsError(f"{printable(file)} has no certificate in PEM form")
    return text if text.endswith("\n") else text + "\n"


def _arguments(invocation: Invocation) -> tuple[list[str], tuple[Path, Secret] | None, tuple[str, ...]]:
    """Return the plugin's arguments, the client secret and its file, and what is left to be done by hand."""
    parsed = absolute(invocation)
    issuer, client = parsed.text("oidc-issuer-url"), parsed.text("oidc-client-id")
    secret, words, notes = None, [], []
    for argument in setup_command.arguments_of(invocation.rows, parsed):
        if argument.text.startswith(f"--{_SECRET}="):
            if argument.hidden:
                secret = client_secret.file_of(issuer, client, invocation.environment), Secret(parsed.text(_SECRET))
                words.append(f"--{_SECRET}-file={secret[0]}")
        elif argument.text.startswith("--password="):
            notes.append("the password is not written into the kubeconfig; it is asked for on the terminal")
        else:
            words.append(argument.text)
            if argument.hidden:
                notes.append(f"secrets are not written into the kubeconfig; put yours in place of {argument.hidden}")
    return words, secret, tuple(dict.fromkeys(notes))


def absolute(invocation: Invocation) -> Parsed:
    """Return the command line with absolute paths: kubectl starts the plugin in any directory."""
    parsed, home = invocation.parsed, home_directory(invocation.environment)
    values = dict(parsed.values)
    for row in invocation.rows:
        if not row.path or row.name not in parsed.given:
            continue
        value: Any = values[row.name]
        if isinstance(value, str):
            values[row.name] = str(Path(expanded(value, home)).absolute()) if value else value
        else:
            values[row.name] = tuple(str(Path(expanded(one, home)).absolute()) for one in value)
    return replace(parsed, values=values)


def _documents(chosen: Plan, text: str) -> Documents:
    """Return what kubectl will read: the first kubeconfig that has an entry counts."""
    own = kubeconfig_yaml.parse(text)
    return ((chosen.path, own if isinstance(own, Members) else Members(())), *chosen.others)


def _changed(chosen: Plan, text: str) -> Edited:
    """Return the kubeconfig with everything in it."""
    documents = _documents(chosen, text)
    user = exec_user(chosen.command, chosen.arguments)
    _check_namesake(chosen, documents)
    entries = [Entry(Kind.USER, chosen.user, user)]
    cluster, context = _names(chosen, documents)
    if chosen.body is not None:
        kept = _body(documents, Kind.CLUSTER, cluster, _KEPT)
        entries.append(Entry(Kind.CLUSTER, cluster, {**kept, **chosen.body}))
    if context:
        kept = _body(documents, Kind.CONTEXT, context, ("namespace", "extensions"))
        entries.append(Entry(Kind.CONTEXT, context, {"cluster": cluster, "user": chosen.user, **kept}))
    current = kubeconfig.current_context(documents)
    return edited(text, entries, current_context=context if chosen.use or not current else "")


_KEPT = ("proxy-url", "tls-server-name", "disable-compression", "extensions")
"""What of a cluster is no part of whom to trust where."""


def _names(chosen: Plan, documents: Documents) -> tuple[str, str]:
    """Return the names of the cluster and of the context; no context is written for a cluster that nobody named."""
    there = _body(documents, Kind.CONTEXT, chosen.context or kubeconfig.current_context(documents))
    cluster = chosen.cluster or str(there.get("cluster") or "")
    return cluster, (chosen.context or f"{chosen.user}@{cluster}") if cluster else ""


def _check_namesake(chosen: Plan, documents: Documents) -> None:
    """Make sure that no user of somebody else is overwritten, or hidden, who was not named."""
    there = _body(documents, Kind.USER, chosen.user)
    plugin = there.get("exec")
    words = plugin.get("args") if isinstance(plugin, dict) else None
    own = {word for word in chosen.arguments if word.startswith(("--oidc-issuer-url=", "--oidc-client-id="))}
    same = isinstance(words, list) and own <= set(words)
    if there and not same and not chosen.replaces:
        found = kubeconfig.entry(documents, Kind.USER, chosen.user)
        where = f"in {printable(str(found[0]))}" if found and found[0] != chosen.path else "there"
        raise SettingsError(
            f'user "{printable(chosen.user)}" is {where} already and signs in elsewhere',
            hint=f"name another with --user, or this one with --user={printable(chosen.user)} to replace it",
        )


def _body(documents: Documents, kind: Kind, name: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what an entry has beside its name; nothing where there is no such entry."""
    found = kubeconfig.entry(documents, kind, name)
    node = found[1].get(kind.member) if found else None
    body = None if node is None else value_of(node)
    return {key: value for key, value in body.items() if not only or key in only} if isinstance(body, dict) else {}


def _next_steps(chosen: Plan, context: str) -> list[str]:
    if context:
        lines = [f"try: kubectl --context={shell_word(context)} auth whoami"]
    else:
        user = shell_word(chosen.user)
        lines = [f"no cluster is known, so no context was written; try: kubectl --user={user} get pods"]
    return [*lines, *kuberc.allowlist_lines(chosen.command)]
