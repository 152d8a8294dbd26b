"""Changing jobs: the verbs, each a method of its name."""

from __future__ import annotations

from _operator import attrgetter
from functools import partial

from ..model.errors import InvalidInput, quoted
from ..model.fields import FROM_NOW
from ..model.job import COMPLETED, FINAL_STATES, PROCESSING, WAITING_STATES, jobs_text
from ..model.link import WHENS
from ..model.spec import DEFAULTS
from ..model.verbs import PLAIN_VERBS, RUNNERS, STARTERS, VERBS
from ..model.when import duration_text
from .finding import Finding, Selection
from .machine.doorbell import ALL, CONTROL, WORKERS, ring

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Collection, Dict, List, Optional, Sequence, Tuple

    from ..model.job import Job
    from ..model.spec import JobSpec
    from ..model.verbs import Verb
    from .change import Change
    from .finding import Reference

AT_ONCE = 500
# At most this many children of a job are counted: each job of a batch has the same ones.
COUNTED = 100
# The fields of jobs that workers of some older schema do not know.
NEWER_FIELDS = (
    *("expires_at", "shell", "stdin", "nice", "kill_grace", "kill_signal", "locks", "batch", "batch_limit"),
    *("on_success", "on_failure", "on_finish", "item", "item_index", "key", "key_for"),
    *("ok_codes", "snooze_on", "fail_on", "retry_on", "backoff"),
    *WHENS.values(),
)
NEWER_VALUES = attrgetter(*NEWER_FIELDS)
NEWER_DEFAULTS = tuple(map(DEFAULTS.get, NEWER_FIELDS))


def newer_of(spec: JobSpec) -> List[str]:
    """Return which of NEWER_FIELDS a new job was given."""
    # Most jobs have none of them, and there may be many jobs.
    values = NEWER_VALUES(spec)
    return [] if values == NEWER_DEFAULTS else [name for name in NEWER_FIELDS if getattr(spec, name) != DEFAULTS[name]]


class Changing(Finding):
    """A home in which jobs can be found and changed."""

    def apply(self, verb: str, /, *references: Reference, **flags: bool) -> Change:
        """Do what the method of this name does: one of PLAIN_VERBS, with its flags. Raises NotFound, InvalidInput."""
        names = [plain.name for plain in PLAIN_VERBS]
        if verb not in names:
            raise InvalidInput(f"the verb must be one of {', '.join(names)}, got {quoted(verb)}", field="verb")
        change: Change = getattr(self, verb)(*references, **flags)
        return change

    def cancel(self, *references: Reference, with_children: bool = False) -> Change:
        """Cancel jobs. Waiting ones are cancelled at once; of running ones the worker ends the process tree.

        Like the other verbs it takes ids, numbers or Jobs, or a filter such as `queue:mail tag:nightly`, which means
        the same as on the command line. A Selection stands for the jobs that it found: those that are gone by now are
        skipped, those in none of its `states` are left. It returns which jobs it changed and which it had to leave.
        `with_children` cancels what waits for them too. A job whose worker is gone is recovered here if no pool or
        scheduler runs. Raises NotFound or InvalidInput.
        """
        from .work import hooks

        cancel = partial(hooks.cancel, self.store, settings=self.settings(), actor=self.actor)
        meant = self.select(references, means=VERBS["cancel"].means)
        if with_children:
            meant = self.with_children(meant, "cancel")
        change = self._each([meant], "cancel", cancel)
        if change.done and self.counts().get(PROCESSING):
            self._take_back(change.done)
        if self.store.links.count_stuck():
            from .change import tell_stuck

            tell_stuck(self.store, change, meant.numbers)
        return change

    def _take_back(self, ids: Collection[str]) -> None:
        """Take back what gone workers hold if that is one of some jobs, unless a pool or a scheduler does."""
        from .home.underway import jobs_under_way
        from .machine.log import Silence
        from .reports.facts import Facts
        from .reports.status import is_deserted
        from .work.recovery import Recovery

        is_concerned = any(job.is_gone and job.id in ids for job in jobs_under_way(self))
        if is_concerned and is_deserted(Facts(self)):
            Recovery(self.store, Silence("cancel", self.clock)).step()

    def suspend(self, *references: Reference) -> Change:
        """Stop running jobs where they are. Each keeps its worker; its timeout and its duration stand still.

        Raises DaemonUnavailable if workers run that cannot do that.
        """
        self._demand_known({"suspend"})
        return self._each(references, "suspend", self.store.jobs.suspend, lambda job: "")

    def resume(self, *references: Reference) -> Change:
        """Let suspended jobs go on."""
        now = self.clock.wall()

        def detail(job: Job) -> str:
            return f"after {duration_text(now - (job.suspended_at or now))}"

        return self._each(references, "resume", self.store.jobs.resume, detail, now)

    def retry(self, *references: Reference, keep_attempts: bool = False) -> Change:
        """Let dead, completed, cancelled or failed jobs run again at once; their children that have run do not.

        They have all their attempts again, or with `keep_attempts` a single one.
        """
        completed: List[str] = []

        def detail(job: Job) -> str:
            if job.state == COMPLETED:
                completed.append(job.id)
            return f"was {job.state}"

        change = self._each(references, "retry", partial(self.store.jobs.retry, keep_attempts=keep_attempts), detail)
        if completed:
            from .change import tell_children_left

            tell_children_left(self.store, change, completed)
        return change

    def edit(self, /, *references: Reference, **fields: object) -> Change:
        """Change jobs that wait. `fields` are those of `add` that `queuectl edit` has an option for; the others stay.

        Raises NotFound, InvalidInput, or DaemonUnavailable if workers run that do not know a field.
        """
        from .editing import difference, read_changes
        from .home.clockwatch import follow

        meant, now = self.select(references, means=VERBS["edit"].means), self.clock.wall()
        changes = read_changes(self.read(meant.numbers), fields, now)
        self._demand_known({name for name in NEWER_FIELDS if name in changes and changes[name] != DEFAULTS[name]})
        if any(name in changes for name in WHENS.values()):
            self._read_links(changes)
        if "shell" in changes:
            self.look_for_shell(changes["shell"])

        def apply(number: int, now: int) -> bool:
            if any(changes.get(key) for key in FROM_NOW.values()):
                follow(self.store)
            if "queue" in changes:
                self.demand_open([changes["queue"]])
            return self.store.jobs.edit(number, changes, now)

        def begin(jobs: Sequence[Job]) -> None:
            if changes.get("parents"):
                from .linking import demand_no_circle_of_edit

                editable = {job.number for job in jobs if job.state in VERBS["edit"].states}
                demand_no_circle_of_edit(self.store, editable, changes["parents"])

        return self._each([meant], "edit", apply, lambda job: difference(job, changes), now, begin)

    def _demand_known(self, names: Collection[str]) -> None:
        """Raise DaemonUnavailable if workers from before an upgrade run that do not know some fields or commands."""
        if names:
            from .daemons.daemon import demand_workers_that_know

            demand_workers_that_know(self, ", ".join(sorted(names)))

    def _read_links(self, changes: Dict[str, Any]) -> None:
        """Put into changes what jobs wait for from now on: its numbers as `parents`, their ids in the three fields."""
        from .linking import Linking

        standings, found = self.store.links.standings, Linking(self).parents(changes)
        texts = {standings.batch(text): text for text, _ in found if isinstance(text, str)}
        numbers = {text: number for number, text in texts.items()}
        parents = [(one if isinstance(one, int) else numbers[one], kind) for one, kind in found]
        texts.update((job.number, job.id) for job in self.store.search.jobs([one for one, _ in parents if one > 0]))
        changes["parents"] = parents
        for kind, name in WHENS.items():
            changes[name] = tuple(texts[one] for one, how in parents if how == kind and one in texts)

    def hold(self, *references: Reference) -> Change:
        """Keep waiting jobs from running until they are released."""
        return self._each(references, "hold", self.store.jobs.hold)

    def front(self, *references: Reference) -> Change:
        """Put jobs that wait before all others of their queue, in the order they have now.

        Those that are in front already are refused. Raises Conflict if others have the highest priority there is.
        """
        from .editing import difference, priorities

        meant = self.select(references, means=VERBS["front"].means)
        jobs = self.read(meant.numbers)
        found = priorities(self.store, jobs)
        moved = {job.number for job in jobs if found.get(job.number, job.priority) != job.priority}
        return self._each(
            [meant],
            "front",
            lambda number, now: number in moved and self.store.jobs.front(number, found[number], now),
            lambda job: f"was {job.state}, {difference(job, {'priority': found[job.number]})}",
        )

    def release(self, *references: Reference) -> Change:
        """Let held jobs go."""
        return self._each(references, "release", self.store.jobs.release)

    def remove(self, *references: Reference, with_children: bool = False) -> Change:
        """Delete jobs that are not running, with their attempts and output.

        One that unfinished jobs wait for is left, unless these are deleted `with_children`.
        """
        meant = self.select(references, means=VERBS["remove"].means)
        return self._each(
            [self.with_children(meant, "remove") if with_children else meant],
            "remove",
            lambda number, now: self.store.jobs.remove(number),
            lambda job: f"{job.id}, was {job.state}",
        )

    def with_children(self, meant: Selection, verb: str) -> Selection:
        """Return jobs and their descendants, each before its parents; for `cancel`, those that are open, if any."""
        numbers = self.store.links.descendants(meant.numbers)
        if verb == "cancel":
            states = self.states_of(numbers)
            numbers = [number for number in numbers if states.get(number) not in FINAL_STATES] or numbers
        return Selection(numbers, meant.wanted, meant.left_out, (*meant.states, *WAITING_STATES))

    def prune(self, states: Sequence[str], before: int, on_progress: Callable[[int], None] | None = None) -> int:
        """Delete jobs that ended in these states before an instant, and free their room; return how many."""
        from .clockwork.housekeeping import prune, vacuum

        pruned = 0
        for count in prune(self.store, dict.fromkeys(states, before), lambda jobs: self.note("pruned", jobs)):
            pruned += count
            if count and on_progress is not None:
                on_progress(pruned)
        if pruned:
            for _ in vacuum(self.store):
                pass
        return pruned

    def _each(
        self,
        references: Sequence[Reference],
        verb: str,
        apply: Callable[[int, int], bool],
        detail: Callable[[Job], str] = lambda job: f"was {job.state}",
        now: int | None = None,
        begin: Callable[[Sequence[Job]], None] | None = None,
    ) -> Change:
        """Apply a verb to jobs in small transactions, note an event for each change, and wake whom it concerns.

        `apply` is given the number and the instant, by default that of the transaction; `detail` says more in the
        event, from the job as it was. `begin` checks the jobs of each transaction first.
        """
        from .change import Change

        store, rules = self.store, VERBS[verb]
        meant = self.select(references, means=rules.means, finds=rules.finds)
        change = Change([], [])
        numbers = meant.numbers
        for start in range(0, len(numbers), AT_ONCE):
            if start:
                store.database.give_way()
            at = self.clock.wall() if now is None else now
            with store.writing():
                jobs = store.search.jobs(numbers[start : start + AT_ONCE])
                if begin is not None:
                    begin(jobs)
                for job in jobs:
                    if job.state not in meant.states:
                        change.refuse(job, f'job "{job.id}" is {job.state} by now', rules.hint(job))
                    elif apply(job.number, at):
                        change.done.append(job.id)
                        self.note(verb, detail(job), now=at, job=job.number)
                    elif rules.already and job.state in rules.states and not meant.is_named:
                        change.already += 1
                    else:
                        change.refuse(job, *self._refusal(rules, job))
        if store.links.has_follow_ups():
            from .work.hooks import tell_children

            tell_children(store)
        if rules.wakes == RUNNERS:
            ring(self.home, WORKERS, CONTROL)
        elif rules.wakes == STARTERS:
            ring(self.home, ALL)
        already = change.already + meant.already
        if already:
            change.notes = [f"{jobs_text(already)} {'was' if already == 1 else 'were'} {rules.already}"]
        return change

    def _refusal(self, verb: Verb, job: Job) -> Tuple[str, Optional[str]]:
        """Return why a job could not be changed, and what helps."""
        store, why, hint = self.store, verb.misfit(job), verb.hint(job)
        if not why and store.links.is_waited_for(job.number):
            parents = (job.number, *store.links.batch_of(job.number))
            found = {parent: len(store.links.waiting_children(parent, COUNTED + 1)) for parent in parents}
            parent = next(parent for parent in parents if found[parent])
            waiting = jobs_text(found[parent]) if found[parent] <= COUNTED else f"more than {jobs_text(COUNTED)}"
            why = f"{waiting} {'waits' if found[parent] == 1 else 'wait'} for {'it' if parent > 0 else 'its batch'}"
            hint = f"{verb.name} them too: queuectl {verb.name} --with-children"
        holder = None if why or job.key is None else store.jobs.key_holder(job.key, None)
        if holder is not None and holder.number != job.number:
            why = f"{holder.id} has its key {quoted(job.key)}, and is {holder.state}"
            hint = f"wait for the other, or cancel it: queuectl cancel {holder.id}; then: queuectl {verb.name}"
        why = why or f"it is {verb.already or job.state}"
        return f"cannot {verb.applied_to(f'job {quoted(job.id)}')}: {why}", hint
