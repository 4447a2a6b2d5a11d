"""A relay that lengthens the way to a provider, in a process of its own: ``python -m tests.bench.relay PORT``.

It prints ``READY PORT`` of its own; each line it is sent is a new latency in seconds, confirmed by a line.
"""

import sys

from tests.support.tcp_proxy import Fault, TcpProxy


def main() -> None:
    """Relay until standard input ends."""
    with TcpProxy(int(sys.argv[1])) as proxy:
        _say(f"READY {proxy.port}")
        for line in sys.stdin:
            proxy.fault = Fault(latency=float(line))
            _say("")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
