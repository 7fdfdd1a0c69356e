"""Fields of a protobuf message, as far as a browser's stores need them."""

from collections.abc import Iterator


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field's number and value, up to the first that is damaged.

    https://protobuf.dev/programming-guides/encoding/
    """
    place = 0
    try:
        while place < len(data):
            tag, place = varint(data, place)
            kind = tag & 7
            value: int | bytes
            if kind == 0:
                value, place = varint(data, place)
            elif kind in (1, 5):
                width = 8 if kind == 1 else 4
                value, place = data[place : place + width], place + width
            elif kind == 2:
                length, place = varint(data, place)
                value, place = data[place : place + length], place + length
            else:
                return
            yield tag >> 3, value
    except IndexError:
        return


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, ten bytes of it at most, and the place behind it.

    Raises:
        IndexError: the data end before it does.
    """
    number = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return number, place


def text_field(data: bytes, number: int) -> str:
    """The text of a field; empty where it is missing."""
    return message_field(data, number).decode("utf-8", "replace")


def message_field(data: bytes, number: int) -> bytes:
    """The bytes of a field; empty where it is missing."""
    return next((v for n, v in fields(data) if n == number and isinstance(v, bytes)), b"")


def number_field(data: bytes, number: int) -> int:
    """The number of a field; 0 where it is missing."""
    return next((v for n, v in fields(data) if n == number and isinstance(v, int)), 0)
