"""Memory that cannot be accessed: truncated files, protected pages, no memory for a page.

Where nobody guards the access, each of these is a signal that ends the worker.
"""

import pytest

from mmap_spec.clauses import clause
from mmap_spec.remote import RemoteMethod
from mmap_spec.situations import of_file
from mmap_spec.strategies import pattern

NO_PAGE = """
import os
with open('/proc/meminfo') as stream:
    facts = dict(line.split(':') for line in stream)
if 'HugePages_Free' in facts and hasattr(os, 'memfd_create'):
    page = int(facts['Hugepagesize'].split()[0]) << 10
    size = page * (int(facts['HugePages_Free']) + 1)
    fd = os.memfd_create('no-page', os.MFD_HUGETLB)
    os.ftruncate(fd, size)
    m = mmap.mmap(fd, size, flags=mmap.MAP_SHARED | MAP_NORESERVE)
    os.close(fd)
    result = m, page, None
"""
FULL = """
import ctypes, os, socket
libc = ctypes.CDLL(None, use_errno=True)
NEWUSER, NEWNS, PRIVATE = 0x10000000, 0x20000, 0x44000
here, there = socket.socketpair()

def small_file_system():
    user = os.getuid()
    if libc.unshare(NEWNS) and libc.unshare(NEWUSER | NEWNS):
        return None
    if os.getuid() != user:
        with open('/proc/self/uid_map', 'w') as stream:
            stream.write('0 %d 1' % user)
    libc.mount(b'none', b'/', None, PRIVATE, None)
    if libc.mount(b'tmpfs', os.fsencode(folder), b'tmpfs', 0, b'size=65536'):
        return None
    return os.open(folder + '/file', os.O_RDWR | os.O_CREAT)

child = os.fork()
if not child:
    try:
        fd = small_file_system()
        message = b'made' if fd is not None else b'none'
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fd.to_bytes(4, 'little'))] if fd else []
        there.sendmsg([message], rights)
    finally:
        os._exit(0)
there.close()
message, rights, _, _ = here.recvmsg(4, socket.CMSG_LEN(4))
here.close()
os.waitpid(child, 0)
if rights:
    fd = int.from_bytes(rights[0][2][:4], 'little')
    os.ftruncate(fd, 1 << 20)
    result = mmap.mmap(fd, 0)
    os.close(fd)
"""

UNBACKED = """
import ctypes, fcntl, os, platform, struct
NUMBERS = {
    ("x86_64", 8): 323, ("x86_64", 4): 374, ("i686", 4): 374,
    ("aarch64", 8): 282, ("riscv64", 8): 282, ("loongarch64", 8): 282,
}
USER_MODE_ONLY, SIGBUS_FOR_MISSING = 1, 1 << 7
API, REGISTER, MISSING = 0xC018AA3F, 0xC020AA00, 1
libc = ctypes.CDLL(None, use_errno=True)

def without_pages(fd):
    m = mmap.mmap(-1, 4 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE)
    memory = ctypes.c_char.from_buffer(m)
    start = ctypes.addressof(memory)
    del memory
    fcntl.ioctl(fd, API, struct.pack("QQQ", 0xAA, SIGBUS_FOR_MISSING, 0))
    fcntl.ioctl(fd, REGISTER, struct.pack("QQQQ", start, len(m), MISSING, 0))
    return m, mmap.PAGESIZE, os.fdopen(fd, "rb", buffering=0)

result = None
number = NUMBERS.get((platform.machine(), struct.calcsize("P")))
if number is not None:
    fd = libc.syscall(number, os.O_CLOEXEC | USER_MODE_ONLY)
    if fd >= 0:
        result = without_pages(fd)
"""


def truncated(candidate, size=0, **kwargs):
    """A file, and a map of three pages of it; the file was cut to ``size`` bytes afterwards."""
    file = candidate.file(pattern(3 * candidate.profile.page_size))
    m = candidate.mmap.mmap(file.fd, 0, **kwargs)
    file.truncate(size)
    return file, m


def fails(candidate):
    """The block must raise OSError; of a truncated map not even the state can be read."""
    return candidate.raises(OSError, state=False)


@clause("faults.truncated-item")
def test_item(candidate):
    """m[i] raises OSError where the file no longer reaches the page of i."""
    _, m = truncated(candidate)
    for index in (0, 4096, -1):
        with fails(candidate):
            m[index]


@clause("faults.truncated-slice")
def test_slice(candidate):
    """m[a:b] raises OSError where the file no longer reaches a page of it."""
    _, m = truncated(candidate)
    for key in (slice(0, 10), slice(-10, None), slice(None)):
        with fails(candidate):
            m[key]


@clause("faults.truncated-slice")
def test_slice_across_the_cut(candidate):
    """A slice that begins before the cut raises OSError too."""
    page = candidate.profile.page_size
    _, m = truncated(candidate, page)
    with fails(candidate):
        m[page - 10 : page + 10]


@clause("faults.truncated-stepped-slice")
def test_stepped_slice(candidate):
    """m[a:b:c] raises OSError where the file no longer reaches a page of it."""
    _, m = truncated(candidate)
    for step in (2, 4096, -1):
        with fails(candidate):
            m[::step]


@clause("faults.truncated-stepped-slice")
@pytest.mark.parametrize(
    ("first", "step"), [(0, 2), (0, 4096), (0, 8192), (8192, -1), (8192, -4096), (8192, -8192)]
)
def test_stepped_slice_ends_there(candidate, first, step):
    """Such a slice raises OSError where but one of its bytes is on a page that is gone."""
    page = candidate.profile.page_size
    _, m = truncated(candidate, 2 * page)
    first, step = (value * page // 4096 if value % 4096 == 0 else value for value in (first, step))
    with fails(candidate):
        m[first : None if step < 0 else 2 * page + 1 : step]


@clause("faults.truncated-store-item")
def test_store_item(candidate):
    """m[i] = v raises OSError where the file no longer reaches the page of i."""
    file, m = truncated(candidate)
    for index in (0, 4096, -1):
        with fails(candidate):
            m[index] = 65
    assert file.size() == 0


@clause("faults.truncated-store-slice")
def test_store_slice(candidate):
    """m[a:b] = v raises OSError where the file no longer reaches a page of it."""
    file, m = truncated(candidate)
    for start in (0, 4090, 8000):
        with fails(candidate):
            m[start : start + 10] = b"0123456789"
    assert file.size() == 0


@clause("faults.truncated-store-stepped-slice")
def test_store_stepped_slice(candidate):
    """m[a:b:c] = v raises OSError where the file no longer reaches a page of it."""
    _, m = truncated(candidate)
    for step in (2, -1):
        with fails(candidate):
            m[::step] = bytes(len(m) // abs(step))


@clause("faults.truncated-iteration")
def test_iteration(candidate):
    """Iteration raises OSError where the file no longer reaches the page."""
    _, m = truncated(candidate)
    iterator = iter(m)
    with fails(candidate):
        next(iterator)


@clause("faults.truncated-containment")
def test_containment(candidate):
    """x in m raises OSError where the file no longer reaches a page before x."""
    _, m = truncated(candidate)
    with fails(candidate):
        b"x" in m  # noqa: B015


@clause("faults.truncated-read")
def test_read(candidate):
    """read() raises OSError, and keeps the position."""
    _, m = truncated(candidate)
    m.seek(7)
    for arguments in [(), (1,), (10,), (5000,)]:
        with fails(candidate):
            m.read(*arguments)
        assert m.tell() == 7


@clause("faults.truncated-read-byte")
def test_read_byte(candidate):
    """read_byte() raises OSError, and keeps the position."""
    _, m = truncated(candidate)
    m.seek(7)
    with fails(candidate):
        m.read_byte()
    assert m.tell() == 7


@clause("faults.truncated-readline")
def test_readline(candidate):
    """readline() raises OSError, and keeps the position."""
    _, m = truncated(candidate)
    m.seek(7)
    with fails(candidate):
        m.readline()
    assert m.tell() == 7


@clause("faults.truncated-write")
def test_write(candidate):
    """write() raises OSError, and keeps the position."""
    file, m = truncated(candidate)
    m.seek(7)
    for size in (1, 10, 5000):
        with fails(candidate):
            m.write(b"x" * size)
        assert (m.tell(), file.size()) == (7, 0)


@clause("faults.truncated-write-byte")
def test_write_byte(candidate):
    """write_byte() raises OSError, and keeps the position."""
    file, m = truncated(candidate)
    m.seek(7)
    with fails(candidate):
        m.write_byte(65)
    assert (m.tell(), file.size()) == (7, 0)


@clause("faults.truncated-find")
def test_find(candidate):
    """find() raises OSError where the file no longer reaches a page to be searched."""
    _, m = truncated(candidate)
    for needle in (b"x", b"xy", b"a needle of some length"):
        with fails(candidate):
            m.find(needle)


@clause("faults.truncated-rfind")
def test_rfind(candidate):
    """rfind() raises OSError where the file no longer reaches a page to be searched."""
    _, m = truncated(candidate)
    for needle in (b"x", b"xy", b"a needle of some length"):
        with fails(candidate):
            m.rfind(needle)


@clause("faults.truncated-find")
@pytest.mark.parametrize("size", [3, 40, 64, 65, 200])
def test_find_among_few_bytes(candidate, size):
    """find() raises OSError where it is to look at few bytes, and the file reaches none of them."""
    _, m = truncated(candidate)
    for needle in (b"x", b"xy", b"\0", b"\0\0"):
        with fails(candidate):
            m.find(needle, 100, 100 + size)


@clause("faults.truncated-rfind")
@pytest.mark.parametrize("size", [3, 40, 64, 65, 200])
def test_rfind_among_few_bytes(candidate, size):
    """rfind() raises OSError where it is to look at few bytes, and the file reaches none."""
    _, m = truncated(candidate)
    for needle in (b"x", b"xy", b"\0", b"\0\0"):
        with fails(candidate):
            m.rfind(needle, 100, 100 + size)


LOST_NEEDLES = """
view = memoryview(needles)
result = []
for start, size in parts:
    for where in (0, 100, len(m) - 300):
        for length in (40, 300):
            with view[start : start + size] as needle:
                try:
                    result.append(getattr(m, name)(needle, where, where + length))
                except OSError:
                    result.append(None)
view.release()
"""


@clause("faults.truncated-argument")
@pytest.mark.parametrize("name", ["find", "rfind"])
def test_lost_needles(candidate, name):
    """A search finds no needle of which a page is gone; OSError, where it has to look there."""
    page = candidate.profile.page_size
    before = candidate.anonymous(pattern(5 * page))
    _, needles = truncated(candidate, page)
    after = candidate.anonymous(pattern(5 * page))
    parts = [(page, 1), (page, 2), (page, 30), (page - 1, 2), (page - 20, 21), (page - 1, 30)]
    for m in (before, after):
        found = candidate.run(LOST_NEEDLES, m=m, needles=needles, parts=parts, name=name)
        assert set(found) <= {None, -1}
        assert found.count(None) >= 6  # the first byte, in each place


@clause("faults.truncated-move-source")
def test_move_source(candidate):
    """move() raises OSError where the file no longer reaches the source."""
    page = candidate.profile.page_size
    file, m = truncated(candidate, page)
    for count in (1, 100):
        with fails(candidate):
            m.move(0, page + 10, count)
    assert file.size() == page


@clause("faults.truncated-move-destination")
def test_move_destination(candidate):
    """move() raises OSError where the file no longer reaches the destination."""
    page = candidate.profile.page_size
    file, m = truncated(candidate, page)
    for count in (1, 100):
        with fails(candidate):
            m.move(page + 10, 0, count)
    assert file.size() == page


@clause("faults.truncated-argument")
def test_argument(candidate):
    """write() raises OSError where its argument is a truncated map."""
    _, m = truncated(candidate)
    target = candidate.anonymous(pattern(len(m)))
    with fails(candidate):
        target.write(m)
    assert target.tell() == 0


@clause("faults.truncated-source")
@pytest.mark.parametrize("step", [1, 2])
def test_source(candidate, step):
    """m[a:b:c] = v raises OSError where v is a truncated map."""
    _, m = truncated(candidate)
    target = candidate.anonymous(pattern(step * len(m)))
    with fails(candidate):
        target[::step] = m
    assert len(target) == step * len(m)


@clause("faults.truncated-releases")
@pytest.mark.parametrize("name", ["write", "find", "rfind", "__setitem__"])
def test_argument_is_released(candidate, name):
    """After an OSError of this kind neither the map nor the argument is exported."""
    _, m = truncated(candidate)
    good = candidate.anonymous(pattern(len(m)))
    for mapping, argument in [(m, good), (good, m)]:
        key = (slice(None),) if name == "__setitem__" else ()
        with fails(candidate):
            RemoteMethod(mapping, name)(*key, argument)
    m.close()
    good.close()
    assert (m.closed, good.closed) == (True, True)


@clause("faults.truncated-thread")
def test_thread(candidate):
    """An access from another thread raises OSError there."""
    _, m = truncated(candidate)
    source = """
        import threading
        caught = []
        def access():
            for step in (m.read_byte, m.read, lambda: m[5], lambda: m.find(b"x")):
                try:
                    step()
                except OSError:
                    caught.append(True)
        for _ in range(3):
            thread = threading.Thread(target=access)
            thread.start()
            thread.join(60)
        result = len(caught)
    """
    assert candidate.run(source, m=m) == 12


@clause("faults.truncated-child")
def test_child(candidate):
    """An access in a forked child raises OSError there."""
    _, m = truncated(candidate)
    source = """
        import os, resource
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            try:
                m[0]
            except OSError:
                os._exit(7)
            os._exit(0)
        result = os.waitpid(child, 0)[1]
    """
    assert candidate.run(source, m=m) == 7 << 8


@clause("faults.truncated-faulthandler")
def test_faulthandler(candidate):
    """An access raises OSError where the module faulthandler was enabled before or after."""
    _, m = truncated(candidate)
    source = """
        import faulthandler, os
        caught = []
        def access():
            for step in (lambda: m[0], lambda: m.find(b"x", 0), lambda: m[:]):
                try:
                    step()
                except OSError:
                    caught.append(True)
        with open(os.devnull, "w") as stream:
            for _ in range(2):
                faulthandler.enable(stream)
                access()
                faulthandler.disable()
                access()
        result = len(caught)
    """
    assert candidate.run(source, m=m) == 12


@clause("faults.truncated-needle")
def test_needle(candidate):
    """find() raises OSError where the needle is a truncated map."""
    _, m = truncated(candidate)
    haystack = candidate.anonymous(pattern(2 * len(m)))
    with fails(candidate):
        haystack.find(m)
    m.close()


@clause("faults.truncated-by-resize")
def test_other_map(candidate):
    """An item raises OSError where resize() of another map has cut the page off."""
    page = candidate.profile.page_size
    file = candidate.file(pattern(2 * page))
    m, other = candidate.mmap.mmap(file.fd, 0), candidate.mmap.mmap(file.fd, 0)
    other.resize(page)
    with fails(candidate):
        m[page]
    assert m[page - 1] == pattern(page)[-1]


@clause("faults.truncated-recovers")
def test_recovers(candidate):
    """After an OSError the map is as before, and works again once the file is long enough."""
    page = candidate.profile.page_size
    file, m = truncated(candidate)
    m.seek(7)
    with fails(candidate):
        m[0]
    assert (len(m), m.tell(), m.closed, m.size()) == (3 * page, 7, False, 0)
    file.truncate(3 * page)
    m[3] = 65
    assert m[:] == bytes(3) + b"A" + bytes(len(m) - 4)


@clause("faults.truncated-again")
def test_again(candidate):
    """Every access raises OSError, not only the first."""
    _, m = truncated(candidate)
    for step in (m.read_byte, m.read, m.readline, m.read_byte):
        with fails(candidate):
            step()


@clause("faults.truncated-private")
def test_private(candidate):
    """A private map raises OSError too where the file no longer reaches the page."""
    _, m = truncated(candidate, access=candidate.mmap.ACCESS_COPY)
    with fails(candidate):
        m[0]


@clause("faults.truncated-untouched")
def test_what_touches_no_page(candidate):
    """A map keeps length and position; seek(), size(), empty reads and close() work."""
    _, m = truncated(candidate)
    m.seek(7)
    assert (len(m), m.tell(), m.size()) == (3 * candidate.profile.page_size, 7, 0)
    assert (m[3:3], m.read(0), m.write(b""), m.find(b""), m.move(0, 0, 0)) == (b"", b"", 0, 7, None)
    m.close()
    assert m.closed is True


@clause("faults.truncated-before-cut")
@pytest.mark.parametrize("pages", [1, 2])
def test_before_the_cut(candidate, pages):
    """What lies before the cut can be read and written as before."""
    size = pages * candidate.profile.page_size
    file, m = truncated(candidate, size)
    m[size - 3 : size] = b"ew\n"
    assert m[:size] == file.contents() == pattern(size)[:-3] + b"ew\n"


@clause("faults.truncated-before-cut")
def test_methods_before_the_cut(candidate):
    """The methods work up to the last byte before the cut."""
    size = candidate.profile.page_size
    file, m = truncated(candidate, size)
    assert m.write(bytes(size)) == size
    m.seek(0)
    assert m.read(size) == bytes(size)
    m[size - 1] = 10
    m.seek(size - 3)
    assert (m.readline(), m[size - 1], m.find(b"\n", 0, size)) == (b"\x00\x00\n", 10, size - 1)
    m.move(0, size - 10, 10)
    m.move(size - 10, 1, 10)
    assert file.contents() == bytes(9) + b"\n" + bytes(size - 12) + b"\n\x00"


@clause("faults.truncated-tail")
@pytest.mark.parametrize("part", [1, 100, -1])
def test_tail(candidate, part):
    """Behind the end of a truncated file the rest of its last page reads as zeros."""
    page = candidate.profile.page_size
    size = page + part % page
    _, m = truncated(candidate, size)
    assert m[: 2 * page] == pattern(size) + bytes(2 * page - size)


@clause("faults.truncated-extended")
@pytest.mark.parametrize("size", [0, 1, 5000])
def test_extended(candidate, size):
    """Pages that were cut off read as zeros after the file was made long enough."""
    file, m = truncated(candidate, size)
    file.truncate(len(m))
    assert m[:] == file.contents() == pattern(size) + bytes(len(m) - size)


def forbidden(candidate):
    """A map that may not be read, if the system keeps to that."""
    return candidate.mmap.mmap(-1, 9000, prot=0)


@clause("faults.unreadable-item")
def test_unreadable_item(candidate):
    """m[i] of a map without PROT_READ raises OSError."""
    m = forbidden(candidate)
    for index in (0, 5000, -1):
        with fails(candidate):
            m[index]


@clause("faults.unreadable-slice")
def test_unreadable_slice(candidate):
    """A slice of a map without PROT_READ raises OSError."""
    m = forbidden(candidate)
    for step in (1, 3):
        with fails(candidate):
            m[10:100:step]


@clause("faults.unreadable-read")
def test_unreadable_read(candidate):
    """read() of a map without PROT_READ raises OSError."""
    m = forbidden(candidate)
    for step in (m.read, m.read_byte, m.readline):
        with fails(candidate):
            step()
        assert m.tell() == 0


@clause("faults.unreadable-find")
def test_unreadable_find(candidate):
    """find() in a map without PROT_READ raises OSError."""
    m = forbidden(candidate)
    for search in (m.find, m.rfind):
        with fails(candidate):
            search(b"x")


@clause("faults.unreadable-store")
def test_unreadable_store(candidate):
    """Writing to a map with prot 0 raises TypeError."""
    m = forbidden(candidate)
    for step in (lambda: m.write(b"x"), lambda: m.write_byte(1), lambda: m.__setitem__(0, 1)):
        with candidate.raises(TypeError, state=False):  # the contents cannot be read
            step()
    assert m.tell() == 0


PROTECT = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
memory = ctypes.c_char.from_buffer(m)
start = ctypes.addressof(memory)
del memory
result = libc.mprotect(start + page, page, protection)
"""


def protected(candidate, protection):
    """A map of three pages; a foreign library has changed what may be done with the second."""
    page = candidate.profile.page_size
    m = candidate.anonymous(pattern(3 * page))
    assert candidate.run(PROTECT, m=m, page=page, protection=protection) == 0
    return m, page


@clause("faults.protected-read")
def test_protected_read(candidate):
    """Reading a page that somebody has made inaccessible raises OSError."""
    m, page = protected(candidate, 0)
    for step in (lambda: m[page], lambda: m[:], lambda: m[2 * page - 1], lambda: m.read(page + 1)):
        with fails(candidate):
            step()
    with fails(candidate):
        m.find(b"a needle that is not there", page)
    assert (m[page - 1], m[2 * page :], m.tell()) == (
        pattern(page)[-1],
        pattern(3 * page)[2 * page :],
        0,
    )


@clause("faults.protected-store")
def test_protected_store(candidate):
    """Storing into a page that somebody has made read-only raises OSError."""
    m, page = protected(candidate, 1)
    m.seek(page - 1)
    for step in (
        lambda: m.__setitem__(page, 65),
        lambda: m.__setitem__(slice(page, page + 9), b"012345678"),
        lambda: m.__setitem__(slice(page, page + 9, 3), b"012"),
        lambda: m.write(b"ab"),
        lambda: m.move(page, 0, 10),
    ):
        with fails(candidate):
            step()
    assert (m.tell(), m[page : 2 * page]) == (page - 1, pattern(2 * page)[page:])


def short_of_huge_pages(candidate):
    """A map with one huge page more than the machine has, and the page's size."""
    noreserve = 0x4000  # MAP_NORESERVE of Linux, on all but a few processors
    return candidate.run(NO_PAGE, MAP_NORESERVE=noreserve)


def of_full_file_system(candidate):
    """A map of a sparse file that is larger than its file system, and the page's size."""
    folder = candidate.os.path.dirname(candidate.file(b"").path)
    m = candidate.run(FULL, folder=folder)
    return None if m is None else (m, candidate.profile.page_size, None)


def unbacked(candidate):
    """A map whose pages userfaultfd keeps away, the page's size, and what must stay open."""
    return candidate.run(UNBACKED)


def check_stores_fail(candidate, m, page):
    """No way of storing into the last page works; the position stays."""
    last = len(m) - page
    with fails(candidate):
        for first in range(0, len(m), page):
            m[first] = 65
    with fails(candidate):
        m[last:] = b"x" * page
    m.seek(last)
    # Not onto itself, should there be one page only: that need not store anything.
    for step in (lambda: m.write(b"xy"), lambda: m.write_byte(1), lambda: m.move(last + 9, 0, 9)):
        with fails(candidate):
            step()
    assert m.tell() == last


@clause("faults.no-page-for-store")
def test_no_page(candidate):
    """Storing raises OSError where there is no memory or no room for the page."""
    made = [way(candidate) for way in (short_of_huge_pages, of_full_file_system, unbacked)]
    if not any(made):
        candidate.untestable(
            "the kernel has no huge pages and no userfaultfd, and no file system can be mounted"
        )
    for m, page, _ in filter(None, made):
        check_stores_fail(candidate, m, page)


@clause("faults.handler-kept")
def test_handler(candidate):
    """A handler for SIGBUS that the program has set is called as ever."""
    m = of_file(candidate, pattern(9000))
    source = """
        import os, signal
        called = []
        old = signal.signal(signal.SIGBUS, lambda number, frame: called.append(number))
        try:
            m[5], m.find(b'x'), m.read(), m.move(0, 10, 10)
            os.kill(os.getpid(), signal.SIGBUS)
        finally:
            signal.signal(signal.SIGBUS, old)
        result = called == [signal.SIGBUS]
    """
    assert candidate.run(source, m=m) is True


@clause("faults.signal-kept")
@pytest.mark.parametrize("name", ["SIGBUS", "SIGSEGV"])
def test_signal(candidate, name):
    """A signal that somebody sends ends the process as ever."""
    m = of_file(candidate, pattern(9000))
    source = """
        import os, resource, signal
        number = getattr(signal, name)
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            m[5], m.find(b'x'), m.read()
            os.kill(os.getpid(), number)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        result = os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
    """
    assert candidate.run(source, m=m, name=name) is True


LARGE = """
import os
size = 2 << 20
os.ftruncate(fd, size)
m = mmap.mmap(fd, size)
def attempt():
    m.seek(0)
    try:
        OPERATION
    except OSError:
        return m.tell()
os.ftruncate(fd, size - page)
results = [attempt(), attempt()]
os.ftruncate(fd, size)
m.seek(0)
OPERATION
result = results, m[:] == bytes(size)
m.close()
"""


@clause("faults.truncated-large")
@pytest.mark.parametrize(
    "operation",
    [
        "m[:]",
        "m[::2]",
        "m.read()",
        "m.readline()",
        "m.find(b'x')",
        "m.rfind(b'x')",
        "m.write(bytes(size))",
        "m[:] = bytes(size)",
        "m[::2] = bytes(size // 2)",
        "m.move(0, size // 2, size // 2)",
    ],
)
def test_truncated_large(candidate, operation):
    """An operation on megabytes fails where their last page is lost, and the map stays usable."""
    names = {"fd": candidate.file().fd, "page": candidate.profile.page_size}
    assert candidate.run(LARGE.replace("OPERATION", operation), **names) == ([0, 0], True)
