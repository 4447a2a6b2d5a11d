"""Who tells what the demo does."""

import sys


class Narrator:
    """Says what happens, shows it, and insists that it is so."""

    def __init__(self) -> None:
        self._steps = 0

    def step(self, title: str) -> None:
        """Begin a step."""
        self._steps += 1
        print(f"\n\033[1m{self._steps}. {title}\033[0m" if sys.stdout.isatty() else f"\n{self._steps}. {title}")

    def show(self, text: str) -> None:
        """Show what a command printed."""
        for line in text.rstrip("\n").splitlines():
            print(f"   {line}", flush=True)

    def check(self, what: str, held: object) -> None:
        """Show a check, and end the demo when it failed."""
        print(f"   {'ok' if held else 'FAILED'}: {what}", flush=True)
        if not held:
            raise SystemExit(f"demo: this did not hold: {what}")
