"""Applying and taking back: cut off at any point, the old or the new state, and never a mixture."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from badgateway.model.hop import Hop
from badgateway.model.machine import Running
from badgateway.model.observation import Observation
from badgateway.model.plan import Command, Creation, Edit, Move, Plan, Removal, Rights
from badgateway.model.verdict import Outcome, Risk, Verdict
from badgateway.repair import apply as applying
from badgateway.repair import files, look
from badgateway.repair import journal as journals
from badgateway.repair import names as new_names
from badgateway.repair.apply import apply, take_back
from badgateway.repair.files import ApplyError, state_of
from badgateway.repair.journal import Journal, JournalError, alone, cut_off, last_kept

OLD, NEW = "listen 80;\r\nproxy_pass http://a:1;\n", "listen 80;\r\nproxy_pass http://a:2;\n"


class Machine:
    """Two files, a socket's stand-in, a flag, and a server that runs with what it last read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.main, self.other, self.sock = folder / "main.conf", folder / "other", folder / "sock"
        self.stale, self.flag, self.running = folder / "pid", folder / "flag", folder / "running"
        self.plugin, self.off = folder / "forms", folder / "forms.off"
        self.drop_in = folder / "shop.service.d" / "50-badgateway.conf"
        self.plugin.mkdir()
        self.main.write_bytes(OLD.encode())
        self.other.write_text("x = 1\n")
        self.stale.write_text("1\n")
        self.sock.write_text("")
        self.running.write_bytes(OLD.encode())
        self.main.chmod(0o640)
        self.sock.chmod(0o600)
        os.utime(self.main, ns=(10**18, 10**18))

    @property
    def plan(self) -> Plan:
        """A plan that changes each of them."""
        return Plan(
            "point", "upstream-wrong-address", "Point", Risk.REVERSIBLE,
            changes=(
                Edit(str(self.main), OLD, NEW),
                Edit(str(self.other), "x = 1\n", "x = 2\n"),
                Rights(str(self.sock), 0o660),
                Removal(str(self.stale)),
                Creation(str(self.drop_in), "[Service]\n"),
                Move(str(self.plugin), str(self.off)),
                Command(("touch", str(self.flag)), ("rm", "-f", str(self.flag))),
            ),
            tests=(("true",),),
            reloads=(("cp", str(self.main), str(self.running)),),
        )  # fmt: skip

    def held(self) -> dict[str, tuple[bytes, int, int, int] | None]:
        """What every file holds, with its mode and owner."""
        found: dict[str, tuple[bytes, int, int, int] | None] = {
            path.name: (b"", 0, 0, 0) if path.exists() else None
            for path in (self.plugin, self.off, self.drop_in.parent)
        }
        for path in (self.main, self.other, self.sock, self.stale, self.flag, self.drop_in):
            if path.exists():
                stat = path.stat()
                found[path.name] = path.read_bytes(), stat.st_mode, stat.st_uid, stat.st_gid
            else:
                found[path.name] = None
        return found


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def die_at(number: int, work) -> bool:
    """Do `work` in a process that kills itself at its step `number`; returns whether it did.

    A step is the moment before or after anything reaches the disk or a program is run.
    """
    child = os.fork()
    if child == 0:
        steps = iter(range(10_000))

        def step() -> None:
            if next(steps) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        def deadly(action):
            def done(*arguments):
                step()
                result = action(*arguments)
                step()
                return result

            return done

        for module, names in ((applying, ("run",)),
                              (files, ("replace_file", "sync_folder")),
                              (new_names, ("create_file", "sync_folder")),
                              (journals, ("append", "write_new", "sync_folder"))):  # fmt: skip
            for name in names:
                setattr(module, name, deadly(getattr(module, name)))
        try:
            work()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def fix(machine: Machine) -> None:
    """All of a fix."""
    journal = Journal.begun(machine.state, {"url": ""})
    apply(machine.plan, journal)
    journal.note("kept")


def recover(machine: Machine) -> None:
    """What the next run does first."""
    for journal in cut_off(machine.state):
        take_back(journal)


def test_killed_at_any_step_it_is_found_and_taken_back(tmp_path):
    """After kill -9 between any two steps each file is old or new; the next run restores all."""
    number, died = 0, True
    while died:
        machine = (
            Machine(tmp_path / str(number)) if (tmp_path / str(number)).mkdir() is None else None
        )
        before = machine.held()
        died = die_at(number, lambda m=machine: fix(m))
        if died and not last_kept(machine.state):
            assert machine.main.read_bytes() in (OLD.encode(), NEW.encode())
            assert machine.other.read_text() in ("x = 1\n", "x = 2\n")
            for journal in cut_off(machine.state):
                assert {word for _, word in state_of(journal)} <= {"old", "new"}
            recover(machine)
            assert machine.held() == before
            assert machine.running.read_bytes() == OLD.encode()
            assert not cut_off(machine.state)
            assert not list(machine.folder.glob(".*badgateway*"))
        number += 1
    assert number > 30
    assert machine.main.read_bytes() == machine.running.read_bytes() == NEW.encode()


def test_killed_while_it_takes_back_it_takes_back_the_rest(tmp_path):
    """A roll-back that is cut off itself is completed by the next one."""
    number, died = 0, True
    while died:
        folder = tmp_path / str(number)
        folder.mkdir()
        machine = Machine(folder)
        before = machine.held()
        apply(machine.plan, Journal.begun(machine.state, {"url": ""}))
        died = die_at(number, lambda m=machine: recover(m))
        recover(machine)
        assert machine.held() == before
        assert machine.running.read_bytes() == OLD.encode()
        number += 1
    assert number > 8


def test_undo_restores_bytes_mode_owner_and_time(machine):
    """What was kept comes back byte for byte, line ends and modification time included."""
    before = machine.held()
    fix(machine)
    assert machine.held() != before
    assert machine.main.stat().st_mode & 0o777 == 0o640
    journal = last_kept(machine.state)
    assert journal is not None
    assert take_back(journal) == []
    assert machine.held() == before
    assert machine.main.stat().st_mtime_ns == 10**18
    assert last_kept(machine.state) is None


def test_a_failed_test_is_said_and_nothing_is_reloaded(machine):
    """Where the server's own test fails, its words are told and it keeps what it runs with."""
    plan = machine.plan
    bad = Plan(plan.remedy, plan.cause, "", plan.risk, plan.changes,
               (("ls", "/no/such/file"),), plan.reloads)  # fmt: skip
    journal = Journal.begun(machine.state, {"url": ""})
    before = machine.held()
    with pytest.raises(ApplyError, match="No such file"):
        apply(bad, journal)
    assert machine.running.read_bytes() == OLD.encode()
    assert take_back(journal) == []
    assert machine.held() == before


def test_what_somebody_else_changed_is_left_alone(machine):
    """A file that was edited after the fix is not overwritten; the report says where the old is."""
    fix(machine)
    machine.main.write_text("mine\n")
    journal = last_kept(machine.state)
    assert journal is not None
    left = take_back(journal)
    assert machine.main.read_text() == "mine\n"
    assert [each.what for each in left] == [str(machine.main)]
    assert "backup-" in str(left[0].why)


def test_a_file_that_changed_since_the_plan_is_not_touched(machine):
    """Between plan and change somebody else wrote: nothing is written over it."""
    machine.main.write_text("mine\n")
    with pytest.raises(ApplyError, match="somebody else"):
        apply(machine.plan, Journal.begun(machine.state, {"url": ""}))
    assert machine.main.read_text() == "mine\n"


def test_a_link_stays_a_link(machine):
    """sites-enabled holds links: the file behind one is changed, the link is not."""
    link = machine.folder / "enabled"
    link.symlink_to(machine.main)
    plan = Plan("p", "c", "", Risk.REVERSIBLE, (Edit(str(link), OLD, NEW),))
    apply(plan, Journal.begun(machine.state, {"url": ""}))
    assert link.is_symlink()
    assert machine.main.read_bytes() == NEW.encode()


def test_bytes_that_are_no_text_survive(machine):
    """A comment in another encoding comes through an edit and an undo unchanged."""
    raw = b"# caf\xe9\nport 1\n"
    machine.main.write_bytes(raw)
    text = raw.decode("utf-8", "surrogateescape")
    edit = Edit(str(machine.main), text, text.replace("port 1", "port 2"))
    journal = Journal.begun(machine.state, {"url": ""})
    apply(Plan("p", "c", "", Risk.REVERSIBLE, (edit,)), journal)
    assert machine.main.read_bytes() == b"# caf\xe9\nport 2\n"
    take_back(journal)
    assert machine.main.read_bytes() == raw


def test_two_runs_do_not_change_things_at_once(machine):
    """While one holds the lock another is told to wait."""
    with alone(machine.state), pytest.raises(JournalError, match="under way"), alone(machine.state):
        pass


def test_a_line_that_was_cut_off_is_not_believed(machine):
    """Half a line at the journal's end was never acted on, and does not swallow the next."""
    journal = Journal.begun(machine.state, {"url": ""})
    with (journal.folder / "journal.jsonl").open("ab") as file:
        file.write(b'{"step": "ke')
    again = Journal.read(journal.folder)
    assert again.ended == ""
    again.note("undone")
    assert Journal.read(journal.folder).events[0]["step"] == "begun"


def test_a_state_folder_that_others_may_write_is_not_trusted(machine):
    """A journal names commands: one that somebody else could have written is refused."""
    machine.state.mkdir()
    machine.state.chmod(0o777)
    with pytest.raises(JournalError, match="somebody else"), alone(machine.state):
        pass


def test_a_server_that_ends_while_it_is_looked_at_is_no_error():
    """What ran a moment ago has no children, and no session."""
    gone = Running("php-fpm", 2**22 + 1, "/usr/sbin/php-fpm8.2")
    assert look._child([gone]) is None
    frozen = Observation(Hop.UPSTREAM, "upstream-frozen", {"pid": gone.pid, "address": "a:1"}, "x")
    assert look._stopped(Verdict("x", Outcome.GATEWAY_ERROR, observations=(frozen,))) == set()


def test_what_is_there_already_is_never_written_over(machine):
    """Neither by a new file nor by a new name; what somebody put in since is left alone."""
    journal = Journal.begun(machine.state, {})
    machine.off.mkdir()
    with pytest.raises(ApplyError, match="forms"):
        apply(
            replace(machine.plan, changes=(Move(str(machine.plugin), str(machine.off)),)), journal
        )
    new = Creation(str(machine.main), "x")
    with pytest.raises(ApplyError):
        apply(replace(machine.plan, changes=(new,)), journal)
    assert machine.main.read_bytes() == OLD.encode()
    journal = Journal.begun(machine.state, {})
    apply(replace(machine.plan, changes=(Creation(str(machine.drop_in), "x"),)), journal)
    machine.drop_in.write_text("mine")
    assert [each.what for each in take_back(journal)] == [str(machine.drop_in)]
    assert machine.drop_in.read_text() == "mine"
