"""Rebuilds the golden files: `python -m salmonn_omni.goldens [NAME ...] [--output DIR]`."""

import argparse
import importlib
import pkgutil
from pathlib import Path

from salmonn_omni import goldens

TESTS = Path(__file__).resolve().parents[4] / "Tests"


def names() -> list[str]:
    """The golden makers: modules of this package that have `write`."""
    found = []
    for module in pkgutil.iter_modules(goldens.__path__):
        if module.name not in ("__main__", "fill"):
            found.append(module.name)
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(names())} (default: all)")
    parser.add_argument("--output", type=Path, default=TESTS, help="the Tests folder")
    arguments = parser.parse_args()
    for name in arguments.names or names():
        importlib.import_module(f"salmonn_omni.goldens.{name}").write(arguments.output)
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
