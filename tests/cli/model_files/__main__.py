"""Writes the files of one case and of its reference, and prints the options with which the executable reads each.

cd tests/cli && python -m model_files CASE FOLDER     (without arguments: lists the cases)
"""

import shlex
import sys
from pathlib import Path

from .case import write_reference
from .cases import CASES


def main() -> int:
    if len(sys.argv) != 3 or sys.argv[1] not in CASES:
        print("\n".join(CASES))
        return 2
    folder = Path(sys.argv[2]).resolve()
    files = CASES[sys.argv[1]].write(folder / "case")
    print("the case:     ", shlex.join(map(str, files.options)))
    print("its reference:", shlex.join(map(str, write_reference(folder / "reference", files))))
    return 0


sys.exit(main())
