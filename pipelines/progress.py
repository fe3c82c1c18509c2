"""Progress on stderr: a line when a step ends, so a terminal and a log file both read well; and a run's beginning."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from rich.console import Console

from assets.session import Step

Listener = Callable[[str, Step | None], None]
_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)
_began: ContextVar[float | None] = ContextVar("run_began", default=None)


def listener() -> Listener:
    """Who listens to the steps of the run that begins here; by default nobody."""
    return _listener.get() or (lambda name, step: None)


def beginning() -> float:
    """When the run began, by the monotonic clock: as `listening` was told, else now."""
    began = _began.get()
    return time.perf_counter() if began is None else began


@contextlib.contextmanager
def listening(to: Listener, *, began: float) -> Iterator[None]:
    """Let `to` hear the steps of a run started inside, for whose caller it began at `began`: before Dagster loaded."""
    tokens = _listener.set(to), _began.set(began)
    try:
        yield
    finally:
        _listener.reset(tokens[0])
        _began.reset(tokens[1])


def console_listener(console: Console) -> Listener:
    """Print each finished step with its number, figures and seconds, and what somebody must mend, a line each."""
    done = 0
    status = console.status("…") if console.is_terminal else None

    def tell(name: str, step: Step | None) -> None:
        nonlocal done
        if step is None:
            if status is not None:
                status.update(f"[{done + 1}] {name}")
                status.start()
            return
        done += 1
        if status is not None:
            status.stop()
        figures = ", ".join(f"{key} {value:,}" for key, value in step.figures.items() if isinstance(value, int))
        console.print(
            f"[{done:>2}] {name:<34} {step.seconds:7.2f} s  {figures}", highlight=False, markup=False, soft_wrap=True
        )
        for problem in str(step.figures.get("problems", "")).splitlines():
            console.print(f"     ! {problem}", style="yellow", highlight=False, markup=False, soft_wrap=True)

    return tell
