"""A worker written from docs/protocol.md alone: it shares no code with ours.

It knows the operations that a few clauses need, and refuses the others.
"""

import base64
import builtins
import errno
import importlib
import json
import operator
import os
import sys

objects = {}


def encode(value):
    if type(value) in (type(None), bool, int, str):
        return value
    if type(value) is bytes:
        return {"bytes": base64.b64encode(value).decode()}
    number = len(objects) + 1
    objects[number] = value
    if type(value) is type(sys):
        return {"ref": number, "type": "module " + value.__name__}
    return {"ref": number, "type": type(value).__module__ + "." + type(value).__qualname__}


def decode(value):
    if type(value) is not dict:
        return value
    ((tag, content),) = value.items()
    if tag == "slice":
        return slice(*content)
    return {"ref": objects.get, "bytes": base64.b64decode}[tag](content)


def perform(request):
    op, name = request["op"], request.get("name")
    if op == "import":
        return importlib.import_module(name)
    if op == "reset":
        return 1  # a fresh worker for each example
    arguments = [decode(value) for value in request.get("args", [])]
    if op == "apply":
        home = operator if hasattr(operator, name) else builtins
        return getattr(home, name)(*arguments)
    target = decode(request["on"])
    return getattr(target, name)(*arguments) if op == "call" else getattr(target, name)


def answer(request):
    if request["op"] not in ("import", "reset", "apply", "call", "get"):
        return {"error": "cannot do that: " + request["op"]}
    try:
        value = perform(request)
    except BaseException as error:
        number = getattr(error, "errno", None)
        return {
            "raised": {
                "type": type(error).__name__,
                "mro": [
                    base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"
                ],
                "args": [str(error)],
                "errno": number,
                "symbol": errno.errorcode.get(number),
                "winerror": None,
                "text": str(error),
            }
        }
    if request["op"] == "get" and callable(value):
        return {"value": {"method": request["name"]}}
    return {"value": encode(value)}


def say(message):
    os.write(streams[1], json.dumps(message).encode() + b"\n")


streams = os.dup(0), os.dup(1)
os.dup2(2, 1)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
version = ".".join(map(str, sys.version_info[:3]))
say(
    {
        "hello": "a little worker",
        "protocol": 1,
        "facts": {
            "os_name": os.name,
            "sys_platform": sys.platform,
            "platform_system": "Linux",
            "platform_release": "",
            "platform_machine": "",
            "platform_version": "",
            "platform_python_implementation": "Little",
            "implementation_name": "little",
            "implementation_version": version,
            "python_version": ".".join(version.split(".")[:2]),
            "python_full_version": version,
            "executable": None,
            "pointer_size": 8,
            "ssize_max": sys.maxsize,
            "long_max": sys.maxsize,
            "int_max": (1 << 31) - 1,
            "gil": True,
            "debug": False,
            "refcounting": True,
        },
    }
)
with open(streams[0], "rb") as requests:
    for line in requests:
        message = json.loads(line)
        for released in message.get("release", []):
            objects[released] = None
        say({"id": message["id"], **answer(message)})
