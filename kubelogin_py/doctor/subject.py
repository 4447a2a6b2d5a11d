"""What is examined: a context of a kubeconfig, or a provider that the command line names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubelogin_py.errors import Error
from kubelogin_py.kubernetes.kubeconfig_context import Context
from kubelogin_py.settings import Settings


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined, as far as it could be read.

    :param context: of the kubeconfig; ``None`` when it could not be read, or none is asked for.
    :param context_fault: why it could not be read.
    :param settings: what ``get-token`` would do; ``None`` when its arguments can't be used.
    :param settings_fault: why they can't be used.
    :param given: names of the options that are given.
    :param environment: the environment variables that ``get-token`` would have.
    :param home: the home directory; empty when none is known.
    :param chosen: the options that choose this subject, for commands that are recommended; a shell may read them.
    """

    context: Context | None = None
    context_fault: Error | None = None
    settings: Settings | None = None
    settings_fault: Error | None = None
    given: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    home: str = ""
    chosen: str = ""

    @property
    def from_kubeconfig(self) -> bool:
        """Whether a kubeconfig is looked at."""
        return self.context is not None or self.context_fault is not None

    def command(self, name: str) -> str:
        """Return a command of ours for this subject, such as ``kubelogin login --context=dev``."""
        return f"kubelogin {name} {self.chosen}".strip()
