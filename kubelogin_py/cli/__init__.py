"""The command line: one file per command, one table of options, one place where errors become text."""
