"""Which of several servers gave an answer, as far as the answer itself tells."""

import re

from badgateway.model.response import Response

_NAMED = re.compile(
    r"x-(?:[a-z0-9]+-)*(?:node|backend|upstream|instance|pod|replica|worker|served-by"
    r"|server-(?:name|id)|web-server|app-server|host-?name)(?:-(?:name|id|server|host))?",
    re.IGNORECASE,
)
"""Headers in which operators name the server that answered."""
_TIED = re.compile(
    r"\s*(?:SERVERID|SRV|ROUTEID|route|INGRESSCOOKIE|AWSALB|AWSALBCORS|AWSELB|BIGipServer[^=;,]*"
    r"|ARRAffinity|ARRAffinitySameSite|NSC_[^=;,]*|lb|LBCOOKIE|stickysession)=",
    re.IGNORECASE,
)
"""Cookies by which load balancers remember the server: HAProxy, Apache, nginx, AWS, F5, IIS ARR,
NetScaler."""
_NAMING_COOKIE = re.compile(
    r"\s*(?P<name>SERVERID|SRV|ROUTEID)=(?P<value>[^;,|\s]{1,100})", re.IGNORECASE
)
"""Those of them whose value is the server's own name, not a random key."""
_EDGES = {
    "cf-ray": re.compile(r"[0-9a-f]{8,32}-(?P<place>[A-Z]{3})"),
    "x-amz-cf-pop": re.compile(r"(?P<place>[A-Z]{3}[0-9]{1,3})(?:-[A-Z0-9]+)?"),
    "x-vercel-id": re.compile(r"(?P<place>[a-z]{3}[0-9]):.{0,200}"),
}
"""Headers in which a CDN names the place that answered: Cloudflare
(https://developers.cloudflare.com/fundamentals/reference/http-headers/), CloudFront (as its answers
show it), Vercel (https://vercel.com/docs/headers/response-headers)."""

_LONGEST = 100


def in_turns(response: Response) -> bool:
    """Whether an answer shows that several servers take turns."""
    return any(
        _NAMED.fullmatch(name) or (name.lower() == "set-cookie" and _TIED.match(value))
        for name, value in response.headers
    )


def served_by(response: Response) -> tuple[tuple[str, str], ...]:
    """The header or cookie that names the server behind the gateway, and the name; often none."""
    found: dict[str, str] = {}
    for name, value in response.headers:
        if _NAMED.fullmatch(name) and value.strip():
            found.setdefault(name.lower(), value.strip()[:_LONGEST])
        elif name.lower() == "set-cookie" and (cookie := _NAMING_COOKIE.match(value)):
            found.setdefault(f"cookie {cookie['name']}", cookie["value"])
    return tuple(found.items())


def edge_place(response: Response) -> str:
    """The CDN's place that answered (`FRA`); empty where the answer does not say."""
    for name, value in response.headers:
        pattern = _EDGES.get(name.lower())
        if pattern is not None and (found := pattern.fullmatch(value.strip())):
            return found["place"]
    return ""
