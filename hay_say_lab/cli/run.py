"""`hay-say run`: a notebook runs from top to bottom without a browser."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from hay_say_lab.cli.command import Command, Parser
from hay_say_lab.cli.exits import Exit
from hay_say_lab.cli.outfile import out_problems
from hay_say_lab.cli.parameters import parameters_of, read_values
from hay_say_lab.cli.session import Interrupted, Session
from hay_say_lab.cli.takes import refuse
from hay_say_lab.errors import Fix, InvalidRequest, NotebookFailed, Problem, Unavailable, family

# The kernel's own log would land between our lines; what a cell raises is in the notebook.
QUIET_KERNEL = ["--log-level=CRITICAL"]


def declare(parser: Parser) -> None:
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK", help="the .ipynb to run; it is not changed")
    parser.add_argument(
        "-p", "--parameter", action="append", nargs=2, default=[], metavar=("NAME", "VALUE"), dest="parameters",
        help="a value for a name in the cell tagged 'parameters'; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="EXECUTED.ipynb",
        help="the executed notebook (default: NOTEBOOK-executed.ipynb in the current folder)",
    )  # fmt: skip


def run(options: argparse.Namespace, session: Session) -> Exit:
    out = options.out or Path(f"{options.notebook.stem}-executed.ipynb")
    problems = list(out_problems(out, (".ipynb",)))
    parameters = parameters_of(options.notebook)
    if out.exists() and out.samefile(options.notebook):
        problems.append(Problem("out", "The executed notebook would replace its source.", Fix("Name another file.")))
    try:
        values = read_values(parameters, options.parameters)
    except InvalidRequest as refused:
        refuse([*problems, *refused.problems])
        raise
    refuse(problems)
    if session.home is not None:
        os.environ["HAY_SAY_HOME"] = str(session.home)      # the notebook's kernel inherits it
    began = time.monotonic()
    _execute(options.notebook, out, values)
    seconds = round(time.monotonic() - began, 1)
    document = {"notebook": str(out), "parameters": values, "seconds": seconds}
    session.answer(document, f"{out}: ran to its end in {seconds} s")
    return Exit.DONE


def _execute(notebook: Path, out: Path, values: dict[str, Any]) -> None:
    """Through papermill, which writes `out` behind every cell. Raises NotebookFailed, Interrupted, Unavailable."""
    try:
        from jupyter_client.kernelspec import NoSuchKernel
        from nbclient.exceptions import DeadKernelError
        from papermill import execute_notebook
        from papermill.exceptions import PapermillExecutionError
    except ImportError as missing:
        raise Unavailable(
            f"Running notebooks needs {missing.name}.", field="notebook", fix="pip install 'hay-say-lab[lab]'"
        ) from None
    logging.getLogger().addHandler(logging.NullHandler())       # else libraries write between our lines
    stopped = _interrupt_on_terminate()
    try:
        execute_notebook(
            _as_template(notebook), _as_template(out), parameters=values,
            progress_bar=sys.stderr.isatty(), extra_arguments=QUIET_KERNEL,
        )  # fmt: skip
    except PapermillExecutionError as failed:
        if stopped:
            raise _interrupted(out) from None
        raise NotebookFailed(f"The notebook stopped at cell {failed.exec_count}: {_sentence(failed)}") from None
    except KeyboardInterrupt:
        raise _interrupted(out) from None
    except NoSuchKernel as missing:
        raise NotebookFailed(
            f"There is no kernel '{missing.name}' here.", field="notebook", fix="Choose another one in JupyterLab."
        ) from None
    except (DeadKernelError, RuntimeError):
        if stopped:
            raise _interrupted(out) from None
        raise NotebookFailed(
            "The notebook's kernel died.", field="notebook", fix=f"Look at the last cell that ran in {out}."
        ) from None


def _interrupt_on_terminate() -> list[int]:
    """From now on SIGTERM and SIGINT are noted in the list that is returned, and stop what runs."""
    noted: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return noted


def _interrupted(out: Path) -> Interrupted:
    return Interrupted(note=f"{out} holds what ran; jobs that were queued go on, see 'hay-say jobs'.")


def _as_template(path: Path) -> str:
    """papermill takes paths as templates with {names}."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _sentence(failed: Any) -> str:
    """The error in one line: its own sentence and fixes; behind the name of its class where it is none of ours."""
    ours = {kind.__name__ for kind in family().values()}
    told = failed.evalue if failed.ename in ours else f"{failed.ename}: {failed.evalue}"
    return " ".join(told.split())


COMMAND = Command(
    name="run",
    summary="run a notebook without a browser",
    description="Run a notebook from top to bottom. The names and kinds of all parameters are checked before anything "
    "runs. The executed notebook is written after every cell, so that an interrupted or failed run leaves what it did.",
    declare=declare,
    run=run,
    examples=(
        "hay-say run notebooks/01_first_words.ipynb",
        'hay-say run notebooks/01_first_words.ipynb -p text "Good morning." -p seed 3 --out morning.ipynb',
    ),
)
