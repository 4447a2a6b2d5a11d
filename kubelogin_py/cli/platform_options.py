"""Options of ``setup --platform``: what the API server is told, and who may do what."""

from kubelogin_py.cli.option import SETUP, Option, Topic
from kubelogin_py.compat.flag_values import STRING, STRING_TO_STRING, STRINGS

# Written out: the table is read at every start, and what these belong to need not be.
_PLATFORMS = ("talos", "k3s", "rke2", "kubeadm", "generic")
_STYLES = ("structured", "flags")
_PREFIX = "oidc:"

PLATFORM_OPTIONS = (
    Option(
        name="platform",
        kind=STRING,
        default="",
        help="Do the whole job: configure the API server of this platform, bind roles, make a kubeconfig",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
        choices=_PLATFORMS,
    ),
    Option(
        name="platform-version",
        kind=STRING,
        default="",
        help="Version of Talos, or of Kubernetes on the other platforms",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="style",
        kind=STRING,
        default="",
        help="How the API server is told: by a file or by flags (default: the file where that works)",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
        choices=_STYLES,
    ),
    Option(
        name="write",
        kind=STRING,
        default="",
        help="Directory to write the files to, instead of standard output",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
        path=True,
    ),
    Option(
        name="audience",
        kind=STRINGS,
        default=(),
        help="Audiences that the API server takes (default: the client ID)",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="username-claim",
        kind=STRING,
        default="",
        help="Claim with the user's name (default: what suits the provider, else sub)",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="username-prefix",
        kind=STRING,
        default=_PREFIX,
        help="Stands before the name in Kubernetes",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="groups-claim",
        kind=STRING,
        default="groups",
        help="Claim with the groups; empty to take none from tokens",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="groups-prefix",
        kind=STRING,
        default=_PREFIX,
        help="Stands before each group in Kubernetes",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="required-claim",
        kind=STRING_TO_STRING,
        default=(),
        help="Claims that a token must have, and their text",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="admin-group",
        kind=STRINGS,
        default=(),
        help="Groups, as the provider names them, that may do everything (cluster-admin)",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="admin-user",
        kind=STRINGS,
        default=(),
        help="Users, as the username claim names them, that may do everything (cluster-admin)",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
    Option(
        name="view-group",
        kind=STRINGS,
        default=(),
        help="Groups that may see everything but secrets (view); by default one of yours",
        topic=Topic.CLUSTER,
        commands=(SETUP,),
    ),
)
