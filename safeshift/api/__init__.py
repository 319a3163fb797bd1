"""The verbs: ``load``, ``check``, ``run``. The command line says nothing that cannot be said here.

A ``Job`` is what people wrote, read and checked; ``check`` looks and judges; ``run`` goes on from there. Each call
owns everything it opens, so several runs in one process do not disturb each other.
Next: ``job.py``, ``running.py``, and then ``engine/preflight.py``.
"""

from safeshift.api.checking import CheckResult, check
from safeshift.api.job import Job, find_fabric, load
from safeshift.api.opening import Overrides
from safeshift.api.running import RunResult, open_journal, run

__all__ = (
    "CheckResult",
    "Job",
    "Overrides",
    "RunResult",
    "check",
    "find_fabric",
    "load",
    "open_journal",
    "run",
)
