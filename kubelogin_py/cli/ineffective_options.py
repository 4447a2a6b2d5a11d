"""Options that are accepted because kubeconfigs have them, and that can't mean anything here.

The logging flags are klog's, which int128/kubelogin logs with; their names have underscores as written here.
"""

from kubelogin_py.cli import option_values
from kubelogin_py.cli.option import EVERY_COMMAND, SIGNING_IN, Option, Topic
from kubelogin_py.compat.flag_values import BOOL, GO_BOOL, GO_UINT, STRING, Kind, Value

_NO_RENEGOTIATION = "has no effect here: OpenSSL decides about renegotiation, and TLS 1.3 has none"


def _option(name: str, kind: Kind, default: Value, text: str) -> Option:
    return Option(
        name=name,
        kind=kind,
        default=default,
        help=text,
        topic=Topic.COMPATIBILITY,
        commands=(EVERY_COMMAND,),
        note="has no effect here",
    )


INEFFECTIVE_OPTIONS = (
    Option(
        name="tls-renegotiation-freely",
        kind=BOOL,
        default=False,
        help="Let the server renegotiate TLS repeatedly",
        topic=Topic.COMPATIBILITY,
        commands=SIGNING_IN,
        note=_NO_RENEGOTIATION,
        field="tls.renegotiation",
        convert=option_values.renegotiation_freely,
    ),
    Option(
        name="tls-renegotiation-once",
        kind=BOOL,
        default=False,
        help="Let the server renegotiate TLS once per connection",
        topic=Topic.COMPATIBILITY,
        commands=SIGNING_IN,
        note=_NO_RENEGOTIATION,
        field="tls.renegotiation",
        convert=option_values.renegotiation_once,
    ),
    _option("logtostderr", GO_BOOL, default=True, text="Log to standard error instead of files"),
    _option("alsologtostderr", GO_BOOL, default=False, text="Log to standard error as well as files"),
    _option("stderrthreshold", STRING, default="INFO", text="Level from which logs go to standard error"),
    _option("vmodule", STRING, default="", text="Verbosity of single files"),
    _option("log_dir", STRING, default="", text="Directory of log files"),
    _option("log_file", STRING, default="", text="Log file"),
    _option("log_file_max_size", GO_UINT, default=1800, text="Size of the log file in megabytes"),
    _option("add_dir_header", GO_BOOL, default=False, text="Add the directory to log lines"),
    _option("skip_headers", GO_BOOL, default=False, text="Leave prefixes out of log lines"),
    _option("skip_log_headers", GO_BOOL, default=False, text="Leave headers out of log files"),
    _option("one_output", GO_BOOL, default=False, text="Write logs to one file per level only"),
    _option("log_backtrace_at", STRING, default=":0", text="Log a stack trace at this line"),
    _option("legacy_stderr_threshold_behavior", GO_BOOL, default=False, text="Ignore stderrthreshold"),
    _option("alsologtostderrthreshold", STRING, default="INFO", text="Level for alsologtostderr"),
)
