import sys

from hay_say_lab.worker.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
