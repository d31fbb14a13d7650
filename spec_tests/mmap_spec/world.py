"""The model of a process: files, descriptors, mappings and views, and what each step may do.

Pure, like ``model.py``, which says what one mapping does; this file says how they
act on one another.  Described are POSIX systems.
"""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Iterator
from typing import Any

from mmap_spec.memory import File
from mmap_spec.model import Access, Facts, Mapping, OneOf, Unspecified, outcomes
from mmap_spec.steps import ON_MAPS, ON_VIEWS, Step


@dataclasses.dataclass
class Entry:
    """A file by name; ``linked`` as long as the name leads to it."""

    file: File
    linked: bool = True


@dataclasses.dataclass
class Opened:
    """A descriptor of the program."""

    entry: Entry
    writable: bool
    open: bool = True


@dataclasses.dataclass
class View:
    """A memoryview of a whole mapping."""

    mapping: Mapping
    length: int
    released: bool = False


class World:
    """All that a program has made, each sort in the order of its making.

    ``hardened``: a mapping survives that its file becomes shorter; otherwise no step
    may make it so.
    """

    def __init__(self, facts: Facts, *, granularity: int, hardened: bool = False) -> None:
        self.facts = facts
        self.granularity = granularity
        self.hardened = hardened
        self.files: list[Entry] = []
        self.descriptors: list[Opened] = []
        self.maps: list[Mapping] = []
        self.views: list[View] = []
        self.dropped: set[int] = set()  # numbers of mappings that the program holds no more

    def perform(self, step: Step) -> OneOf:
        """Every outcome that the step may have; the model has taken it.

        Unspecified where the step cannot be done in this state; nothing has changed then.
        """
        own = getattr(self, "do_" + step.do.replace("-", "_"), self._method)
        return outcomes(own, step)

    def state_of(self, step: Step) -> str:
        """In which state of its object a step is done, in a word or two."""
        if step.do in ON_VIEWS:
            return "released" if self._view(step).released else "exported"
        return self.state_of_map(self._map(step)) if step.do in ON_MAPS else "file"

    @staticmethod
    def state_of_map(mapping: Mapping) -> str:
        """What matters most of a mapping's state."""
        if mapping.closed:
            return "closed"
        if mapping.reach < len(mapping):
            return "truncated"
        if mapping.position > len(mapping):
            return "past end"
        if mapping.exports:
            return "exported"
        if mapping.file is None:
            return "memory"
        if not mapping.shared:
            return "private"
        return "read-only" if mapping.readonly else "shared"

    def live(self) -> Iterator[int]:
        """Numbers of the mappings that the program holds, closed ones too."""
        return (number for number in range(len(self.maps)) if number not in self.dropped)

    def of_file(self, file: File) -> list[Mapping]:
        """The mappings that show a file, those included that only a view keeps alive."""
        return [m for m in self.maps if not m.closed and m.file is file]

    # -- finding ------------------------------------------------------------

    def _map(self, step: Step) -> Mapping:
        if step.on in self.dropped or step.on >= len(self.maps):
            raise Unspecified(f"there is no map {step.on}")
        return self.maps[step.on]

    def _view(self, step: Step) -> View:
        if step.on >= len(self.views):
            raise Unspecified(f"there is no view {step.on}")
        return self.views[step.on]

    def _descriptor(self, step: Step, writable: bool = False) -> Opened:
        if step.on >= len(self.descriptors):
            raise Unspecified(f"there is no descriptor {step.on}")
        found = self.descriptors[step.on]
        if not found.open or writable > found.writable:
            raise Unspecified("its number may belong to another file, or it is for reading")
        return found

    def _linked(self, step: Step) -> Entry:
        if step.on >= len(self.files) or not self.files[step.on].linked:
            raise Unspecified(f"there is no file {step.on}")
        return self.files[step.on]

    # -- files --------------------------------------------------------------

    def do_file(self, step: Step) -> None:
        entry = Entry(File(step.args[0], self.facts.page_size))
        self.files.append(entry)
        self.descriptors.append(Opened(entry, writable=True))

    def do_open(self, step: Step) -> None:
        writable = dict(step.options)["mode"] != "rb"
        self.descriptors.append(Opened(self._linked(step), writable))

    def do_close_descriptor(self, step: Step) -> None:
        self._descriptor(step).open = False

    def do_unlink(self, step: Step) -> None:
        self._linked(step).linked = False

    def do_append(self, step: Step) -> int:
        file = self._linked(step).file
        return file.pwrite(step.args[0], file.size)

    def do_pwrite(self, step: Step) -> int:
        return self._descriptor(step, writable=True).entry.file.pwrite(*step.args)

    def do_truncate(self, step: Step) -> None:
        file, (size,) = self._descriptor(step, writable=True).entry.file, step.args
        self._may_cut(file, size)
        file.truncate(size)

    def _may_cut(self, file: File, size: int, by: Mapping | None = None) -> None:
        """Refuse to cut off pages that a mapping needs, unless it can take that."""
        page = self.facts.page_size
        end = size + -size % page
        for mapping in self.of_file(file):
            if mapping is by or size >= file.size:
                continue
            if mapping.loses_pages(size):
                raise Unspecified("what becomes of private pages nobody says")
            if mapping.offset + len(mapping) > end and (not self.hardened or mapping.exports):
                raise Unspecified("memory would be lost under a map or a view")

    # -- mappings -----------------------------------------------------------

    def _map_options(self, step: Step) -> tuple[Access, bool, bool, int]:
        """Access, shared, trackfd and offset, from the names in the options."""
        given = dict(step.options)
        if "trackfd" in given and self.facts.api < (3, 13):
            raise Unspecified("trackfd")
        access = Access[given.get("access", "ACCESS_DEFAULT").removeprefix("ACCESS_")]
        if given.get("prot", "PROT_WRITE").find("WRITE") < 0:
            access = Access.READ
        shared = given.get("flags") != "MAP_PRIVATE"
        return access, shared, given.get("trackfd", True), given.get("offset", 0)

    def _check_file(self, opened: Opened, length: int, offset: int) -> None:
        if length < 0 or offset < 0:
            raise OverflowError("negative")
        size = opened.entry.file.size
        if offset > size or (offset == size and not length) or offset + length > size:
            raise ValueError("beyond the file")

    def do_map(self, step: Step) -> None:
        (length,) = step.args
        opened = self._descriptor(step)
        access, shared, trackfd, offset = self._map_options(step)
        self._check_file(opened, length, offset)
        if offset % self.granularity:
            raise OSError
        writes = shared and access in (Access.DEFAULT, Access.WRITE)
        if writes and not opened.writable:
            raise OSError(errno.EACCES, "for reading only")
        self.maps.append(
            Mapping.of_file(
                self.facts,
                opened.entry.file,
                length,
                access=access,
                shared=shared,
                trackfd=trackfd,
                offset=offset,
            )
        )

    def do_anonymous(self, step: Step) -> None:
        (contents,) = step.args
        access, shared, trackfd, offset = self._map_options(step)
        if offset % self.granularity or not contents:
            raise OSError(errno.EINVAL, "empty or not aligned")
        if access is Access.READ:
            contents = bytes(len(contents))
        self.maps.append(
            Mapping.of_memory(
                self.facts,
                contents,
                access=access,
                shared=shared,
                trackfd=trackfd,
                offset=offset,
            )
        )

    def do_drop(self, step: Step) -> None:
        mapping = self._map(step)
        self.dropped.add(step.on)
        if not mapping.exports:
            mapping.closed = True

    def _method(self, step: Step) -> Any:
        """A method of a mapping, by the model."""
        mapping = self._map(step)
        if step.do == "resize":
            self._may_resize(mapping, step.args)
        if step.do == "__enter__":
            mapping.__enter__()
            return None
        given = step.args
        if step.do == "madvise":
            given = (dict(step.options)["advice"], *given)
        return getattr(mapping, step.do)(*given)

    def _may_resize(self, mapping: Mapping, args: tuple[Any, ...]) -> None:
        """Refuse a resize that cuts the file under another mapping."""
        if args and isinstance(args[0], int) and mapping.file and not mapping.closed:
            if mapping.shared and args[0] >= 0:
                self._may_cut(mapping.file, mapping.offset + args[0], by=mapping)

    # -- views and processes ------------------------------------------------

    def do_view(self, step: Step) -> None:
        mapping = self._map(step)
        mapping.export()
        self.views.append(View(mapping, len(mapping)))

    def do_view_get(self, step: Step) -> bytes:
        view, (start, stop) = self._view(step), step.args
        self._within(view, start, stop)
        return view.mapping.contents[start:stop]

    def do_view_put(self, step: Step) -> None:
        view, (start, new) = self._view(step), step.args
        self._within(view, start, start + len(new))
        if view.mapping.readonly:
            raise TypeError("read-only")
        view.mapping.write_at(range(start, start + len(new)), new)

    @staticmethod
    def _within(view: View, start: int, stop: int) -> None:
        if view.released:
            raise ValueError("released")
        if not 0 <= start <= stop <= min(view.length, view.mapping.reach):
            raise Unspecified("bounds of a view, and its pages, are not the mapping's business")

    def do_release(self, step: Step) -> None:
        view = self._view(step)
        if not view.released:
            view.released = True
            view.mapping.release()
            number = next(n for n, m in enumerate(self.maps) if m is view.mapping)
            if number in self.dropped and not view.mapping.exports:
                view.mapping.closed = True

    def do_fork(self, step: Step) -> bytes:
        """A child reads as many bytes as it then writes; what it writes is shared or not."""
        mapping, (start, new) = self._map(step), step.args
        stop = start + len(new)
        if mapping.closed or not 0 <= start <= stop <= mapping.reach:
            raise Unspecified("the child can only do what succeeds")
        seen = mapping.contents[start:stop]
        if mapping.shared and not mapping.readonly:
            mapping.write_at(range(start, stop), new)
        return seen
