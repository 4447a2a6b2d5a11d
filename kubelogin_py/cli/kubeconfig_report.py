"""What became of a kubeconfig, said on standard error."""

from kubelogin_py.cli.output import Stderr
from kubelogin_py.kubernetes.kubeconfig_diff import difference
from kubelogin_py.kubernetes.kubeconfig_file import shown
from kubelogin_py.kubernetes.kubeconfig_revision import Revision
from kubelogin_py.shell_word import shell_word


def show(revision: Revision, stderr: Stderr, *, dry_run: bool) -> None:
    """Show the difference, and where the copy is."""
    stderr.lines(difference(revision.path, revision.before, revision.after))
    where = shown(revision.path)
    if not revision.changed:
        stderr.line(f"{where} is already so; nothing was written")
        return
    if dry_run:
        stderr.line(f"{where} was not changed (--dry-run)")
        return
    stderr.line(f"wrote {where}")
    if not revision.whole:
        stderr.line(f"note: {where} was written anew, without its comments")
    if revision.backup:
        back = f"kubelogin setup --undo --kubeconfig={shell_word(str(revision.path))}"
        stderr.line(f"what it was is in {shown(revision.backup)}; {back} puts it back")
