"""The search for the best kernel of one problem: an Optuna study over strategies and their knobs.

A study holds the candidates of everybody who works on it: those that are measured now, the
measured ones, and the failed ones with the reason. What the cost model takes comes first.
Candidates that cannot be, or were seen before, are told to the study without being measured.
"""

from __future__ import annotations

import os
import platform
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lowering.kernels.kernel_plan import KernelPlan, model_plan
from lowering.kernels.prediction import predicted_cycles
from lowering.kernels.records import parse_schedule
from lowering.kernels.schedule_space import (
    is_worth_trying,
    knob_value,
    knobs,
    nearest,
    schedule_of_knobs,
    schedules,
    strategies,
)
from lowering.targets import get_target
from runtime.tuner.runner import Runner
from runtime.tuner.storage import TunerError, import_optuna
from runtime.tuner.task import Failed, Measured, Outcome, Task

if TYPE_CHECKING:
    import optuna

SAMPLERS = ("auto", "grid", "tpe", "random")

HOPELESS = 4.0
"""A strategy that the cost model expects to take this many times the cycles is not tried."""

FINALISTS, ROUNDS = 3, 3
"""The fastest candidates of a search are timed this many times again, in turns."""

_KERNEL, _FAILURE, _SECONDS, _WORKER = "kernel", "failure", "seconds", "worker"
"""User attributes of a trial."""

_SKIPS = 8
"""Candidates seen before that a sampler may propose until an unseen one is drawn instead."""


@dataclass(frozen=True)
class Budget:
    """How long to search: measured candidates of the study, seconds, seconds of a timing."""

    trials: int = 64
    timeout: float | None = None
    seconds: float = 0.05


@dataclass(frozen=True)
class Result:
    """The best kernel found, the cost model's, and their cycles in the same turns."""

    task: Task
    best: KernelPlan
    cycles: float
    model: KernelPlan
    model_cycles: float | None

    @property
    def mac_per_cycle(self) -> float:
        """Multiply-accumulates a cycle of the best one."""
        return self.task.problem.geometry.macs / self.cycles


@dataclass
class Progress:
    """What a search tells while it runs: candidates done and failed, and the best so far."""

    done: int = 0
    failed: int = 0
    best: KernelPlan | None = None
    cycles: float = float("inf")


def _text(choice: KernelPlan) -> str:
    return f"{choice.strategy} {choice.schedule}"


def _choice_of(text: str) -> KernelPlan:
    strategy, _, schedule = text.partition(" ")
    return KernelPlan(strategy, parse_schedule(schedule))


@dataclass
class Search:
    """One problem, its space and its study."""

    task: Task
    study: optuna.Study
    budget: Budget
    strategy: str = "auto"
    sampler: str = "auto"
    seed: int | None = None
    notify: Callable[[Progress], None] = lambda progress: None
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self):
        self._optuna: Any = import_optuna()
        self._states = self._optuna.trial.TrialState
        self._target = get_target(self.task.target)
        self._lock = threading.Lock()
        self._random = random.Random(self.seed)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._tried = self._promising()
        problem = self.task.problem
        self.space = [
            KernelPlan(strategy, schedule)
            for strategy in self._tried
            for schedule in schedules(problem, self._target, strategy)
        ]
        self.space.sort(key=lambda c: predicted_cycles(problem, c, self._target))
        if self.sampler == "auto":
            self.sampler = "grid" if len(self.space) <= self.budget.trials else "tpe"

    def _promising(self) -> list[str]:
        """The strategies to try: not those that the cost model gives no hope."""
        problem = self.task.problem
        expected = {
            name: predicted_cycles(problem, self._model(name), self._target)
            for name in strategies(problem, self._target, self.strategy)
        }
        return [n for n, cycles in expected.items() if cycles < HOPELESS * min(expected.values())]

    def _model(self, strategy: str) -> KernelPlan:
        """What the cost model takes, as a candidate of the space."""
        problem = self.task.problem
        choice = model_plan(problem, self._target, strategy)
        schedule = nearest(choice.schedule, problem, self._target, choice.strategy)
        return KernelPlan(choice.strategy, schedule)

    @property
    def model(self) -> KernelPlan:
        """What the cost model takes of all strategies."""
        return self._model(self.strategy)

    def run(self, runners: Sequence[Runner]) -> None:
        """Search until the budget is spent; each runner measures in a thread of its own.

        An interrupt stops the runners and is raised again; what was measured is in the study.

        Raises:
            TunerError: the study was made with other knobs.
        """
        self._enqueue([self.model, *map(self._model, self._tried)])
        # The sampler learns from what the cost model holds for the best.
        trials = self.budget.trials
        early = trials if self.sampler == "grid" else trials // 4
        self._enqueue(self.space[:early])
        deadline = None
        if self.budget.timeout is not None:
            deadline = time.monotonic() + self.budget.timeout
        threads = [
            threading.Thread(target=self._work, args=(runner, deadline), daemon=True)
            for runner in runners
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)  # in between, an interrupt gets through
        except BaseException:
            self._stop.set()
            for runner in runners:
                runner.stop()
            for thread in threads:
                if thread.is_alive():  # one that an interrupt kept from starting is not
                    thread.join()
            raise
        if self._error is not None:
            raise self._error

    def _work(self, runner: Runner, deadline: float | None) -> None:
        """Measure candidates until there are no more, or no time."""
        try:
            while not self._stop.is_set() and (deadline is None or time.monotonic() < deadline):
                with self._lock:
                    given = self._next()
                if given is None:
                    return
                trial, choice = given
                outcome = runner.measure(self.task, choice, self.budget.seconds)
                with self._lock:
                    self._tell(trial, choice, outcome)
        except BaseException as error:
            self._error = error
            self._stop.set()

    def _next(self) -> tuple[optuna.Trial, KernelPlan] | None:
        """A candidate to be measured, or None where the budget or the space is used up."""
        skipped = 0
        while True:
            seen = self._seen()
            if len(seen) >= self.budget.trials:
                return None
            if skipped >= _SKIPS or self.sampler == "random":
                unseen = [c for c in self.space if _text(c) not in seen]
                if not unseen:
                    return None
                self._enqueue([self._random.choice(unseen)])
            elif self.sampler == "grid" and not self._waiting():
                return None
            trial = self.study.ask()
            choice = self._candidate(trial)
            if choice is not None and _text(choice) not in seen and self._is_first(trial, choice):
                trial.set_user_attr(_WORKER, f"{platform.node()}:{os.getpid()}")
                return trial, choice
            # The sampler takes pruned ones for bad, and forgets failed ones.
            states = self._states
            self.study.tell(trial, state=states.PRUNED if choice is None else states.FAIL)
            skipped += 1

    def _is_first(self, trial: optuna.Trial, choice: KernelPlan) -> bool:
        """Claim a candidate; whether nobody had done so while this process looked for one."""
        trial.set_user_attr(_KERNEL, _text(choice))
        other = self._seen().get(_text(choice))
        return other is None or other.number >= trial.number

    def _candidate(self, trial: optuna.Trial) -> KernelPlan | None:
        """The candidate that a trial stands for, or None where there can be none."""
        problem = self.task.problem
        try:
            strategy = trial.suggest_categorical("strategy", self._tried)
            values = {
                name: trial.suggest_categorical(f"{strategy}.{name}", allowed)
                for name, allowed in knobs(problem, self._target, strategy).items()
            }
        except ValueError as error:
            raise TunerError(
                f"study {self.study.study_name!r} was made with other knobs or strategies;"
                f" name another with --study ({error})"
            ) from error
        schedule = schedule_of_knobs(values, problem, self._target, strategy)  # pyright: ignore
        if not is_worth_trying(schedule, problem, self._target, strategy):
            return None
        return KernelPlan(strategy, schedule)

    def _tell(self, trial: optuna.Trial, choice: KernelPlan, outcome: Outcome) -> None:
        """Add what came of a candidate to the study."""
        if isinstance(outcome, Measured):
            trial.set_user_attr(_SECONDS, outcome.seconds)
            self.study.tell(trial, outcome.cycles)
            if outcome.cycles < self.progress.cycles:
                self.progress.best, self.progress.cycles = choice, outcome.cycles
        else:
            # Without a failure, a candidate that was interrupted gets another chance.
            if not self._stop.is_set():
                trial.set_user_attr(_FAILURE, f"{outcome.kind}: {outcome.reason}")
                self.progress.failed += 1
            self.study.tell(trial, state=self._states.FAIL)
        self.progress.done = len(self._seen())
        self.notify(self.progress)

    def _trials(self, *states: Any) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=states or None)

    def _waiting(self) -> bool:
        return bool(self._trials(self._states.WAITING))

    def _seen(self) -> dict[str, Any]:
        """Candidates that were measured or are now, and their trials."""
        seen = {}
        for trial in self._trials():
            text = trial.user_attrs.get(_KERNEL)
            was_interrupted = trial.state == self._states.FAIL and _FAILURE not in trial.user_attrs
            if text is not None and not was_interrupted:
                seen.setdefault(text, trial)
        return seen

    def _enqueue(self, choices: Sequence[KernelPlan]) -> None:
        """Put candidates that nobody has seen in front."""
        seen = self._seen()
        waiting = [t.system_attrs.get("fixed_params") for t in self._trials(self._states.WAITING)]
        for choice in choices:
            parameters: dict[str, Any] = {"strategy": choice.strategy}
            for name in knobs(self.task.problem, self._target, choice.strategy):
                value = knob_value(choice.schedule, name, choice.strategy)
                parameters[f"{choice.strategy}.{name}"] = value
            if _text(choice) not in seen and parameters not in waiting:
                self.study.enqueue_trial(parameters)
                waiting.append(parameters)

    def failures(self) -> Iterator[tuple[str, str]]:
        """Candidates that failed, as text, and why."""
        for text, trial in self._seen().items():
            if _FAILURE in trial.user_attrs:
                yield text, trial.user_attrs[_FAILURE]

    def ranking(self) -> list[tuple[KernelPlan, float]]:
        """All measured candidates and their cycles, by whoever measured them, fastest first."""
        complete = self._trials(self._states.COMPLETE)
        found = [(_choice_of(t.user_attrs[_KERNEL]), t.value) for t in complete]
        return sorted(
            ((choice, cycles) for choice, cycles in found if cycles is not None),
            key=lambda pair: pair[1],
        )

    def result(self, runner: Runner | None = None) -> Result | None:
        """The best candidate, or None where none could be measured.

        With a runner the fastest ones and the cost model's are timed again, in turns: a single
        timing may have been lucky, and machines have slow moments.
        """
        ranking = self.ranking()
        if not ranking:
            return None
        cycles = dict(ranking)
        model = self.model
        if runner is not None:
            finalists = [choice for choice, _ in ranking[:FINALISTS]]
            if model in cycles and model not in finalists:
                finalists.append(model)
            again = self._timed_again(runner, finalists)
            cycles = again or cycles
        best = min(cycles, key=lambda choice: cycles[choice])
        return Result(self.task, best, cycles[best], model, cycles.get(model))

    def _timed_again(
        self, runner: Runner, choices: Sequence[KernelPlan]
    ) -> dict[KernelPlan, float]:
        """The least of several medians of each."""
        found: dict[KernelPlan, float] = {}
        for _ in range(ROUNDS):
            for choice in choices:
                outcome = runner.measure(self.task, choice, self.budget.seconds)
                if isinstance(outcome, Failed):
                    continue
                found[choice] = min(found.get(choice, float("inf")), outcome.cycles)
        return found
