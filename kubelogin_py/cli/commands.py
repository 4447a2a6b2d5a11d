"""The commands there are, and which of them a command line means, by cobra's rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import (
    CLEAN,
    COMPLETION,
    DOCTOR,
    LOGIN,
    LOGOUT,
    PLUGIN,
    ROOT,
    SETUP,
    STATUS,
    TOKEN,
    WHOAMI,
    Option,
)
from kubelogin_py.cli.options import options_of

PROGRAM = "kubelogin"
"""The program's name in every message, whatever the executable is called."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    :param name: the word that selects it; empty for the program itself.
    :param summary: what it does, for help.
    :param run: where the function is that runs it, as ``module:name``.
    :param takes_words: whether it takes words besides its flags.
    :param prefix: begins the message of an error that happened while it ran.
    :param usage: what follows its name on the command line.
    :param description: what else there is to say in its help.
    :param examples: lines shown in its help as they are.
    """

    name: str
    summary: str
    run: str
    takes_words: bool = False
    prefix: str = ""
    usage: str = "[options]"
    description: str = ""
    examples: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The program's name and the command's."""
        return f"{PROGRAM} {self.name}".strip()

    def load(self) -> Callable[[Invocation], None]:
        """Return the function that runs the command."""
        module, _, name = self.run.partition(":")
        return cast("Callable[[Invocation], None]", getattr(import_module(module), name))


COMMANDS = (
    Command(
        ROOT,
        "Sign in to Kubernetes through OpenID Connect, as a credential plugin of kubectl.",
        "kubelogin_py.cli.standalone:run",
        prefix="login: ",
        usage="[command] [options]",
        description="Without a command it signs in the kubeconfig's current user, if that one has "
        "`auth-provider: oidc`, and writes the tokens back into the kubeconfig (standalone mode). kubectl 1.26 and "
        "later no longer read them there: use get-token, as `kubelogin setup` shows.",
    ),
    Command(
        PLUGIN,
        "Run as a kubectl credential plugin",
        "kubelogin_py.cli.get_token:run",
        prefix="get-token: ",
    ),
    Command(
        LOGIN,
        "Sign in outside kubectl, for the plugin to find",
        "kubelogin_py.cli.login:run",
        prefix="login: ",
        description="Signs in, or refreshes, as get-token with the same options would, and says who is signed in until "
        "when. Without a provider among the options they are those of the kubeconfig's current context, or of "
        "--context. After a sign-in that failed or was abandoned, this is the way to let kubectl go on at once.",
        examples=("kubelogin login", "kubelogin login --context=production"),
    ),
    Command(
        LOGOUT,
        "Sign out: revoke the session and remove all that is kept of it",
        "kubelogin_py.cli.logout:run",
        prefix="logout: ",
        description="Ends the session of the kubeconfig's current context, of --context, or every one of the provider "
        "(and the client) named by --oidc-issuer-url (and --oidc-client-id); --all ends all. The refresh token is "
        "revoked, and the session, its finished answers and what is known of failed sign-ins are removed, also when "
        "the provider can't be reached: then the exit code is 1. A token that was handed out serves until it expires.",
        examples=("kubelogin logout", "kubelogin logout --context=production --sso", "kubelogin logout --all"),
    ),
    Command(
        STATUS,
        "Show who is signed in, and until when",
        "kubelogin_py.cli.status:run",
        prefix="status: ",
        description="Shows every session of the token cache, or that of --context: who it is, the account, the "
        "provider and the client, the contexts that use it, until when its token lives, the groups, whether it can be "
        "refreshed, where it is kept, and why the last refresh in the background failed, if it did. No token is shown, "
        "and nobody is asked: neither the provider nor a person.",
        examples=("kubelogin status", "kubelogin status --context=production", "kubelogin status --output=json"),
    ),
    Command(
        WHOAMI,
        "The same as status",
        "kubelogin_py.cli.status:run",
        prefix="whoami: ",
        examples=("kubelogin whoami",),
    ),
    Command(
        TOKEN,
        "Write the token, or what it says, to standard output",
        "kubelogin_py.cli.token:run",
        prefix="token: ",
        description="Writes what get-token with the same options would hand to kubectl, from the cache while it is "
        "good: the ID token, or with --oidc-use-access-token the access token. Without a provider among the options "
        "they are those of the kubeconfig's current context, or of --context. Whoever has the token is you until it "
        "expires: keep it out of files and logs.",
        examples=(
            'curl --header "Authorization: Bearer $(kubelogin token)" https://kubernetes.example.com/api',
            "kubelogin token --claims --context=production",
        ),
    ),
    Command(
        DOCTOR,
        "Find out what keeps you from the cluster",
        "kubelogin_py.cli.doctor:run",
        prefix="doctor: ",
        description="Looks at everything from the kubeconfig to the API server's own answer: what it finds is passed, "
        "to be warned of or failed, with why and what to do. The exit code is 0 when nothing failed, else 1. Nothing "
        "is changed, nobody signs in, and no check sends more than one request. Without a "
        "provider among the options it is the kubeconfig's current context, or --context, that is looked at.",
        examples=(
            "kubelogin doctor",
            "kubelogin doctor --context=production --output=json",
            "kubelogin doctor --oidc-issuer-url=ISSUER_URL --oidc-client-id=YOUR_CLIENT_ID",
        ),
    ),
    Command(
        SETUP,
        "Show the setup instruction",
        "kubelogin_py.cli.setup:run",
        prefix="setup: ",
        description="Signs in once, without the token cache, and shows the claims of the ID token and the command "
        "that sets up the kubeconfig; nothing is changed. Without an issuer and a client ID it shows this help. With "
        "--platform it does the whole job for that platform: what to register at the provider, the API server's "
        "configuration, role bindings, a kubeconfig, the order of the steps, and whether the API server would take "
        "the token. With --write-kubeconfig it writes a user, a context and a cluster into the kubeconfig you have; "
        "--convert makes users of other plugins users of this one, and --undo takes that back.",
        examples=(
            "kubectl oidc-login setup --oidc-issuer-url=ISSUER_URL --oidc-client-id=YOUR_CLIENT_ID",
            "kubelogin setup --oidc-issuer-url=ISSUER_URL --oidc-client-id=YOUR_CLIENT_ID --platform=talos --write=DIR",
            "kubelogin setup --write-kubeconfig --oidc-issuer-url=ISSUER_URL --oidc-client-id=YOUR_CLIENT_ID",
            "kubelogin setup --convert --dry-run",
        ),
    ),
    Command(
        CLEAN,
        "Delete the token cache",
        "kubelogin_py.cli.clean:run",
        prefix="clean: ",
        description="Removes the tokens, answers and locks that this program and int128/kubelogin keep in the "
        "token cache directory, and nothing else; the directory goes only when it is empty then. The token cache in "
        "the keyring goes, too, where it can be reached; where not, a line says so.",
    ),
    Command(
        COMPLETION,
        "Write the completion script of a shell",
        "kubelogin_py.cli.completion:run",
        takes_words=True,
        usage="bash|zsh|fish|powershell [options]",
        examples=(
            "bash:         source <(kubelogin completion bash)",
            'zsh:          kubelogin completion zsh > "${fpath[1]}/_kubelogin"',
            "fish:         kubelogin completion fish | source",
            "powershell:   kubelogin completion powershell | Out-String | Invoke-Expression",
        ),
    ),
    Command(
        "help", "Show help about a command", "kubelogin_py.cli.help:run", takes_words=True, usage="[command] [options]"
    ),
    Command("version", "Show the version", "kubelogin_py.cli.version:run"),
)


def command_named(name: str) -> Command | None:
    """Return the command of this name."""
    return next((command for command in COMMANDS if command.name == name), None)


def find(arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[Command, tuple[str, ...]]:
    """Return the command that is meant, and the arguments without its name.

    The first word selects it, and flags may come before. A flag that the program itself does not know, or that
    takes a value, swallows the word after it.
    """
    rows = {name: row for row in options_of(ROOT, environment) for name in (f"--{row.name}", f"-{row.shorthand}")}
    position = 0
    while position < len(arguments) and (argument := arguments[position]) != "--":
        if argument.startswith("-"):
            position += 2 if _swallows(argument, rows) else 1
        elif not argument:
            position += 1
        else:
            command = command_named(argument)
            if command is None:
                break
            return command, (*arguments[:position], *arguments[position + 1 :])
    return COMMANDS[0], tuple(arguments)


def _swallows(argument: str, rows: Mapping[str, Option]) -> bool:
    if "=" in argument or (not argument.startswith("--") and len(argument) != len("-x")):
        return False
    row = rows.get(argument)
    # cobra knows its own two flags only after it has found the command.
    return row is None or row.name in ("help", "version") or row.kind.bare is None
