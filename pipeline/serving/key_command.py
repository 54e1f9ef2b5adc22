"""``mathocr serve key``: make an API key and add it to the file of a server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mathocr.pipeline.serving.keys import add_key


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``mathocr serve key``."""
    parser.description = "Make an API key: it is shown once, and its SHA-256 digest is added to the file."
    parser.epilog = "A running server lets it in at once. To revoke a key remove its line from the file."
    parser.add_argument("name", metavar="NAME", help="whose key it is; appears in the server's logs")
    parser.add_argument("--keys", type=Path, required=True, metavar="FILE", help="file of the server's keys")


def run(args: argparse.Namespace) -> int:
    """Make a key.

    Returns:
        Exit status 0.

    Raises:
        KeyFileError: If the name cannot be used or the file is no key file.
        OSError: If the file cannot be written.
    """
    print(add_key(args.keys, args.name))
    print(f"mathocr: added {args.name} to {args.keys}; the key is not shown again", file=sys.stderr)
    return 0
