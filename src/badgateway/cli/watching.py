"""`badgateway URL --watch`: asks again until the page works, and says so."""

import asyncio
import shlex
import sys
from functools import partial

from badgateway.cli.arguments import Parsed, UsageError, complain
from badgateway.cli.live import Board
from badgateway.cli.show import Progress, show
from badgateway.cli.timeline import conclusion, countdown, line, marks, try_json
from badgateway.investigate.check import check_url
from badgateway.knowledge.base import knowledge
from badgateway.model.target import Target, Wishes
from badgateway.model.verdict import Verdict
from badgateway.report.words import Words
from badgateway.transport.command import program_of, run_given
from badgateway.watch.pace import Pace
from badgateway.watch.watch import Checked, Tried, Waiting, Watch, watch_url


def command_of(text: str) -> list[str]:
    """The words of the command for `--then`.

    Raises:
        UsageError: they are none, or name no program of this machine.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(
            "--then {text} cannot be read: {why}", text=repr(text), why=error
        ) from None
    if not words:
        raise UsageError("--then needs a command, such as: --then 'notify-send back'")
    if program_of(words[0]) is None:
        raise UsageError(
            "--then: there is no program '{program}' here; it is run without a shell, so "
            "for pipes and the like write: --then 'sh -c \"…\"'",
            program=words[0],
        )
    return words


def run(target: Target, wishes: Wishes, parsed: Parsed) -> int:
    """Watch until the page works, the tries are used up or the person has enough.

    Returns:
        0 where the page works now, 1 where it does not, 2 where the command of `--then` failed.

    Raises:
        UsageError: `--then` names nothing that could be run.
        TargetError: a wish that cannot be granted.
        KeyboardInterrupt: stopped before anything was known.
    """
    then = command_of(parsed.then) if parsed.then is not None else []
    known, words = knowledge(), Words(parsed.lang)

    async def check() -> Verdict:
        with Progress(parsed) as progress:
            return await check_url(target, wishes, progress.heard, known)

    pace = Pace(first=parsed.every) if parsed.every else None
    watch = watch_url(target, wishes, known, check, pace, parsed.tries)
    board = Board(sys.stderr, wanted=not parsed.json)
    try:
        asyncio.run(_follow(watch, parsed, words, board))
    except KeyboardInterrupt:
        if not parsed.json:
            print(file=sys.stderr)
    finally:
        board.end()
    verdict = watch.verdict()
    if verdict is None:
        raise KeyboardInterrupt
    _told(watch, verdict, parsed, words)
    if not watch.works:
        return 1
    if sys.stderr.isatty():
        print("\a", end="", file=sys.stderr, flush=True)
    return _then(then, watch, verdict, quiet=parsed.json) if then else 0


async def _follow(watch: Watch, parsed: Parsed, words: Words, board: Board) -> None:
    """Say what happens while it happens."""
    encoding = sys.stdout.encoding or "ascii"
    async for event in watch.events():
        board.end()
        if isinstance(event, Waiting):
            board.begin(partial(countdown, event, watch.tries, words))
        elif isinstance(event, Tried):
            if parsed.json:
                print(try_json(event), flush=True)
            else:
                print(f"  {line(event, words, encoding)}", flush=True)
        elif isinstance(event, Checked) and not parsed.json:
            said = (words.headline(event.verdict), words.whose(event.verdict))
            print(" ".join(filter(None, said)), flush=True)


def _told(watch: Watch, verdict: Verdict, parsed: Parsed, words: Words) -> None:
    """The verdict, and above it what the tries say together."""
    if parsed.json:
        show(verdict, parsed)
        return
    now = watch.tally
    print()
    if not watch.works:
        show(verdict, parsed)
        print()
    if now.tries:
        print(f"  {marks(watch.tries, sys.stdout.encoding or 'ascii')}")
        for said in conclusion(now, watch.failed_at, words):
            print(said)


def _then(command: list[str], watch: Watch, verdict: Verdict, quiet: bool) -> int:
    """Run the person's command; what is known stands in its environment."""
    now, failed_at = watch.tally, watch.failed_at
    down = (now.back_at - failed_at).total_seconds() if now.back_at and failed_at else 0.0
    sys.stdout.flush()
    status = run_given(
        command,
        {
            "BADGATEWAY_URL": verdict.subject,
            "BADGATEWAY_STATE": now.state.value,
            "BADGATEWAY_STATUS": str(verdict.status or ""),
            "BADGATEWAY_TRIES": str(now.tries),
            "BADGATEWAY_GOOD": str(now.good),
            "BADGATEWAY_FAILED_SECONDS": str(max(0, round(down))),
            "BADGATEWAY_SYMPTOMS": " ".join(name for name, _ in now.symptoms),
        },
        quiet,
    )
    if status is None:
        complain(
            "the command of --then could not be started: {command}", command=shlex.join(command)
        )
    elif status != 0:
        complain(
            "the command of --then ended with status {status}: {command}",
            status=status,
            command=shlex.join(command),
        )
    return 0 if status == 0 else 2
