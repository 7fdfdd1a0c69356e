"""A sentence of the product and the values in it, apart, so that it can be said in any language."""

from collections.abc import Mapping
from dataclasses import dataclass, field


def sentence(text: str) -> str:
    """`text` itself, marked for the catalogues where it stands far from what says it."""
    return text


@dataclass(frozen=True, slots=True)
class Message:
    """What is said to a person; `str` says it in English.

    Attributes:
        says: the sentence, with its places in braces; the message id of the catalogues.
        values: what stands in them; may be messages themselves.
    """

    says: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.says.format(**self.values) if self.values else self.says


class SpokenError(Exception):
    """An error whose text is for a person."""

    def __init__(self, says: str, /, **values: object) -> None:
        """Args: says: the sentence; values: what stands in its places."""
        self.message = Message(says, values)
        super().__init__(str(self.message))
