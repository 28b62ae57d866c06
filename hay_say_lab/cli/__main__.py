"""`python -m hay_say_lab.cli`."""

import sys

from hay_say_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
