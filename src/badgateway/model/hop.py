"""The chain from a browser to a database, and whose problem each link of it is."""

from enum import StrEnum


class Side(StrEnum):
    """Who has to act: the visitor, whoever runs the way between, or the site."""

    VISITOR = "visitor"
    PATH = "path"
    SITE = "site"


class Hop(StrEnum):
    """One place in the chain where a fault can sit, in the order a request meets them.

    Titles and sides stand in `causes.toml`, which must name exactly these hops.
    """

    BROWSER = "browser"
    DEVICE = "device"
    RESOLVER = "resolver"
    EXIT = "exit"
    NETWORK = "network"
    ZONE = "zone"
    EDGE = "edge"
    GATEWAY = "gateway"
    LINK = "link"
    UPSTREAM = "upstream"
    DATABASE = "database"
    HOST = "host"
