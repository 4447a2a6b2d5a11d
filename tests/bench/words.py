"""What the report says around its tables."""

INTRODUCTION = """# Benchmarks

Written by `make bench`; `make bench ROUNDS=1000` takes longer and narrows the intervals. The wheel is built and
installed into a fresh virtual environment, everything runs in a clean environment with its output in a pipe, and the
commands of a table are started in turn, in a new order each round. **The ratios are the result**: medians over rounds
of the ratio to `python -I -S -c pass`, an interpreter that does nothing, with 95 % bootstrap confidence intervals.
Milliseconds are for scale; other work on the machine moves them, and hardly moves the ratios.

int128/kubelogin takes part when it is on `PATH`."""

HIT = """The installed command is a script for `/bin/sh`. The answer holds a token of 1 219 bytes; where a row says
nothing else, the call has five words. Windows, and shells that lack something, get the fast path in Python."""

COUNTS = """Counted by `strace -f`, `valgrind --tool=callgrind` (user space; of the last program of a process) and GNU
time. Tests guard the first two: a hit is one process and one program, whatever the shell."""

KUBECTL = "`kubectl get --raw /version` over TLS against a server on this machine; the plugin is started once."

SESSIONS = """The embedded provider over https behind a relay that delays each piece by half the round trip (making the
TCP connection takes none). After a refresh the new session and the new answer are on the disk before it
ends. The CA bundle has all public authorities and the provider's; elsewhere the provider's alone is given."""

DEVICE = "From nothing to a credential; the provider wants a second between polls, and the person confirms at once."

THEIRS = """int128/kubelogin was not on `PATH`: put its binary there and repeat. **What is called derived above was not
measured.** It was measured once, with this method, on two processors of this kind where bare Python took 8.0 ms: a
cached token took it 0.60 x bare Python's time, 431 a second among 50 at once (bare Python: 239), it added 6.1 ms to a
kubectl command, and a refresh took 10.5 ms next to the provider and 144 ms at 25 ms round trip, with three requests.
What a processor does was scaled to bare Python's time in this run, what the network does was not; on a busy machine,
and on a slow one, that says little of a refresh, which is mostly processor's time here and mostly the network's
there."""

EXCHANGES = """One process, loaded by `wrk` on the same machine. Every request has an ID token of its own, whose ES256
signature is verified; an Ed25519 key pair is made, a certificate is signed, and both decisions are on record."""

NEVER = (
    "macOS, Windows, ARM, a cold page cache, home directories on a network.",
    "Round trips are a relay's, not a network's; the provider answers at once.",
)

MEETING = """What would bring them further, or meet the rest:

- a hit: a static launcher in C in place of the script (30 KB, a wheel for each platform) takes a quarter of the
  shell's time. An answer that the shell runs instead of reads would save a third, but it would be code.
- a hit in Python, and what of `talos-cred run` is left to Python: the start of the interpreter and of the virtual
  environment's `site` is nearly all of it.
- a refresh: what is left are imports. PyJWT, which brings X.509 and an HTTP client of its own along, is a quarter of
  them, and is imported while the answer is waited for; `cryptography` asked directly would save most of that quarter,
  and be more code of ours next to signatures. The standard library's HTTP, TLS and `dataclasses` are the greater part
  of the rest, which only a compiled program saves. While somebody works, none of it is waited for: tokens are
  refreshed ahead.
- authorities: where there is no hashed directory of them (RHEL up to 9), or a bundle is given, it is read once: the
  root that vouched for the provider is remembered, and read alone from then on. After a change of the bundle, or of the
  provider's root, one refresh takes the 15 to 20 ms again."""
