"""``python -m safeshift`` is the command line."""

from safeshift.cli.main import main

main()
