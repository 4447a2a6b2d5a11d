"""From a command line to an exit code: the one place where errors become text."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from kubelogin_py.cli import fault
from kubelogin_py.cli.commands import COMMANDS, Command, find
from kubelogin_py.cli.help import help_text
from kubelogin_py.cli.invocation import (
    CleanDirectory,
    CleanKeyring,
    Examine,
    Invocation,
    KeptSessions,
    ProviderDocuments,
    RememberAnswer,
    SignIn,
    SignInToKubeconfig,
    SignOut,
    unwired,
)
from kubelogin_py.cli.option import Option
from kubelogin_py.cli.options import options_of
from kubelogin_py.cli.output import Stderr, Stdout
from kubelogin_py.cli.version import version_line
from kubelogin_py.compat import pflag
from kubelogin_py.compat.flag_values import quoted
from kubelogin_py.errors import Error, UsageError

INTERRUPTED = 130
"""Exit code after Ctrl-C, and after a request to end."""


def main(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    *,
    stdout: Stdout,
    stderr: Stderr,
    sign_in: SignIn,
    remember_answer: RememberAnswer | None = None,
    sign_in_to_kubeconfig: SignInToKubeconfig = unwired,
    clean_directory: CleanDirectory = unwired,
    clean_keyring: CleanKeyring = unwired,
    kept_sessions: KeptSessions = unwired,
    sign_out: SignOut = unwired,
    examine: Examine = unwired,
    provider_documents: ProviderDocuments = unwired,
) -> int:
    """Run the command that the arguments ask for and return the exit code: 0, 1, or 130 when interrupted.

    :param arguments: the command line without the program.
    :param sign_in: obtains a credential.
    :param remember_answer: keeps a finished answer for the next start.
    :param sign_in_to_kubeconfig: obtains a credential for a user of a kubeconfig and keeps it there.
    :param clean_directory: empties a token cache directory.
    :param clean_keyring: empties the token cache in the keyring.
    :param kept_sessions: returns every session in a token cache directory.
    :param sign_out: ends a session.
    :param examine: looks at everything about a subject.
    :param provider_documents: returns what the provider publishes.
    """
    command = COMMANDS[0]
    try:
        command, rest = find(arguments, environment)
        rows = options_of(command.name, environment)
        parsed = pflag.parse(rows, rest)
        for line in (*parsed.deprecations, *_notes(rows, parsed)):
            stderr.line(line)
        run = _chosen(command, parsed)
        run(
            Invocation(
                arguments=tuple(arguments),
                rows=rows,
                parsed=parsed,
                environment=environment,
                stdout=stdout,
                stderr=stderr,
                sign_in=sign_in,
                remember_answer=remember_answer,
                sign_in_to_kubeconfig=sign_in_to_kubeconfig,
                clean_directory=clean_directory,
                clean_keyring=clean_keyring,
                kept_sessions=kept_sessions,
                sign_out=sign_out,
                examine=examine,
                provider_documents=provider_documents,
            )
        )
    except Error as error:
        _report(error, command, stderr)
        return error.exit_code
    except KeyboardInterrupt:
        interrupted(stderr)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 -- the last resort: a fault of ours is one line, not a traceback
        stderr.lines(fault.lines(error, environment))
        return 1
    return 0


def interrupted(stderr: Stderr) -> None:
    """Say that the program was told to end."""
    stderr.line("error: interrupted")


def _chosen(command: Command, parsed: pflag.Parsed) -> Callable[[Invocation], None]:
    """Return what is to be done: asking for help or the version counts before stray words do."""
    if parsed.flag("help"):
        return lambda call: call.stdout.write(help_text(command, call.environment).encode())
    if parsed.values.get("version"):
        return lambda call: call.stdout.write(f"{version_line()}\n".encode())
    if parsed.words and not command.takes_words:
        raise UsageError(f'unknown command {quoted(parsed.words[0])} for "{command.path}"')
    return command.load()


def _notes(rows: Iterable[Option], parsed: pflag.Parsed) -> list[str]:
    """Return what is to be said at verbosity 1 about the options that were used, each once."""
    used = [row for row in rows if row.note and row.name in parsed.given]
    return [f"note: --{row.name} {row.note}" for row in used] if parsed.number("v") >= 1 else []


def _report(error: Error, command: Command, stderr: Stderr) -> None:
    # A command line that could not be read never started the command.
    prefix = "" if isinstance(error, UsageError) else command.prefix
    stderr.line(f"error: {prefix}{error.message}")
    if error.hint:
        stderr.line(f"hint: {error.hint}")
