"""What is known, as pages to read: causes, the pages that people meet, and who makes them."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from badgateway.model.verdict import Who
from badgateway.model.vocabulary import vocabulary
from badgateway.report.known import (
    clues_of,
    general_steps,
    makers_of,
    shown_by,
    steps_of,
    tests_of,
)
from badgateway.web.language import words_for
from badgateway.web.site import page, site_of


async def everything(request: Request) -> Response:
    """All pages, to be searched."""
    known = site_of(request).checks.known
    words = vocabulary()
    causes = [
        (title, [word for word in words.causes.values() if word.hop is hop])
        for hop, title in words.hop_titles.items()
    ]
    return page(
        request,
        "known.html",
        causes=[(title, mine) for title, mine in causes if mine],
        variants=known.variants.values(),
        emitters=sorted(known.emitters.values(), key=lambda one: one.title.lower()),
    )


async def cause(request: Request) -> Response:
    """One cause: what it is, how it shows, what speaks for it, what helps."""
    known = site_of(request).checks.known
    file = known.causes.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    words = vocabulary().causes
    return page(
        request,
        "cause.html",
        file=file,
        word=words[file.name],
        shown=shown_by(file.name, known, words_for(request)),
        clues=list(clues_of(file, words_for(request))),
        tests=tests_of(file.name, known),
        leads_to=[words[name] for name in file.leads_to],
        visitor=steps_of(file.name, known, Who.VISITOR),
        owner=steps_of(file.name, known, Who.OWNER),
    )


async def variant(request: Request) -> Response:
    """One form of the page that people meet."""
    known = site_of(request).checks.known
    file = known.variants.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    return page(
        request,
        "variant.html",
        file=file,
        makers=sorted(makers_of(file.name, known), key=lambda one: one.title.lower()),
        visitor=general_steps(known, Who.VISITOR),
        owner=general_steps(known, Who.OWNER),
    )


async def emitter(request: Request) -> Response:
    """One product: what its answers mean."""
    file = site_of(request).checks.known.emitters.get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    return page(request, "emitter.html", file=file, titles=vocabulary().causes)


def routes() -> list[Route]:
    """Everything below /known."""
    return [
        Route("/known", everything),
        Route("/known/causes/{name}", cause),
        Route("/known/pages/{name}", variant),
        Route("/known/products/{name}", emitter),
    ]
