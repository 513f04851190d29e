"""The command line: parses, calls, prints."""


def main() -> None:
    """The entry point of ``qa``; everything heavy is imported behind it."""
    from qa.cli.app import main as run

    run()
