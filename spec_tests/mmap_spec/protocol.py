"""The host's side of the wire: values and exceptions to and from protocol lines.

The format is written down in docs/protocol.md; ``worker.py`` holds its other
half.  Nothing here knows processes or tests.
"""

from __future__ import annotations

import base64
import builtins
import errno
from collections.abc import Callable
from typing import Any

PROTOCOL = 1


class ProtocolError(Exception):
    """The worker said something that docs/protocol.md does not allow."""


class Reference:
    """What ``encode`` accepts as a reference: anything with ``wire()``."""

    def wire(self) -> dict[str, Any]:
        raise NotImplementedError


def encode(value: Any) -> Any:
    """A local value as JSON data; TypeError for what cannot travel."""
    if type(value) is int or value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        finite = value == value and abs(value) != float("inf")
        return value if finite else {"float": repr(value)}
    if isinstance(value, Reference):
        return value.wire()
    if isinstance(value, (bytes, bytearray)):
        return {type(value).__name__: base64.b64encode(value).decode("ascii")}
    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": [[key, encode(item)] for key, item in value.items()]}
    if isinstance(value, slice):
        return {"slice": [encode(part) for part in (value.start, value.stop, value.step)]}
    if isinstance(value, type):
        name: str = value.__name__
        if getattr(builtins, name, None) is value:
            return {"class": name}
    if isinstance(value, BaseException):
        return {
            "exception": {
                "type": type(value).__name__,
                "args": [encode(arg) for arg in value.args],
            }
        }
    if value is Ellipsis or value is NotImplemented:
        return {"constant": repr(value)}
    raise TypeError(f"{value!r} cannot travel to the worker; make it there with candidate.run()")


def decode(value: Any, refer: Callable[[dict[str, Any]], Any]) -> Any:
    """JSON data as a local value; ``refer`` makes the stand-in for a reference."""
    try:
        return _decode(value, refer)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"{value!r} is no value: {error!r}") from None


def _decode(value: Any, refer: Callable[[dict[str, Any]], Any]) -> Any:
    if isinstance(value, list):
        return [_decode(item, refer) for item in value]
    if not isinstance(value, dict):
        return value
    if "ref" in value:
        return refer(value)
    if len(value) != 1:
        raise ProtocolError(f"a value needs exactly one tag, not {sorted(value)}")
    ((tag, content),) = value.items()
    if tag == "bytes":
        return base64.b64decode(content)
    if tag == "bytearray":
        return bytearray(base64.b64decode(content))
    if tag == "tuple":
        return tuple(_decode(item, refer) for item in content)
    if tag == "dict":
        return {key: _decode(item, refer) for key, item in content}
    if tag == "slice":
        return slice(*(_decode(part, refer) for part in content))
    if tag == "class":
        return getattr(builtins, content)
    if tag == "exception":
        return exception(content)
    if tag == "float":
        return float(content)
    if tag == "constant":
        return {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}[content]
    raise ProtocolError(f"unknown tag {tag!r}")


def local_class(details: dict[str, Any]) -> type[Exception]:
    """The nearest built-in exception class; what would end the host is only called so here."""
    for name in details["mro"]:
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            return kind
        if isinstance(kind, type) and issubclass(kind, BaseException):
            return type(name, (Exception,), {})
    raise ProtocolError(f"{details['type']!r} is no exception")


def exception(details: dict[str, Any]) -> Exception:
    """The candidate's exception as the nearest local built-in class.

    The instance has ``remote`` (the details as they travelled) and ``symbol``
    (the errno symbol); ``errno`` is translated by symbol, since numbers differ
    between systems.
    """
    kind = local_class(details)
    args = details["args"]
    try:
        error = kind(*args)
        if type(error) is not kind:  # OSError picks a subclass by errno
            error = kind(details["text"])
    except TypeError:  # a class whose constructor wants arguments of its own shape
        error = kind.__new__(kind)
        error.args = (details["text"],)
    if isinstance(error, OSError):
        symbol = details["symbol"]
        error.errno = getattr(errno, symbol, details["errno"]) if symbol else details["errno"]
    facts: Any = error
    facts.symbol = details["symbol"]
    facts.remote = details
    return error
