"""`python -m grokterm` is `grokterm`."""

from grokterm.cli.main import main

main()
