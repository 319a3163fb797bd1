"""The command line: every command of safeshift, and the one place where an error becomes words and an exit code.

Each group of commands is a file of its own; Ansible's flags where Ansible has the thing.
"""

from __future__ import annotations

import os
import sys
import traceback
from importlib import metadata
from typing import Annotated

import typer

from safeshift.cli import inventories, labs, plays, records
from safeshift.errors import ExitCode, SafeshiftError

app = typer.Typer(
    name="safeshift",
    help="Staged traffic shifts that check both networks after each step and undo themselves.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _about(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Staged traffic shifts that check both networks after each step and undo themselves."""
    if version:
        print(f"safeshift {metadata.version('safeshift')}")
        raise typer.Exit()


plays.register(app)
records.register(app)
inventories.register(app)
labs.register(app)


def main() -> None:
    """Run the command line and exit with one of ``ExitCode``."""
    try:
        app(standalone_mode=True)
    except SafeshiftError as error:
        say_error(error)
        leave(error.exit_code)
    except KeyboardInterrupt:
        print("safeshift: interrupted", file=sys.stderr)
        leave(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output is gone; that is no reason for a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        leave(ExitCode.BUG)
    except Exception:  # the top of the program: a bug of ours is told whole, with its own exit code
        traceback.print_exc()
        print("safeshift: this is a bug in safeshift; please report it with the lines above", file=sys.stderr)
        leave(ExitCode.BUG)


def leave(code: ExitCode) -> None:
    """End the process with a code of the table."""
    sys.exit(int(code))


def say_error(error: SafeshiftError) -> None:
    """Print what is wrong and what to do, on standard error, without control characters from outside."""
    from safeshift.reporting.lines import printable

    print(f"safeshift: {printable(error.message)}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"  {printable(line.strip())}", file=sys.stderr)
