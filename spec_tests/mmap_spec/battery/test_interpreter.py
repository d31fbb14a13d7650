"""Garbage collection, the end of the process, several interpreters, threads."""

from __future__ import annotations

import textwrap

import pytest

from mmap_spec.clauses import clause
from mmap_spec.processes import child, program
from mmap_spec.strategies import pattern

DIGITS = b"0123456789"
COLLECT = """
import gc, weakref
def collect():
    for _ in range(3):
        gc.collect()
class Own(mmap.mmap):
    pass
"""

# -- garbage collection -----------------------------------------------------


@clause("interpreter.cycle")
@pytest.mark.parametrize(
    "code", ["m.me = m", "m.me = [m]", "m.me = lambda m=m: m", "m.me = m.read"]
)
def test_cycle(candidate, code):
    """A reference cycle through an instance of a subclass is collected."""
    source = f"""
m = Own(-1, 10)
{code}
reference = weakref.ref(m)
del m
collect()
result = reference()
"""
    assert candidate.run(COLLECT + source) is None


@clause("interpreter.cycle")
def test_cycle_through_the_class(candidate):
    """A reference cycle through a subclass and its instance is collected."""
    source = """
Own.instance = Own(-1, 10)
reference = weakref.ref(Own)
del Own
collect()
result = reference()
"""
    assert candidate.run(COLLECT + source) is None


@clause("interpreter.cycle-slots")
def test_cycle_through_a_slot(candidate):
    """A reference cycle through a slot of a subclass is collected."""
    source = """
class Slotted(mmap.mmap):
    __slots__ = ("me",)
m = Slotted(-1, 10)
m.me = m
reference = weakref.ref(m)
del m
collect()
result = reference()
"""
    assert candidate.run(COLLECT + source) is None


@clause("interpreter.cycle-view")
def test_cycle_through_a_view(candidate):
    """A reference cycle through a view that an instance holds of itself is collected."""
    source = """
m = Own(-1, 10)
m.view = memoryview(m)
reference = weakref.ref(m)
del m
collect()
result = reference()
"""
    assert candidate.run(COLLECT + source) is None


@clause("interpreter.cycle-descriptor")
def test_descriptor_of_a_cycle(candidate):
    """The collection of a cycle releases the map's descriptor."""
    file = candidate.file(DIGITS)
    before = candidate.state()["descriptors"]
    candidate.run(
        COLLECT + "for _ in range(5):\n    m = Own(fd, 0)\n    m.me = m\ndel m\ncollect()",
        fd=file.fd,
    )
    assert candidate.state()["descriptors"] == before


@clause("interpreter.cycle-finalizer")
def test_finalizer_in_a_cycle(candidate):
    """The __del__ of an instance in a cycle runs once and sees an open map."""
    source = """
result = []
class Ending(mmap.mmap):
    def __del__(self):
        result.append((self.closed, self[:], self.me is self))
m = Ending(-1, 3)
m[:] = b"abc"
m.me = m
del m
collect()
"""
    assert candidate.run(COLLECT + source) == [(False, b"abc", True)]


@clause("interpreter.resurrection")
def test_resurrection(candidate):
    """A map that its __del__ keeps alive stays usable."""
    source = """
kept = []
class Lazarus(mmap.mmap):
    def __del__(self):
        kept.append(self)
m = Lazarus(-1, 3)
m[:] = b"abc"
del m
collect()
kept[0][1] = 66
result = kept[0][:], kept[0].closed, bytes(memoryview(kept[0]))
kept[0].close()
"""
    assert candidate.run(COLLECT + source) == (b"aBc", False, b"aBc")


@clause("interpreter.weakref-dead-in-callback")
def test_reference_in_its_callback(candidate):
    """In the callback of a weak reference the map can no longer be reached through it."""
    source = """
result = []
m = mmap.mmap(-1, 3)
reference = weakref.ref(m, lambda reference: result.append(reference()))
del m
collect()
"""
    assert candidate.run(COLLECT + source) == [None]


@clause("interpreter.finalize")
def test_finalize(candidate):
    """weakref.finalize() of a map is called when the map is gone, and not when it is closed."""
    source = """
called = []
m = mmap.mmap(-1, 3)
weakref.finalize(m, called.append, 1)
m.close()
collect()
result = len(called)
del m
collect()
result = result, len(called)
"""
    assert candidate.run(COLLECT + source) == (0, 1)


@clause("interpreter.class-references")
def test_references_to_the_class(candidate):
    """Maps that were made and dropped leave no reference to the class behind."""
    source = """
        import gc, sys
        def use():
            mmap.mmap(-1, 10)
            mmap.mmap(fd, 0).close()
            iter(mmap.mmap(fd, 0))
            memoryview(mmap.mmap(fd, 0)).release()
            for fileno, length in [(-1, -1), (-1, 0), (fd, 10 ** 9), (999, 1)]:
                try:
                    mmap.mmap(fileno, length, access=mmap.ACCESS_READ)
                except (OverflowError, OSError, ValueError):
                    pass
        use()
        gc.collect()
        before = sys.getrefcount(mmap.mmap)
        for _ in range(20):
            use()
        gc.collect()
        result = sys.getrefcount(mmap.mmap) - before
        """
    assert candidate.run(source, fd=candidate.file(DIGITS).fd) == 0


OPERATIONS = [
    "m[thing]",
    "m[thing:]",
    "m[:thing]",
    "m[::thing]",
    "m[thing] = 1",
    "m[0] = thing",
    "m[0:2] = thing",
    "m[0:4:2] = thing",
    "del m[thing]",
    "thing in m",
    "m == thing",
    "m.find(thing)",
    "m.rfind(thing)",
    "m.find(b'x', thing)",
    "m.rfind(b'x', 0, thing)",
    "m.read(thing)",
    "m.write(thing)",
    "m.write_byte(thing)",
    "m.seek(thing)",
    "m.seek(0, thing)",
    "m.move(thing, 0, 1)",
    "m.move(0, thing, 1)",
    "m.move(0, 0, thing)",
    "m.flush(thing)",
    "m.flush(0, thing)",
    "m.resize(thing)",
    "m.__exit__(thing, thing, thing, thing)",
    "mmap.mmap(thing, 10)",
    "mmap.mmap(-1, thing)",
    "mmap.mmap(-1, 10, access=thing)",
    "mmap.mmap(-1, 10, offset=thing)",
]


@clause("interpreter.argument-references")
@pytest.mark.parametrize("code", OPERATIONS)
def test_references_to_arguments(candidate, code):
    """Operations that returned or raised leave no reference to their arguments behind."""
    source = f"""
        import sys
        class Number(int):
            pass
        class Faulty:
            def __index__(self):
                raise KeyError
        things = [Number(0), Number(1), Number(900), Number(-900), Number(2**70), Faulty()]
        things += [bytearray(b"xy"), bytearray(900), object(), int("900"), int("-900")]
        def use(thing):
            with mmap.mmap(-1, 10) as m:
                try:
                    {code}
                except Exception:
                    pass
        def references():
            return [sys.getrefcount(thing) for thing in things]
        before = references()
        for _ in range(5):
            for thing in things:
                use(thing)
        del thing
        result = [after - count for after, count in zip(references(), before)]
        """
    assert candidate.run(source) == [0] * 11


@clause("interpreter.no-warning")
def test_no_resource_warning(candidate):
    """Dropping an open map gives no ResourceWarning."""
    source = """
import warnings
collect()
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    m = mmap.mmap(fd, 0)
    del m
    collect()
result = [str(w.message) for w in caught if issubclass(w.category, ResourceWarning)]
"""
    assert candidate.run(COLLECT + source, fd=candidate.file(DIGITS).fd) == []


# -- the end of the process -------------------------------------------------


@clause("interpreter.exit-live-objects")
def test_exit_with_live_objects(candidate):
    """An interpreter with live maps, views, iterators and generators ends with status 0."""
    source = """
        class Own(mmap.mmap):
            pass
        m = mmap.mmap(-1, 10)
        view, iterator, bound = memoryview(m), iter(m), m.read
        next(iterator)
        own = Own(-1, 10)
        own.me, own.view = own, memoryview(own)
        def generator():
            inside = mmap.mmap(-1, 5)
            with memoryview(inside) as part:
                yield part
        running = generator()
        next(running)
        sys.kept = m, view
        """
    assert child(candidate, source) == (0, [])


@clause("interpreter.exit-atexit")
def test_map_in_atexit(candidate):
    """A map is usable in functions registered with atexit."""
    source = """
        import atexit
        m = mmap.mmap(-1, 10)
        m[:] = b"0123456789"
        @atexit.register
        def last():
            print(m[3], m.read(2).decode(), m.find(b"7", 0), len(m))
            print(bytes(memoryview(m)[8:]).decode())
            m.close()
            print(m.closed)
        """
    assert child(candidate, source) == (0, ["51", "01", "7", "10", "89", "True"])


@clause("interpreter.exit-data")
@pytest.mark.parametrize("end", ["", "os._exit(0)"])
def test_data_after_exit(candidate, end):
    """What was written to a shared map is in the file after the process ended without flush()."""
    source = f"""
        import os
        fd = os.open(sys.argv[1], os.O_RDWR | getattr(os, "O_BINARY", 0))
        m = mmap.mmap(fd, 0)
        m[5000] = 65
        m.write(b"BC")
        {end}
        """
    data = pattern(10_000)
    file = candidate.file(data)
    assert child(candidate, source, file.path) == (0, [])
    assert file.contents() == b"BC" + data[2:5000] + b"A" + data[5001:]


@clause("interpreter.exit-finalizers")
def test_finalizers_at_exit(candidate):
    """A __del__ that runs while the interpreter ends can use its map."""
    source = """
        import os
        write = os.write
        class Ending(mmap.mmap):
            def __del__(self):
                text = b"%d %d " % (len(self), self.find(b"7", 0)) + self.read(3) + b"\\n"
                write(1, text)
        class Owner:
            def __del__(self):
                self.m[0:3] = b"abc"
                write(1, self.m[:4] + b"\\n")
        kept = Ending(-1, 10)
        kept[:] = b"0123456789"
        owner = Owner()
        owner.m = mmap.mmap(-1, 10)
        owner.m[:] = b"0123456789"
        owner.me = owner
        """
    status, words = child(candidate, source)
    assert (status, sorted(words)) == (0, ["012", "10", "7", "abc3"])


@clause("interpreter.exit-threads")
def test_threads_at_exit(candidate):
    """A process whose daemon threads use a map ends with status 0."""
    source = """
        import threading
        m = mmap.mmap(-1, 100_000)
        started = threading.Semaphore(0)
        def use():
            while True:
                m.find(b"x", 0), m[5:9000], m.flush()
                with memoryview(m):
                    started.release()
        for _ in range(3):
            threading.Thread(target=use, daemon=True).start()
        for _ in range(3):
            started.acquire()
        """
    assert child(candidate, source) == (0, [])


@clause("interpreter.child-exit")
@pytest.mark.parametrize("end", ["os._exit(0)", "sys.exit(0)"])
def test_end_of_a_child(candidate, end):
    """A forked child that ends, with or without finalizers, leaves the parent's maps alone."""
    source = f"""
        import os
        fd = os.open(sys.argv[1], os.O_RDWR)
        maps = [mmap.mmap(fd, 0), mmap.mmap(-1, 5000), mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)]
        maps[2][2] = 50  # a page of its own, which does not follow the file
        views = [memoryview(m) for m in maps]
        child = os.fork()
        if not child:
            for m in maps:
                m[0] = 65
                m.read(), m.find(b"x", 0), m.flush()
            {end}
        assert os.waitpid(child, 0)[1] == 0
        for m in maps:
            m[1] = 66
        print(*[bytes(view[:3]).hex() for view in views], maps[0].size())
        """
    path = candidate.file(b"0123456789").path
    assert child(candidate, source, path) == (0, ["414232", "414200", "304232", "10"])


# -- signals ----------------------------------------------------------------


@clause("interpreter.signal-handler")
def test_signal_handler(candidate):
    """A signal handler can read, write, seek and export the map that is in use."""
    source = """
        import signal
        views = []
        def handler(number, frame):
            m.seek(0)
            m.write(b"ab")
            m[9] = m[0]
            m.move(4, 0, 2)
            views.append(memoryview(m))
        class Index:
            def __index__(self):
                signal.raise_signal(signal.SIGINT)
                return 5
        old = signal.signal(signal.SIGINT, handler)
        try:
            result = m.find(b"a", Index()), m.read(Index()), m[Index()], m.tell()
        finally:
            signal.signal(signal.SIGINT, old)
        result += (len(views),)
        for view in views:
            view.release()
        m.close()
        """
    m = candidate.anonymous(b"0123456789")
    assert candidate.run(source, m=m) == (9, b"23ab6", 98, 2, 3)


# -- several modules and interpreters ---------------------------------------


@clause("interpreter.reload")
def test_module_imported_again(candidate):
    """After the module was imported again, the new class works and so do maps of the old one."""
    source = """
        import importlib, sys
        name = mmap.__name__
        m = mmap.mmap(-1, 3)
        parts = [key for key in sys.modules if key == name or key.startswith(name + ".")]
        old = {key: sys.modules.pop(key) for key in parts}
        try:
            new = importlib.import_module(name)
            n = new.mmap(-1, 5)
            n[:], m[:] = b"vwxyz", b"abc"
            n[0:3] = m[:]
            result = m.read(), n[:], isinstance(n, new.mmap), new.error is OSError
            n.close()
            m.close()
        finally:
            sys.modules.update(old)
        """
    assert candidate.run(source) == (b"abc", b"abcyz", True, True)


USE = """
class Own(mmap.mmap):
    pass
m = Own(-1, 10)
m[:] = b"0123456789"
m.me = m
view = memoryview(m)
assert (m.find(b"5"), m[3], bytes(view[2:4]), mmap.error) == (5, 51, b"23", OSError)
n = mmap.mmap(-1, 5)
n.close()
try:
    n[0]
except ValueError:
    os.write(done, b"+")
"""
MODULE = """
import os
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
"""
INTERPRETERS = (
    MODULE
    + """
reader, done = os.pipe()
raised = []
for _ in range(times):
    number = interpreters.create({options})
    try:
        raised.append(interpreters.run_string(number, "import os\\ndone = %d\\n%s" % (done, text)))
    finally:
        interpreters.destroy(number)
os.close(done)
m = mmap.mmap(-1, 3)
m[:] = b"abc"
result = os.read(reader, 100), m.read(), [str(vars(what)) for what in raised if what]
os.close(reader)
"""
)


def in_interpreters(candidate, times, own_lock=False):
    """Use the module in several sub-interpreters, one after the other, then here."""
    options = ""
    if candidate.profile.python_version >= (3, 13):
        options = "'isolated'" if own_lock else "'legacy'"
    elif candidate.profile.python_version == (3, 12):
        options = f"isolated={own_lock}"
    text = program(candidate, USE)
    return candidate.run(INTERPRETERS.format(options=options), times=times, text=text)


@clause("interpreter.subinterpreter")
def test_subinterpreter(candidate):
    """The module can be imported and used in a sub-interpreter."""
    assert in_interpreters(candidate, 1) == (b"+", b"abc", [])


@clause("interpreter.subinterpreter-again")
def test_subinterpreters_one_after_the_other(candidate):
    """After sub-interpreters that used the module are gone, it works in new ones and here."""
    assert in_interpreters(candidate, 3) == (b"+++", b"abc", [])


@clause("interpreter.subinterpreter-own-lock")
def test_subinterpreter_with_its_own_lock(candidate):
    """The module can be imported and used in a sub-interpreter that has its own lock."""
    assert in_interpreters(candidate, 2, own_lock=True) == (b"++", b"abc", [])


AT_ONCE = (
    MODULE
    + """
reader, done = os.pipe()
numbers = [interpreters.create({options}) for _ in range(3)]
m = mmap.mmap(-1, 3)
for part in parts:
    for number in numbers:
        interpreters.run_string(number, "import os\\ndone = %d\\n%s" % (done, part))
    m[:] = b"abc"
for number in numbers:
    interpreters.destroy(number)
os.close(done)
result = os.read(reader, 100), m.read()
os.close(reader)
"""
)
PARTS = [
    "kept = mmap.mmap(-1, 10)\nview = memoryview(kept)\nkept[3:6] = b'xyz'",
    "assert (kept.find(b'y'), bytes(view[3:6]), kept.closed) == (4, b'xyz', False)",
    "view.release()\nkept.close()\ntry:\n    kept[0]\nexcept ValueError:\n    os.write(done, b'+')",
]


@clause("interpreter.subinterpreters-at-once")
def test_several_subinterpreters(candidate):
    """Several sub-interpreters, alive at the same time, have maps of their own."""
    options = "'legacy'" if candidate.profile.python_version >= (3, 13) else ""
    parts = [program(candidate, PARTS[0]), *PARTS[1:]]
    assert candidate.run(AT_ONCE.format(options=options), parts=parts) == (b"+++", b"abc")


@clause("interpreter.subinterpreter-threads")
def test_subinterpreters_in_threads(candidate):
    """Sub-interpreters that have locks of their own use the module in several threads at once."""
    options = "'isolated'" if candidate.profile.python_version >= (3, 13) else "isolated=True"
    source = f"""
        import threading
        reader, done = os.pipe()
        numbers = [interpreters.create({options}) for _ in range(3)]
        code = "import os\\ndone = %d\\n%s" % (done, text)
        def use(number):
            interpreters.run_string(number, code)
        threads = [threading.Thread(target=use, args=(number,)) for number in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for number in numbers:
            interpreters.destroy(number)
        os.close(done)
        result = os.read(reader, 100)
        os.close(reader)
        """
    assert candidate.run(MODULE + textwrap.dedent(source), text=program(candidate, USE)) == b"+++"


@clause("interpreter.thread")
def test_other_thread(candidate):
    """A map made in one thread can be used, closed and dropped in another."""
    source = """
        import threading
        result = []
        def work(m):
            result.append((m[:], m.read(2), m.closed))
            m.close()
        m = mmap.mmap(-1, 3)
        m[:] = b"abc"
        thread = threading.Thread(target=work, args=(m,))
        thread.start()
        thread.join(60)
        result.append(m.closed)
        made = []
        thread = threading.Thread(target=lambda: made.append(mmap.mmap(-1, 5)))
        thread.start()
        thread.join(60)
        result.append(len(made.pop()))
        """
    assert candidate.run(source) == [(b"abc", b"ab", False), True, 5]


@clause("interpreter.system-error")
def test_system_error(candidate):
    """An OSError of the system has its number, the system's text for it, and no file name."""
    source = """
        import os
        m = mmap.mmap(-1, 3 * mmap.PAGESIZE)
        result = []
        for act in (
            lambda: mmap.mmap(fd, 10, offset=1),
            lambda: mmap.mmap(999, 10),
            lambda: m.flush(1, 1),
            lambda: m.madvise(9999),
        ):
            try:
                act()
            except OSError as error:
                wanted = (error.errno, os.strerror(error.errno))
                result.append((error.args == wanted, error.strerror == wanted[1], error.filename))
        m.close()
        """
    fd = candidate.file(bytes(100)).fd
    assert candidate.run(source, fd=int(fd)) == [(True, True, None)] * 4


@clause("interpreter.class-collected")
def test_class_collected(candidate):
    """The class is collected when the module was forgotten."""
    source = """
        import gc, weakref
        mmap.mmap(-1, 10).close()
        reference = weakref.ref(mmap.mmap)
        own = mmap.__name__
        for name in list(sys.modules):
            if name == own or name.startswith(own + "."):
                del sys.modules[name]
        del mmap
        for _ in range(3):
            gc.collect()
        print(reference() is None)
        """
    assert child(candidate, source) == (0, ["True"])
