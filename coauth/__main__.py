"""`python -m coauth`."""

from coauth.cli import main

main()
