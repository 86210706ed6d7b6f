"""`python -m arfeed`: the same as the command."""

from arfeed.cli.app import main

if __name__ == "__main__":
    main()
