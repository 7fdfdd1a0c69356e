"""The pages: forms that work without any script, and a little script that makes them quick."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from badgateway.investigate.answers import Answer
from badgateway.investigate.search import Request as Inspection
from badgateway.model.target import TargetError
from badgateway.report.html import html_report, style
from badgateway.report.json import verdict_json
from badgateway.report.logs_html import logs_html
from badgateway.report.markdown import markdown_report
from badgateway.transport.files import UnpackError
from badgateway.web.asked import RateError, admit, fields, materials, target
from badgateway.web.checks import Check
from badgateway.web.language import words_for
from badgateway.web.runs import FullError
from badgateway.web.site import Site, page, site_of
from badgateway.web.stream import stream, watch_stream

SHOWN_PAST = 8
MOST_LOGS = 100
ALL_PAST = 200


async def front(request: Request) -> Response:
    """The way in: two fields. A URL in the query is filled in, and checked by nobody."""
    return _front(request, url=request.query_params.get("url", ""))


def _front(
    request: Request,
    status: int = 200,
    headers: dict[str, str] | None = None,
    *,
    url: str = "",
    problem: str = "",
) -> HTMLResponse:
    site = site_of(request)
    past = site.history.past(SHOWN_PAST) if site.history else []
    return page(request, "front.html", status, headers, url=url[:2_000], problem=problem, past=past)


async def ask(request: Request) -> Response:
    """Start a check of a page."""
    site, words = site_of(request), words_for(request)
    (url,) = await fields(request, "url")
    try:
        asked = target(url)
        admit(request, site.rates)
        return _to(request, site.checks.page(asked))
    except TargetError as error:
        return _front(request, 400, url=url, problem=words.message(error.message))
    except (RateError, FullError) as error:
        return _busy(request, error, url)


async def explain(request: Request) -> Response:
    """Explain what was pasted or dropped."""
    site, words = site_of(request), words_for(request)
    try:
        found = await materials(request, site.settings.unpacked_limit)
    except UnpackError as error:
        return _front(request, 400, problem=words.message(error.message))
    if not found:
        return _front(request, 400, problem=words.say("Paste something, or choose a file, first."))
    try:
        admit(request, site.rates)
        return _to(request, site.checks.material(found))
    except (RateError, FullError) as error:
        return _busy(request, error)


def _busy(request: Request, error: RateError | FullError, url: str = "") -> HTMLResponse:
    words = words_for(request)
    if isinstance(error, RateError):
        why = words.say(
            "You have asked often within a minute. Ask again in {seconds} s.", seconds=error.seconds
        )
        return _front(request, 429, {"Retry-After": str(error.seconds)}, url=url, problem=why)
    why = words.say("Too many people are asking at the moment. Try again in a minute.")
    return _front(request, 503, {"Retry-After": "60"}, url=url, problem=why)


async def machine(request: Request) -> Response:
    """The owner's side: a form, and the inspection that it starts."""
    site, words = site_of(request), words_for(request)
    if request.method == "GET":
        return page(request, "machine.html", problem="", url="")
    (typed,) = await fields(request, "url")
    url = typed.strip()
    try:
        asked = target(url) if url else None
        wanted = Inspection(site=asked.host if asked else "", target=asked)
        return _to(request, site.checks.machine(wanted))
    except TargetError as error:
        return page(request, "machine.html", 400, problem=words.message(error.message), url=url)
    except FullError as error:
        return _busy(request, error)


async def logs(request: Request) -> Response:
    """The owner's logs: files of this machine, one a line."""
    site, words = site_of(request), words_for(request)
    (files,) = await fields(request, "files")
    names = [name for line in files.splitlines() if (name := line.strip())][:MOST_LOGS]
    if not names:
        why = words.say("Name a log file first.")
        return page(request, "machine.html", 400, problem=why, url="")
    try:
        return _to(request, site.checks.logs(names))
    except FullError as error:
        return _busy(request, error)


async def timeline(request: Request) -> Response:
    """The incidents of logs on a time line."""
    check, words = _check(request), words_for(request)
    if check.logs is None:
        raise HTTPException(404)
    # Its style stands in it; nothing in it is a script.
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(logs_html(check.logs, words), headers={"Content-Security-Policy": policy})


def _to(request: Request, check: Check) -> RedirectResponse:
    return RedirectResponse(words_for(request).to(f"/checks/{check.id}"), 303)


def _check(request: Request) -> Check:
    check = site_of(request).checks.find(request.path_params["id"])
    if check is None:
        raise HTTPException(404)
    if check.run is not None:
        check.run.touch()
    return check


async def look(request: Request) -> Response:
    """A check: the picture while it runs, then the verdict."""
    site, words, check = site_of(request), words_for(request), _check(request)
    return page(request, "check.html", **site.shown.values(check, words))


async def result(request: Request) -> Response:
    """The verdict alone, for the script."""
    return HTMLResponse(site_of(request).shown.result(_check(request), words_for(request)))


async def picture(request: Request) -> Response:
    """The picture alone, for the script; empty for material."""
    site, words, check = site_of(request), words_for(request), _check(request)
    return HTMLResponse(site.shown.picture(site.shown.chain(check, words), words))


async def events(request: Request) -> Response:
    """Where it stands, as it changes."""
    return stream(_check(request), site_of(request).shown, words_for(request))


async def answer(request: Request) -> Response:
    """Take what a person says to a question."""
    site, check = site_of(request), _check(request)
    test, said = await fields(request, "test", "answer")
    try:
        site.checks.answer(check, test, Answer(said))
    except (KeyError, ValueError):
        raise HTTPException(400) from None
    if "x-part" in request.headers:
        return HTMLResponse(site.shown.result(check, words_for(request)))
    return _to(request, check)


async def watch(request: Request) -> Response:
    """Watch a page until it works again."""
    check = _check(request)
    try:
        site_of(request).checks.watched(check)
    except PermissionError:
        raise HTTPException(404) from None
    return _to(request, check)


async def watch_events(request: Request) -> Response:
    """How the watch stands, as it changes."""
    check = _check(request)
    if check.watch is None:
        raise HTTPException(404)
    return watch_stream(check.watch, words_for(request))


async def stop(request: Request) -> Response:
    """End a check that is under way, unless others wait for it too."""
    check = _check(request)
    if check.run is not None and not site_of(request).settings.public:
        check.run.stop()
    return _to(request, check)


async def saved(request: Request) -> Response:
    """A check as a file that can be sent to anyone."""
    site, check, words = site_of(request), _check(request), words_for(request)
    if check.verdict is None:
        raise HTTPException(404)
    kind = request.path_params["kind"]
    headers = {"Content-Disposition": f'attachment; filename="badgateway-report.{kind}"'}
    known = site.checks.known
    if kind == "html":
        # Its style stands in it; nothing in it is a script, and it is opened as a file.
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        return HTMLResponse(html_report(check.verdict, known, words), headers=headers)
    if kind == "md":
        text = markdown_report(check.verdict, known, words)
        return Response(text, headers=headers, media_type="text/markdown")
    if kind == "json":
        text = verdict_json(check.verdict)
        return Response(text, headers=headers, media_type="application/json")
    raise HTTPException(404)


async def past(request: Request) -> Response:
    """All past checks of this machine's person."""
    site = site_of(request)
    if site.history is None:
        raise HTTPException(404)
    return page(request, "past.html", past=site.history.past(ALL_PAST))


async def forget(request: Request) -> Response:
    """Delete the history."""
    site = site_of(request)
    if site.history is None:
        raise HTTPException(404)
    site.history.forget()
    return RedirectResponse(words_for(request).to("/"), 303)


async def style_sheet(_: Request) -> Response:
    """The style of the reports, which the page shares."""
    lasting = {"Cache-Control": "max-age=3600"}
    return Response(str(style()), media_type="text/css", headers=lasting)


async def wrong(request: Request, error: Exception) -> Response:
    """A page for what cannot be shown."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    words = words_for(request)
    why = {
        400: words.say("This cannot be understood."),
        404: words.say("There is nothing here. A check is kept for a while only; ask again."),
        405: words.say("This cannot be done here."),
    }.get(status, words.say("Something in this program broke, not a site. Please report it."))
    return page(request, "wrong.html", status, why=why)


def routes(site: Site) -> list[Route]:
    """All pages of a server."""
    every = [
        Route("/", front),
        Route("/check", ask, methods=["POST"]),
        Route("/explain", explain, methods=["POST"]),
        Route("/checks/{id}", look),
        Route("/checks/{id}/events", events),
        Route("/checks/{id}/verdict", result),
        Route("/checks/{id}/picture", picture),
        Route("/checks/{id}/answer", answer, methods=["POST"]),
        Route("/checks/{id}/stop", stop, methods=["POST"]),
        Route("/checks/{id}/report.{kind}", saved),
        Route("/static/style.css", style_sheet),
    ]
    if not site.settings.public:
        every += [
            Route("/checks/{id}/watch", watch, methods=["POST"]),
            Route("/checks/{id}/watch/events", watch_events),
            Route("/machine", machine, methods=["GET", "POST"]),
            Route("/machine/logs", logs, methods=["POST"]),
            Route("/checks/{id}/timeline", timeline),
            Route("/past", past),
            Route("/past/forget", forget, methods=["POST"]),
        ]
    return every
