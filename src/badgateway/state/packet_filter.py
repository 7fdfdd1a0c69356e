"""The packet filter of a place, as the kernel has it now; root may see it."""

from badgateway.model.material import Material, material_of
from badgateway.state.place import Place
from badgateway.transport.command import output_of

_COMMANDS = (("nft", "list", "ruleset"), ("iptables-save", "-c"))


def rules(place: Place) -> Material | None:
    """What the first command that knows of any rule prints; None where none may look.

    It is empty where they looked and there is no rule.
    """
    empty = None
    for words in _COMMANDS:
        name = f"{' '.join(words)}{f' in {place.name}' if place.name else ''}"
        text = output_of((*place.entered("--net"), *words))
        if text and text.lstrip().startswith(("table ", "*", "#")):
            return material_of(name, text)
        if text is not None and not text.strip():
            empty = material_of(name, "")
    return empty
