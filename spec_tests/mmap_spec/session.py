"""A session: requests to one worker at a time, the journal of the example, the restart."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mmap_spec import program
from mmap_spec.outcomes import CandidateDied, CandidateHung
from mmap_spec.program import Code, text_of
from mmap_spec.protocol import ProtocolError, decode, encode, exception
from mmap_spec.remote import Descriptor, Remote, RemoteMethod

DESCRIPTORS = {"open", "dup", "pipe", "memfd_create"}  # functions of os that make some


class Link(Protocol):
    """A started worker, as ``links.py`` makes it."""

    facts: dict[str, Any]

    def request(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send one request, wait for its answer; raises LinkDied."""

    def again(self) -> None:
        """Use the worker that follows one that has died."""

    def close(self) -> None:
        """End the worker."""


def failure(details: dict[str, Any]) -> Exception:
    """The candidate's exception; ProtocolError for what describes none."""
    try:
        return exception(details)
    except (KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"{details!r} is no exception: {error!r}") from None


class LinkDied(Exception):
    """The worker is gone: ``how`` says by what; ``hung`` if it was ended by us.

    ``follows``: the link has another one.
    """

    def __init__(self, how: str, hung: bool = False, follows: bool = False) -> None:
        super().__init__(how)
        self.how = how
        self.hung = hung
        self.follows = follows


class Session:
    """Requests to one worker, the journal of the example, and the restart."""

    def __init__(self, start: Callable[[], Link], module: str, path: Sequence[str]) -> None:
        self._start = start
        self.judged_name = module
        self._path = list(path)
        self.link: Link | None = None
        self._next: Link | None = None  # with a worker that follows one that has died
        self.journal: list[program.Step] = []
        self.starts = 0
        self.examples = 0
        self._methods: set[tuple[str, str]] = set()
        self._forgotten: list[int] = []
        self._names: dict[str, int] = {}
        self._request = 0
        self._modules: dict[str, Remote] = {}

    # requests

    def open(self) -> dict[str, Any]:
        """Start a worker, import the judged module there, give the worker's facts."""
        self._methods.clear()
        self._modules.clear()
        self._forgotten.clear()
        following, self._next = self._next, None
        if following is None:
            following = self._start()
        else:
            following.again()
        self.link = following
        self.starts += 1
        self.module(self.judged_name, path=self._path, judged=True, code="mmap")
        return self.link.facts

    def close(self) -> None:
        """End the worker, and one that would follow it."""
        links, self.link, self._next = (self.link, self._next), None, None
        for link in links:
            if link is not None:
                link.close()

    def reset(self) -> None:
        """A fresh example: no object, descriptor, file or journal of the last one."""
        if self.link is not None:
            try:
                left = self.send({"op": "reset"}, "the end of the last example")
            except ProtocolError:
                raise
            except Exception:  # the candidate could not even be put away
                left = True
            if left:
                self.close()
        if self.link is None:
            self.open()
        self.journal = []
        self._names = {}
        self.examples += 1

    def forget(self, remote: Remote) -> None:
        """The test has dropped a remote: so will the worker, with the next request."""
        if remote._born != (self.starts, self.examples):
            return  # gone with its worker or its example
        self._forgotten.append(remote._number)
        if remote._kind.endswith((".mmap", ".memoryview")):  # whose lifetime can matter
            if any(step.name == remote._code for step in self.journal):
                self.journal.append(program.Step(f"del {remote._code}", statement=True))

    def send(self, message: dict[str, Any], code: Code) -> Any:
        """One round trip: the decoded value, or the candidate's exception raised."""
        if self.link is None:
            raise CandidateDied("the worker has ended before", text_of(code))
        self._request += 1
        message["id"] = self._request
        if self._forgotten:
            message["release"], self._forgotten = self._forgotten, []
        try:
            answer = self.link.request(message)
        except LinkDied as death:
            if death.follows:
                self.link, self._next = None, self.link
            else:
                self.close()
            kind = CandidateHung if death.hung else CandidateDied
            raise kind(death.how, text_of(code)) from None
        if "error" in answer:
            raise ProtocolError(f"the worker refused {text_of(code)}: {answer['error']}")
        if answer.get("id") != self._request:
            raise ProtocolError(f"answer {answer.get('id')} to request {self._request}")
        if "raised" in answer:
            raise failure(answer["raised"])
        if "value" not in answer:
            raise ProtocolError(f"neither a value nor an exception: {answer!r}")
        return answer["value"]

    def perform(self, message: dict[str, Any], code: Code, *, statement: bool = False) -> Any:
        """An operation of the test: a round trip that is written into the journal."""
        step = program.Step(code, statement=statement)
        self.journal.append(step)
        try:
            value = self.send(message, code)
        except CandidateDied as death:
            step.died = death.how
            raise
        except ProtocolError:
            raise
        except BaseException as error:
            step.raised = type(error).__name__
            raise
        if type(value) in (list, dict):
            value = self._several(step, value) or decode(
                value, functools.partial(self._refer, step)
            )
        if step.name is None:  # a remote has a name; to hold it here would keep it alive
            step.value = value
        return value

    def _several(self, step: program.Step, value: Any) -> tuple[Any, ...] | None:
        """A tuple of objects, such as socketpair() gives: one name, and an index each."""
        items = value.get("tuple") if isinstance(value, dict) else None
        if not items or not all(isinstance(item, dict) and "ref" in item for item in items):
            return None
        step.name = self.new_name("items")
        return tuple(
            Remote(self, item["ref"], item["type"], f"{step.name}[{index}]")
            for index, item in enumerate(items)
        )

    def _refer(self, step: program.Step, value: dict[str, Any]) -> Remote:
        kind = value["type"]
        stem = kind.split()[-1].rpartition(".")[2]
        stem = {"mmap": "m", "memoryview": "view", "Hostile": "hostile"}.get(stem, stem.lower())
        name = step.name = self.new_name(stem)
        return Remote(self, value["ref"], kind, name)

    def new_name(self, stem: str) -> str:
        """A variable's name for the program."""
        stem = "".join(c for c in stem if c.isalnum() or c == "_") or "x"
        self._names[stem] = self._names.get(stem, 0) + 1
        return f"{stem}{self._names[stem]}" if stem != "m" or self._names[stem] > 1 else "m"

    # operations

    def knows(self, name: str) -> bool:
        """Whether this worker has been asked for that module."""
        return name in self._modules

    def module(
        self, name: str, *, path: Sequence[str] = (), judged: bool = False, code: str | None = None
    ) -> Remote:
        """A module of the candidate's interpreter; kept for the worker's life."""
        if name not in self._modules:
            message: dict[str, Any] = {"op": "import", "name": name}
            if judged:
                message["path"] = list(path)
                message["judged"] = True
            value = self.send(message, f"import {name}")
            self._modules[name] = Remote(self, value["ref"], value["type"], code or name)
        line = f"import {name}"
        if code is None and name not in ("os", "builtins"):
            if all(step.code != line for step in self.journal):
                self.journal.append(program.Step(line, statement=True))
        return self._modules[name]

    def get(self, owner: Remote, name: str, *, by_reference: bool = False) -> Any:
        key = owner._kind, name
        if key in self._methods and not by_reference:
            return RemoteMethod(owner, name)
        message: dict[str, Any] = {"op": "get", "on": owner.wire(), "name": name}
        if by_reference:
            message["by-reference"] = True
        step = program.Step(f"{owner._code}.{name}")
        try:
            value = self.send(message, step.code)
        except CandidateDied as death:
            step.died = death.how
            self.journal.append(step)
            raise
        except Exception as error:
            step.raised = type(error).__name__
            self.journal.append(step)
            raise
        if isinstance(value, dict) and "method" in value:
            self._methods.add(key)
            return RemoteMethod(owner, name)
        if isinstance(value, dict) and "ref" in value:
            return Remote(self, value["ref"], value["type"], step.code)
        step.value = decode(value, functools.partial(self._refer, step))
        if not owner._kind.startswith("module "):
            self.journal.append(step)
        return step.value

    def set(self, owner: Remote, name: str, value: Any) -> None:
        message = {"op": "set", "on": owner.wire(), "name": name, "value": encode(value)}
        code = f"{owner._code}.{name} = {program.render(value)}"
        self.perform(message, code, statement=True)

    def call(
        self, owner: Remote, name: str | None, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> Any:
        value = self.perform(*self.call_message(owner, name, args, kwargs))
        if name in DESCRIPTORS and owner._kind == "module os":
            value = self._descriptors(value)
        return value

    def _descriptors(self, value: Any) -> Any:
        """Numbers of descriptors, named, since a program will get others."""
        step = self.journal[-1]
        step.name = self.new_name("fd")
        if isinstance(value, tuple):
            return tuple(Descriptor.named(v, f"{step.name}[{i}]") for i, v in enumerate(value))
        return Descriptor.named(value, step.name)

    @staticmethod
    def call_message(
        owner: Remote, name: str | None, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> tuple[dict[str, Any], Code]:
        """The request for a call, and its code."""
        message: dict[str, Any] = {"op": "call", "on": owner.wire()}
        if name is not None:
            message["name"] = name
        if args:
            message["args"] = [encode(arg) for arg in args]
        if kwargs:
            message["kwargs"] = {key: encode(arg) for key, arg in kwargs.items()}
        target = owner._code if name is None else f"{owner._code}.{name}"
        target = target.removeprefix("builtins.")

        def make(*args: Any) -> str:
            return f"{target}({program.arguments(args, kwargs)})"

        return message, make(*args) if kwargs else program.lazily(make, *args)

    def apply(self, name: str, code: Code, args: Sequence[Any], *, statement: bool = False) -> Any:
        message = {"op": "apply", "name": name, "args": [encode(arg) for arg in args]}
        return self.perform(message, code, statement=statement)
