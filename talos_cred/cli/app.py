"""The commands as typer has them; what ``login`` takes is made from the table of options."""

import inspect
import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from kubelogin_py.errors import UsageError
from talos_cred import __version__
from talos_cred.cli.context import answer, context_name
from talos_cred.cli.option import Kind, Option
from talos_cred.cli.options import CONTEXT, LOGIN, TALOSCONFIG

app = typer.Typer(
    name="talos-cred",
    help="Short-lived Talos certificates from an OpenID Connect sign-in.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_CONTEXT = typer.Option("--context-name", "--context", help=f"{CONTEXT.help} [{CONTEXT.variable}]")
_FILE = typer.Option("--talosconfig", help=TALOSCONFIG.help)


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit code.

    :raises Error: see ``talos_cred.errors``.
    """
    command = typer.main.get_command(app)
    arguments = arguments or ["--help"]
    try:
        code = command.main(arguments, prog_name="talos-cred", standalone_mode=False)
    except typer.Exit as done:
        return done.exit_code
    except SystemExit as done:
        # How typer's completion ends.
        return done.code if isinstance(done.code, int) else 0
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        # typer's own complaints about a command line; their class is not public.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        raise UsageError(str(message()), hint="see talos-cred --help") from None
    return code if isinstance(code, int) else 0


@app.command()
def status(
    context: Annotated[str | None, _CONTEXT] = None,
    talosconfig: Annotated[str, _FILE] = "",
    output: Annotated[str, typer.Option("--output", "-o", help="text or json")] = "text",
) -> int:
    """Show who is signed in, and until when: exit code 0 good, 1 error, 2 sign-in needed."""
    from talos_cred.cli import status as command  # noqa: PLC0415 -- slow to import

    if output not in {"text", "json"}:
        raise UsageError("--output must be text or json")
    text, code = command.run(context, talosconfig, output, os.environ)
    answer(f"{text}\n")
    return code


@app.command()
def logout(
    context: Annotated[str | None, _CONTEXT] = None,
    talosconfig: Annotated[str, _FILE] = "",
    everything: Annotated[bool, typer.Option("--all", help="every context that a sign-in made")] = False,  # noqa: FBT002 -- typer's way
) -> int:
    """Revoke the session, and remove its tokens and our context."""
    from talos_cred.cli import logout as command  # noqa: PLC0415 -- slow to import

    name = context_name(context, os.environ)
    return command.run(name, talosconfig, everything=everything, environment=os.environ)


@app.command(context_settings={"allow_interspersed_args": False})
def run(
    command: Annotated[list[str], typer.Argument(help="the command, such as talosctl version")],
    context: Annotated[str | None, _CONTEXT] = None,
    talosconfig: Annotated[str, _FILE] = "",
) -> int:
    """Make the certificate good, then become the command."""
    from talos_cred.cli import run as runner  # noqa: PLC0415 -- slow to import

    options = {"context": context or "", "talosconfig": talosconfig}
    return runner.run({name: value for name, value in options.items() if value}, command, os.environ)


@app.command()
def trust(
    server: Annotated[str, typer.Argument(help="address of the exchange server")],
    fingerprint: Annotated[str, typer.Option("--fingerprint", help="what it must be; then nobody is asked")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="also when another key was trusted")] = False,  # noqa: FBT002 -- typer's way
) -> int:
    """Look at an exchange server's key, and trust it from now on."""
    from talos_cred.cli import trusting  # noqa: PLC0415 -- slow to import

    return trusting.run(server, fingerprint, replace=replace, environment=os.environ)


@app.command(name="import")
def import_(
    server: Annotated[str, typer.Option("--server", help="address of the exchange server")] = "",
    server_ca: Annotated[str, typer.Option("--server-ca", help="PEM file of its authority")] = "",
    context: Annotated[str | None, _CONTEXT] = None,
    talosconfig: Annotated[str, _FILE] = "",
) -> int:
    """Take over a sign-in of talosctl-oidc, once."""
    from talos_cred.cli import importing  # noqa: PLC0415 -- slow to import

    given = {"server": server, "server_ca": server_ca, "talosconfig": talosconfig}
    return importing.run({**given, "context_name": context_name(context, os.environ)}, os.environ)


@app.command()
def service(
    action: Annotated[str, typer.Argument(help="install, status, remove or show")],
    context: Annotated[str | None, _CONTEXT] = None,
    talosconfig: Annotated[str, _FILE] = "",
) -> int:
    """Keep a context fresh by a user service of systemd."""
    from talos_cred.cli import service as command  # noqa: PLC0415 -- slow to import

    return command.run(action, context_name(context, os.environ), talosconfig, os.environ)


@app.command()
def version() -> int:
    """Show the version."""
    answer(f"talos-cred {__version__}\n")
    return 0


def _login(**values: Any) -> int:  # noqa: ANN401 -- one parameter per row of the table
    """Get a certificate into a context of the talosconfig, signing in if need be."""
    from talos_cred.cli import login  # noqa: PLC0415 -- slow to import

    names = values.pop("profile") or []
    return login.run(values, names, os.environ)


def _with_options(function: Callable[..., int], rows: tuple[Option, ...]) -> Callable[..., int]:
    """Return a function with one parameter per option, as typer reads them."""
    parameters: dict[str, Any] = {"profile": Annotated[list[str] | None, typer.Argument(help="profile")]}
    parameters |= {row.parameter: _annotation(row) for row in rows}
    kind = inspect.Parameter.KEYWORD_ONLY
    signature = [
        inspect.Parameter(name, kind, default=_defaults(rows).get(name), annotation=annotation)
        for name, annotation in parameters.items()
    ]
    function.__annotations__ = {**parameters, "return": int}
    function.__signature__ = inspect.Signature(signature, return_annotation=int)  # type: ignore[attr-defined]
    return function


def _annotation(row: Option) -> Any:  # noqa: ANN401 -- a type made at run time
    names = [f"-{name}" if len(name) == 1 else f"--{name}" for name in (row.name, *row.also)]
    shown = f" (default {row.default:g})" if isinstance(row.default, float) else ""
    shown = shown or (f" (default {row.default})" if row.default else "")
    text = f"{row.help}{shown} [{row.variable}]"
    if row.kind is Kind.FLAG:
        return Annotated[bool, typer.Option(*names, help=text, show_default=False)]
    if row.kind is Kind.LIST:
        return Annotated[list[str] | None, typer.Option(*names, help=text, metavar="TEXT")]
    return Annotated[str | None, typer.Option(*names, help=text, metavar=row.kind.value.upper())]


def _defaults(rows: tuple[Option, ...]) -> Mapping[str, object]:
    return {row.parameter: False for row in rows if row.kind is Kind.FLAG}


app.command(name="login")(_with_options(_login, LOGIN))
