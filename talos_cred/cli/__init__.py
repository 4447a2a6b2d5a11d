"""The command line for people, by typer: one file per command, one table of options."""
