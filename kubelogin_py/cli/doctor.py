"""``kubelogin doctor``: everything between a person and ``kubectl get pods``, looked at and said in words."""

import itertools
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kubelogin_py import colour
from kubelogin_py.cli import plugin_call
from kubelogin_py.cli.binding import check_choices
from kubelogin_py.cli.home import home_directory
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.plugin_call import PluginCall
from kubelogin_py.cli.setup_command import arguments_of
from kubelogin_py.cli.table import wrapped
from kubelogin_py.colour import Colour
from kubelogin_py.doctor.finding import Finding, Status
from kubelogin_py.doctor.subject import Subject
from kubelogin_py.errors import Error, UnhealthyError
from kubelogin_py.kubernetes import kubeconfig_context
from kubelogin_py.settings import Settings

_COLOURS = {
    Status.PASS: Colour.GREEN,
    Status.WARN: Colour.YELLOW,
    Status.FAIL: Colour.RED,
    Status.SKIP: Colour.FAINT,
}
_STATUS_WIDTH, _GAP = 6, 2
_LABELS, _LABEL_WIDTH = ("why", "do"), 5
_BESIDE = 72
"""Columns from which on the text stands beside the name of its check, and no longer below it."""


def run(invocation: Invocation) -> None:
    """Write what every check finds to standard output; nothing is changed by it.

    :raises UnhealthyError: something failed.
    :raises SettingsError: nobody knows how to show it so.
    """
    # A choice that the plugin's options don't have is a finding; how the answer is shown must be known before.
    check_choices((row for row in invocation.rows if row.name == "output"), invocation.parsed)
    subject = _subject(invocation)
    findings = invocation.examine(subject, invocation.parsed.number("v"))
    text = _document(subject, findings) if invocation.parsed.text("output") == "json" else _table(findings, invocation)
    invocation.stdout.write(f"{text}\n".encode())
    broken = [finding.check for finding in findings if finding.status is Status.FAIL]
    if broken:
        raise UnhealthyError(f"{len(broken)} of {len(findings)} checks failed: {', '.join(broken)}")


def _subject(invocation: Invocation) -> Subject:
    """Return what is to be examined, with whatever keeps it from being read."""
    own, environment = invocation.parsed, invocation.environment
    home = home_directory(environment) or ""
    if plugin_call.names_provider(own):
        call = PluginCall(own, environment)
        settings, fault = _settings(call)
        return Subject(None, None, settings, fault, own.given, environment, home, _chosen(invocation))
    paths, name = plugin_call.locations(invocation), own.text("context")
    try:
        context = kubeconfig_context.find(paths, context=name)
    except Error as error:
        return Subject(context_fault=error, environment=environment, home=home, chosen=_chosen(invocation))
    given: tuple[str, ...] = ()
    settings, fault, merged = None, None, environment
    try:
        call = plugin_call.of_context(paths, name, environment, own)
        given, merged = call.parsed.given, call.environment
        settings, fault = _settings(call)
    except Error as error:
        fault = error
    return Subject(context, None, settings, fault, given, merged, home, _chosen(invocation))


def _settings(call: PluginCall) -> tuple[Settings | None, Error | None]:
    try:
        return call.settings(), None
    except Error as error:
        return None, error


def _chosen(invocation: Invocation) -> str:
    """Return the options that mean the same subject to another command of ours; a secret is left out."""
    own = invocation.parsed
    places = [f"--{name}={own.text(name)}" for name in ("kubeconfig", "context") if own.text(name)]
    words = [*places, *(argument.text for argument in arguments_of(invocation.rows, own))]
    return " ".join(shlex.quote(word) for word in words)


def _document(subject: Subject, findings: Sequence[Finding]) -> str:
    provider = subject.settings.provider if subject.settings else None
    members = {
        "context": subject.context.name if subject.context else None,
        "issuer": provider.issuer if provider else None,
        "client_id": provider.client_id if provider else None,
        "healthy": all(finding.status is not Status.FAIL for finding in findings),
        "checks": [
            {
                "check": finding.check,
                "status": finding.status,
                "found": finding.found,
                "cause": finding.cause or None,
                "next": finding.next or None,
            }
            for finding in findings
        ],
    }
    return json.dumps(members, indent=2)


def _table(findings: Sequence[Finding], invocation: Invocation) -> str:
    stdout = invocation.stdout
    width, coloured = stdout.width(), colour.is_wanted(invocation.environment, is_terminal=stdout.is_terminal())
    column = max(len(finding.check) for finding in findings) + _GAP
    lines = [line for finding in _gathered(findings) for line in _lines(finding, column, width, coloured=coloured)]
    return "\n".join([*lines, "", _summary(findings)])


def _gathered(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings, those left out one after the other as one, so that what failed stays in sight."""
    for left_out, run in itertools.groupby(findings, _why_left_out):
        first, *others = run
        if left_out and others:
            yield replace(first, found=f"{first.found}; and with it {', '.join(finding.check for finding in others)}")
        else:
            yield from (first, *others)


def _why_left_out(finding: Finding) -> str:
    """Return the reason for which a check was left out, one for all that need another check; empty for the others."""
    if finding.status is not Status.SKIP:
        return ""
    return finding.found.partition(" ")[0] if finding.found.startswith("needs ") else finding.found


def _lines(finding: Finding, column: int, width: int | None, *, coloured: bool) -> Iterator[str]:
    word = finding.status.value.upper() if finding.status is Status.FAIL else finding.status.value
    status = f"{word:<{_STATUS_WIDTH}}"
    head = f"{colour.painted(status, _COLOURS[finding.status]) if coloured else status}{finding.check}"
    beside = width is None or width >= _BESIDE
    indent = _STATUS_WIDTH + (column if beside else 0)
    room = 10**6 if width is None else max(1, width - indent)
    texts = wrapped(finding.found, room)
    if beside:
        head += " " * (column - len(finding.check)) + texts.pop(0)
    yield head
    for label, text in zip(_LABELS, (finding.cause, finding.next), strict=True):
        body = wrapped(text, max(1, room - _LABEL_WIDTH)) if text else []
        marks = [f"{label}:", *[""] * len(body)]
        texts += [f"{mark:<{_LABEL_WIDTH}}{line}" for mark, line in zip(marks, body, strict=False)]
    yield from (" " * indent + line for line in texts)


def _summary(findings: Sequence[Finding]) -> str:
    counts = Counter(finding.status for finding in findings)
    said = {
        Status.FAIL: "failed",
        Status.WARN: "to be warned of",
        Status.PASS: "passed",
        Status.SKIP: "left out",
    }
    return ", ".join(f"{counts[status]} {word}" for status, word in said.items() if counts[status])
