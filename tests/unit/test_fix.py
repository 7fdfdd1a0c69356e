"""The command `fix`: consent, proof, taking back, faults behind one another; and `undo`."""

import json
from pathlib import Path

import pytest

from badgateway.cli import fix as command
from badgateway.cli.main import main
from badgateway.knowledge.remedy import load_remedies
from badgateway.model.hop import Hop
from badgateway.model.plan import Edit, Plan
from badgateway.model.verdict import Outcome, RankedCause, Risk, Verdict
from badgateway.remedies.plan import Proposal
from badgateway.repair import fix as fixing
from badgateway.repair.journal import Journal, cut_off
from badgateway.report.plan import plan_lines
from badgateway.report.words import Words

URL = "https://shop.example/"


class Site:
    """A site that is well when its file holds the right words; `fix` sees it through fakes."""

    def __init__(self, folder: Path, right: str) -> None:
        self.file = folder / "site.conf"
        self.file.write_text("a=wrong\nb=wrong\n")
        self.right = right
        self.offers: dict[str, list[Plan]] = {}

    def verdict(self, *_) -> Verdict:
        """What looking at it says."""
        if self.file.read_text() == self.right:
            return Verdict(URL, Outcome.HEALTHY, 200)
        cause = RankedCause("upstream-wrong-address", Hop.GATEWAY, 0.9)
        return Verdict(URL, Outcome.GATEWAY_ERROR, 502, causes=(cause,))

    async def checked(self, *_) -> Verdict:
        """What a visitor gets."""
        return self.verdict()

    def proposal(self, *_) -> Proposal:
        """What could be done now."""
        plans = self.offers.get(self.file.read_text(), [])
        return Proposal(tuple(plans), {"other": "it does not fit"})

    def plan(self, name: str, old: str, new: str, cause: str = "upstream-wrong-address") -> Plan:
        """A plan that changes the file."""
        return Plan(name, cause, "Correct the file", Risk.REVERSIBLE,
                    (Edit(str(self.file), old, new),), asks=name == "asks")  # fmt: skip


BEFORE, HALF, AFTER = "a=wrong\nb=wrong\n", "a=right\nb=wrong\n", "a=right\nb=right\n"


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(fixing, "PATIENCE", 0.0)
    monkeypatch.setattr(fixing, "PAUSE", 0.0)
    return tmp_path / "state" / "badgateway"


@pytest.fixture
def site(tmp_path, monkeypatch, state):
    made = Site(tmp_path, HALF)
    monkeypatch.setattr(command, "look", made.verdict)
    monkeypatch.setattr(command, "proposal", made.proposal)
    monkeypatch.setattr(fixing, "check_url", made.checked)
    made.offers = {BEFORE: [made.plan("first", BEFORE, HALF)]}
    return made


def told(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_without_a_terminal_nothing_is_changed(site, state, capsys):
    """The plan is shown as a diff, and the exit status says that the fault is still there."""
    assert main(["fix", "--url", URL]) == 1
    out = capsys.readouterr().out
    assert "-a=wrong" in out
    assert "+a=right" in out
    assert site.file.read_text() == BEFORE
    assert not (state / "changes").exists()


def test_yes_heals_and_proves(site, capsys):
    """What was changed is kept once the page is well from outside."""
    assert main(["fix", "--url", URL, "--yes", "--json"]) == 0
    said = told(capsys)
    assert (said["result"], said["applied"]) == ("healed", ["first"])
    assert site.file.read_text() == HALF
    assert main(["undo", "--json"]) == 0
    assert told(capsys)["files"] == [str(site.file)]
    assert site.file.read_text() == BEFORE


def test_what_does_not_heal_is_taken_back(site, capsys):
    """A plan after which the page still fails leaves no trace, and it is said why."""
    site.right = "never"
    assert main(["fix", "--url", URL, "--yes", "--json"]) == 1
    said = told(capsys)
    assert said["result"] == "not-healed"
    assert said["failed"]["first"] == "the page still fails"
    assert site.file.read_text() == BEFORE


def test_the_second_plan_is_tried_where_the_first_does_not_heal(site, capsys):
    """Each plan is tried alone, from the same beginning."""
    site.offers[BEFORE] = [site.plan("wrong", BEFORE, "x"), site.plan("first", BEFORE, HALF)]
    assert main(["fix", "--url", URL, "--yes", "--json"]) == 0
    assert told(capsys)["applied"] == ["first"]


def test_a_fault_behind_the_first_is_mended_with_it(site, capsys):
    """Where another plan shows once the first is in force, both are kept together."""
    site.right = AFTER
    site.offers[HALF] = [site.plan("second", HALF, AFTER, "upstream-down")]
    assert main(["fix", "--url", URL, "--yes", "--json"]) == 0
    assert told(capsys)["applied"] == ["first", "second"]
    assert main(["undo"]) == 0
    assert site.file.read_text() == BEFORE


def test_what_may_be_meant_so_needs_its_own_name(site, capsys):
    """A yes to everything does not end a maintenance; its own name does."""
    site.offers[BEFORE] = [site.plan("asks", BEFORE, HALF)]
    assert main(["fix", "--url", URL, "--yes", "--json"]) == 1
    assert told(capsys)["failed"]["asks"] == "not wanted"
    assert main(["fix", "--url", URL, "--yes", "--json", "--only", "asks"]) == 0


def test_without_a_url_nothing_is_called_healed(site, capsys):
    """A change that nothing proves from outside is kept and is said to be unproved."""
    assert main(["fix", "--site", "shop.example", "--yes", "--json"]) == 1
    assert told(capsys)["result"] == "unproved"


def test_a_run_that_was_cut_off_is_taken_back_first(site, state, capsys):
    """The next fix says what the files hold, takes it back, and then begins."""
    journal = Journal.begun(state, {"url": URL})
    fixing.apply(site.plan("first", BEFORE, HALF), journal)
    assert main(["fix", "--url", URL, "--yes"]) == 0
    err = capsys.readouterr().err
    assert "was cut off" in err
    assert "holds its new text" in err
    assert cut_off(state) == []
    assert site.file.read_text() == HALF


def test_undo_with_nothing_to_undo_says_so(state, capsys):
    """No change was made: it is said, and that is no failure."""
    assert main(["undo"]) == 0
    assert "nothing to take back" in capsys.readouterr().err
    assert main(["undo", "--list"]) == 0
    assert "Nothing was ever changed" in capsys.readouterr().out


def test_a_healthy_site_is_left_alone(site, capsys):
    """Where nothing is broken nothing is offered."""
    site.file.write_text(HALF)
    assert main(["fix", "--url", URL, "--yes", "--json"]) == 0
    assert told(capsys)["result"] == "nothing-to-do"


@pytest.mark.parametrize("address", ["8000", "a b:80", "10.0.0.1:80;x", "http://a:80"])
def test_an_upstream_that_is_none_is_a_wrong_call(site, capsys, address):
    """What is no address is refused before anything is looked at."""
    assert main(["fix", "--url", URL, "--yes", "--upstream", address]) == 2
    assert "HOST:PORT" in capsys.readouterr().err
    assert site.file.read_text() == BEFORE


def test_fix_and_undo_speak_french(site, capsys):
    """Plan, progress, the reason why a remedy does not heal, and `undo`, all in French."""
    site.right = "never"
    site.offers[BEFORE].append(site.plan("asks", BEFORE, AFTER))
    assert main(["fix", "--url", URL, "--yes", "--lang", "fr"]) == 1
    shown = capsys.readouterr()
    assert "  pour\N{NO-BREAK SPACE}:" in shown.out
    assert "first: la page échoue toujours" in shown.out
    assert "la page échoue toujours\N{NARROW NO-BREAK SPACE}; retour en arrière" in shown.err
    assert "Nothing" not in shown.out + shown.err
    site.right = HALF
    assert main(["fix", "--url", URL, "--yes", "--lang", "fr", "--json"]) == 0
    # What programs read is English in every language.
    assert json.loads(capsys.readouterr().out)["plans"][0]["text"] == "Correct the file"
    assert main(["undo", "--lang", "fr"]) == 0
    assert f"{site.file} est comme avant" in capsys.readouterr().out


def test_a_remedy_is_said_in_french_with_its_values():
    """The typed places of a remedy's sentence are filled in the translation as well."""
    values = {"found": "10.0.0.2:8000", "upstream": "10.0.0.2:8080"}
    text = load_remedies()["point-to-listener"].text
    plan = Plan(
        "point-to-listener", "upstream-wrong-address", text, Risk.REVERSIBLE, (), values=values
    )
    title = next(iter(plan_lines(plan, Words("fr"))))
    assert title.startswith("Envoyer les requêtes à 10.0.0.2:8000, où l’application écoute")
    assert plan.text.startswith("Send requests to 10.0.0.2:8000, where")


def test_a_hostile_value_in_a_reason_is_shown_as_text(capsys):
    """Braces in what a person wrote are no places of a sentence."""
    assert main(["fix", "--upstream", "{0.__class__}{x}", "--lang", "fr", "--dry-run"]) == 2
    assert "{0.__class__}{x}" in capsys.readouterr().err
