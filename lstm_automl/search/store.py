"""``search.db``: the only truth of a search, written by its driver alone."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from lstm_automl.errors import DifferentSearchError
from lstm_automl.search import encoding
from lstm_automl.search.contracts import Epoch, Purpose, RungResult, RungSpec, Values
from lstm_automl.search.facts import compare, create, read_meta, upgrade
from lstm_automl.search.jobs import Jobs
from lstm_automl.search.reads import Reads
from lstm_automl.search.repair import check_file, read_whole, repair
from lstm_automl.search.rows import JobRow, stored
from lstm_automl.search.sqlite import FILE, commit, connect, errors_of, roll_back


class Store:
    """Trials, jobs, epochs and facts of one search; each row carries a checksum. One writer (see SearchLock).

    Args:
        directory: The search directory.

    Raises:
        StateError: the file is damaged beyond repair, or of a newer format.
        StorageError: the disk is full, read-only or gone; by any method.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = Path(directory)
        self.path = self.directory / FILE
        self.repaired: list[str] = []
        """What was found damaged at open, and what became of it."""
        self._held, self._begun = False, set[int]()
        with errors_of(self.path):
            self._db = connect(self.path)
            try:
                self._load()
            except BaseException:
                self._db.close()
                raise

    @classmethod
    def open_or_create(cls, directory: Path, meta: Mapping[str, Any]) -> Store:
        """Continue the search in ``directory``, or begin it.

        Args:
            directory: Made when absent.
            meta: Facts to keep: those of ``IDENTITY``, ``name``, ``limits`` ...

        Raises:
            DifferentSearchError: the search there was made with something else; lists what.
        """
        directory = Path(directory)
        with errors_of(directory / FILE):
            try:
                directory.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise sqlite3.OperationalError(str(error)) from error
            create(directory, meta)
        store = cls(directory)
        try:
            store._continue(meta)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def meta(self) -> dict[str, Any]:
        """The facts, by name."""
        return dict(self._meta)

    @property
    def trials(self) -> Mapping[int, Values]:
        """Values by trial number."""
        return self._trials

    @property
    def jobs(self) -> Jobs:
        """Jobs by number."""
        return self._jobs

    def unfinished(self, purpose: Purpose) -> list[int]:
        """The jobs of that purpose without a final result, in number order."""
        return sorted(n for n, job in self._jobs.open.items() if job.row.spec.purpose == purpose)

    @property
    def reads(self) -> int:
        """The most results that a recorded decision was shown beyond the rule (see ``Decider``)."""
        return max(self._reads.values(), default=0)

    @property
    def orphans(self) -> Mapping[int, Values]:
        """Values of trials that jobs name and that have no row."""
        return {n: v for n, v in self._named.items() if n not in self._trials}

    def reads_of(self, job: int) -> int | None:
        """What was recorded with the decision on that job."""
        return self._reads.get(job)

    def add(self, specs: Sequence[RungSpec], trial: tuple[int, Values] | None = None, reads: int | None = None) -> None:
        """A decision, all or nothing.

        Args:
            specs: Its jobs.
            trial: Number and values when it is a new one.
            reads: How many results it was shown, when those were more than the rule says.
        """
        rows = [JobRow(s.job, stored(s)) for s in specs]
        texts = [encoding.spec_text(row.spec) for row in rows]
        with self._writing():
            if trial is not None:
                self._db.execute("INSERT INTO trials VALUES(?,?,?)", encoding.trial_columns(*trial))
            columns = [encoding.job_columns(row, text) for row, text in zip(rows, texts, strict=True)]
            self._db.executemany("INSERT INTO jobs VALUES(?,?,?,?,?,?)", columns)
            if rows:
                self._reads.keep(rows[0].number, reads)
        if trial is not None:
            self._trials[trial[0]] = trial[1]
        for row, text in zip(rows, texts, strict=True):
            self._on_job(row, text)

    def forget_jobless(self) -> None:
        """Remove the last trials if no job names them: their decisions are lost, and taken again."""
        for number in sorted(n for n in self._trials if n > self._last):
            with self._writing():
                self._db.execute("DELETE FROM trials WHERE number = ?", (number,))
            del self._trials[number]
            self.repaired.append(f"trial {number} had lost its jobs and is decided again")

    def forget_from(self, job: int) -> None:
        """For :func:`repair`, in its transaction: remove that job and all after it; the store must be read anew."""
        self._db.execute("DELETE FROM jobs WHERE number >= ?", (job,))
        self._reads.tidy(range(job))

    def begin(self, job: int) -> None:
        """An attempt on the job starts now; stored with what is written next, or by :meth:`flush`."""
        self._jobs.put(replace(self._jobs[job], started=time.time(), ended=None))
        self._begun.add(job)

    def end(self, job: int, result: RungResult) -> None:
        """The job's result, with every epoch of it."""
        now = time.time()
        found = self._jobs.find(job)
        row = replace(found.row, result=result, started=found.row.started or now, ended=now)
        new = [e for e in result.epochs if e.epoch not in found.epochs]
        with self._writing():
            self._db.execute(_PUT_JOB, encoding.job_columns(row, found.text))
            self._db.executemany(_ADD_EPOCH, [encoding.epoch_columns(job, e, now) for e in new])
        self._begun.discard(job)
        found.epochs.update(e.epoch for e in new)
        self._jobs.put(row, found.text)

    def add_epochs(self, epochs: Iterable[tuple[int, Epoch]]) -> None:
        """Epochs as they come; one already there is kept as it is."""
        now, rows = time.time(), []
        for job, epoch in epochs:
            found = self._jobs.open.get(job)  # of a finished job, its result told all
            if found is not None and epoch.epoch not in found.epochs:
                rows.append(encoding.epoch_columns(job, epoch, now))
                found.epochs.add(epoch.epoch)
        if rows:
            with self._writing():
                self._db.executemany(_ADD_EPOCH, rows)

    @contextmanager
    def batch(self) -> Iterator[None]:
        """All that is written inside is committed together at the end; after an error the store is of no more use."""
        self._held = True
        try:
            yield
        except BaseException:
            roll_back(self._db)
            raise
        finally:
            self._held = False
        with errors_of(self.path):
            if self._db.in_transaction:
                commit(self._db)

    def flush(self) -> None:
        """Store which jobs have begun."""
        with self._writing() if self._begun else nullcontext():
            pass

    def close(self) -> None:
        """Fold the log into the file and let go of it."""
        self._db.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction, or a part of the batch that is open."""
        with errors_of(self.path):
            if not self._db.in_transaction:
                self._db.execute("BEGIN IMMEDIATE")
            try:
                for job in [self._jobs.open[n] for n in sorted(self._begun) if n in self._jobs.open]:
                    self._db.execute(_PUT_JOB, encoding.job_columns(job.row, job.text))
                self._begun.clear()
                yield
            except BaseException:
                roll_back(self._db)
                raise
            if not self._held:
                commit(self._db)

    def _load(self) -> None:
        check_file(self._db, self.path)
        self._meta = upgrade(self._db, self.path, read_meta(self._db, self.path))
        self._trials: dict[int, Values] = {}
        self._jobs = Jobs(self._db, self.path, str(self._meta.get("metric")))
        self._reads = Reads(self._db)
        read = partial(read_whole, self._db, self.repaired)
        read("trials", "*", encoding.read_trial, lambda t: self._trials.update([t]))
        self._named, self._last = dict[int, Values](), -1
        read("jobs", "*", encoding.read_job, self._on_job)
        read("epochs", "id, job, epoch, data, time, checksum", encoding.whole_epoch, lambda e: None)
        with self.batch(), self._writing():
            whole = repair(self, self._reads)
        if not whole:
            self._load()

    def _on_job(self, row: JobRow, text: str | None = None) -> None:
        self._jobs.put(row, text)
        self._last = max(self._last, row.spec.trial)
        if row.spec.trial not in self._trials:
            self._named[row.spec.trial] = row.spec.values

    def _continue(self, meta: Mapping[str, Any]) -> None:
        differences = compare(self._meta, meta)
        if differences:
            listed = "\n".join(f"  {line}" for line in differences)
            raise DifferentSearchError(f"{self.directory} holds a search made with something else:\n{listed}")
        for key in {"limits", "name"} & set(meta):
            if meta[key] != self._meta.get(key):
                with self._writing():
                    self._db.execute("INSERT OR REPLACE INTO meta VALUES(?,?,?)", encoding.meta_columns(key, meta[key]))
                self._meta[key] = meta[key]


_PUT_JOB = "INSERT OR REPLACE INTO jobs VALUES(?,?,?,?,?,?)"
_ADD_EPOCH = "INSERT OR IGNORE INTO epochs(job, epoch, data, time, checksum) VALUES(?,?,?,?,?)"
