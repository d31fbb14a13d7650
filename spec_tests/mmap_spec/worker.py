"""The worker: runs inside the candidate's interpreter and does what it is told.

One file, standard library only, Python 3.6 syntax, so that any interpreter can
run it.  It speaks the protocol of docs/protocol.md: one JSON object a line,
requests on standard input, answers on standard output.  It knows nothing of
clauses or tests; the only thing it knows about ``mmap`` is how to take a
snapshot of the mappings that it holds.

Who calls it: ``links.py`` starts it as a program; with ``--in-process`` the
class ``Worker`` is used directly.  Where it can, it serves in a forked child, which
another one follows when it has crashed.  Elsewhere each crash takes a new start, and an
import takes long: modules that are seldom needed are imported where they are.
"""

import binascii
import builtins
import errno
import gc
import importlib
import json
import operator
import os
import sys

PROTOCOL = 1
DIGEST_LIMIT = 1 << 22  # bytes; larger contents are sampled at both ends
BUILTIN_CLASSES = {  # by their own names: some have others, too, as OSError has
    value: value.__name__
    for value in vars(builtins).values()
    if isinstance(value, type) and value.__module__ == "builtins"
}
NAMED_CLASSES = {name: value for value, name in BUILTIN_CLASSES.items()}
CONSTANTS = {"Ellipsis": Ellipsis, "NotImplemented": NotImplemented}
BINARY = getattr(os, "O_BINARY", 0)
REFCOUNTING = hasattr(sys, "getrefcount")  # elsewhere a collection takes long
HOLE = 64  # that many free numbers in a row: there is no open descriptor above
OPEN_FLAGS = {
    "rb": os.O_RDONLY,
    "wb": os.O_WRONLY,
    "r+b": os.O_RDWR,
    "ab": os.O_WRONLY | os.O_APPEND,
}
COMMON = (type(None), bool, int, float, str)


def set_item(value, key, item):
    value[key] = item  # the statement: operator.setitem() does not see every error


def delete_item(value, key):
    del value[key]


STATEMENTS = {"setitem": set_item, "delitem": delete_item}


class ProtocolError(Exception):
    """The request does not follow docs/protocol.md."""


class Request(dict):
    """A request; what it lacks is an error of the protocol, not of the candidate."""

    def __missing__(self, key):
        raise ProtocolError("it lacks %r" % key)


def find(table, key, what):
    """An entry of a table that a request names."""
    try:
        return table[key]
    except (KeyError, TypeError):
        raise ProtocolError("unknown %s %r" % (what, key))


def convert(function, text):
    """A conversion of what came over the wire as text."""
    if type(text) is not str:
        raise ProtocolError("%r is no text" % (text,))
    try:
        return function(text)
    except ValueError as error:
        raise ProtocolError(str(error))


def text_of(value):
    """Bytes as Base64."""
    return binascii.b2a_base64(value, newline=False).decode("ascii")


def items_of(value, count=None):
    """The items of a JSON array, of exactly ``count`` if that is given."""
    if type(value) is not list or count not in (None, len(value)):
        raise ProtocolError("%r is no array of the right length" % (value,))
    return value


class Hostile(object):
    """Base of the objects whose special methods do something else first."""

    def __init__(self):
        self.calls = 0


def facts():
    """What the host has to know about this interpreter: the profile."""
    try:
        import ctypes  # may keep a descriptor for itself, which must not seem to be a program's

        long_max = (1 << (8 * ctypes.sizeof(ctypes.c_long) - 1)) - 1
        int_max = (1 << (8 * ctypes.sizeof(ctypes.c_int) - 1)) - 1
    except ImportError:  # an interpreter without ctypes: what its ABI usually is
        long_max = sys.maxsize if os.name != "nt" else (1 << 31) - 1
        int_max = (1 << 31) - 1
    version = sys.version_info
    full = "%d.%d.%d" % version[:3]
    if version[3] != "final":
        full += {"alpha": "a", "beta": "b", "candidate": "rc"}[version[3]] + str(version[4])
    implementation = sys.implementation
    system, release, machine, system_version = system_facts()
    return {
        "os_name": os.name,
        "sys_platform": sys.platform,
        "platform_system": system,
        "platform_release": release,
        "platform_machine": machine,
        "platform_version": system_version,
        "platform_python_implementation": python_implementation(),
        "implementation_name": implementation.name,
        "implementation_version": ".".join(str(part) for part in implementation.version[:3]),
        "python_version": "%d.%d" % version[:2],
        "python_full_version": full,
        "executable": sys.executable,
        "pointer_size": (sys.maxsize.bit_length() + 1) // 8,
        "ssize_max": sys.maxsize,
        "long_max": long_max,
        "int_max": int_max,
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
        "debug": hasattr(sys, "gettotalrefcount"),
        "refcounting": REFCOUNTING,
    }


def system_facts():
    """What ``platform`` says of system, release, machine and version, which it asks uname for."""
    if hasattr(os, "uname"):
        said = os.uname()
        return said.sysname, said.release, said.machine, said.version
    import platform

    return platform.system(), platform.release(), platform.machine(), platform.version() + wine()


def python_implementation():
    """What ``platform.python_implementation()`` says; of the usual one without the import."""
    if sys.implementation.name == "cpython":
        return "CPython"
    import platform

    return platform.python_implementation()


def wine():
    """The version of the Wine that plays Windows here; empty elsewhere."""
    if os.name != "nt":
        return ""
    import ctypes

    version = getattr(ctypes.WinDLL("ntdll"), "wine_get_version", None)
    if version is None:
        return ""
    version.restype = ctypes.c_char_p
    return " Wine " + version().decode("ascii")


def descriptors():
    """Numbers of the descriptors that are open in this process, as a set."""
    names = None
    if os.name != "nt":  # Wine shows this folder, with descriptors that are not Python's
        try:
            names = os.listdir("/proc/self/fd")
        except OSError:
            pass
    if names is not None:  # one of them listed the folder
        return {number for number in map(int, names) if is_open(number)}
    found, number, end = set(), 0, HOLE
    while number < end:  # a new one takes the lowest free number
        if is_open(number):
            found.add(number)
            end = number + 1 + HOLE
        number += 1
    return found


def is_open(number):
    """Whether a descriptor is open."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.get_osfhandle(number)  # not fstat(), which asks Wine's server
        else:
            os.fstat(number)
    except OSError:
        return False
    return True


# Not by open(), which asks for a file's facts: on Wine this takes longer than all the rest.


def write_file(name, contents):
    """Make a file, or make it anew."""
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o666)
    try:
        write_all(descriptor, contents)
    finally:
        os.close(descriptor)


def read_file(name, use):
    """What ``use`` makes of a function read(start, stop) of a file, and of the file's size."""
    descriptor = os.open(name, os.O_RDONLY | BINARY)

    def read(start, stop):
        os.lseek(descriptor, start, os.SEEK_SET)
        pieces = []
        while start < stop:
            piece = os.read(descriptor, stop - start)
            if not piece:
                break
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    try:
        return use(read, os.lseek(descriptor, 0, os.SEEK_END))
    finally:
        os.close(descriptor)


def write_all(descriptor, data):
    """Write all of it."""
    while data:
        data = data[os.write(descriptor, data) :]


def digest(read, size):
    """A short value that differs when ``size`` bytes read by ``read(start, stop)`` differ."""
    if size <= DIGEST_LIMIT:
        return binascii.crc32(read(0, size))
    half = DIGEST_LIMIT // 2
    return binascii.crc32(read(size - half, size), binascii.crc32(read(0, half)))


def new_folder(parent):
    """A new folder in the one that the host keeps for us; without one, the system's place."""
    if parent is None:
        import tempfile

        return tempfile.mkdtemp(prefix="mmap-spec-")
    number = 1
    while True:
        path = os.path.join(parent, str(number))
        try:
            os.mkdir(path)
            return path
        except FileExistsError:
            number += 1  # that is a worker's that did not end by itself


def remove_tree(path):
    """Remove a folder; of what cannot be removed the host takes care."""
    try:
        os.rmdir(path)  # it usually is empty
    except OSError:
        import shutil

        shutil.rmtree(path, ignore_errors=True)


class Worker(object):
    """Holds the objects of one candidate and performs requests on them.

    ``perform`` takes a decoded request without its id and returns a Python
    value or raises what the operation raised; ``answer`` turns one request line
    into one answer line.
    """

    def __init__(self, folder=None):
        self.folder = folder  # where the examples' folder is made; by default the system's
        self.objects = {}
        self.dropped = []  # where objects live until they are collected, those to be collected next
        self.last = 0
        self.judged = None  # the module that is judged
        self.namespaces = []
        self.opened = set()
        self.files = []
        self.pid = os.getpid()
        self.home = os.getcwd()
        self.root = None
        self.used = False  # whether there may be anything in it
        self.baseline = None
        self.cores = None  # (the core shared with the host, all that programs may use)
        self.operations = {
            "import": self.op_import,
            "get": self.op_get,
            "set": self.op_set,
            "call": self.op_call,
            "apply": self.op_apply,
            "hostile": self.op_hostile,
            "run": self.op_run,
            "file": self.op_file,
            "read-file": self.op_read_file,
            "state": self.op_state,
            "collect": self.op_collect,
            "pin": self.op_pin,
            "reset": self.op_reset,
        }

    # -- values on the wire -------------------------------------------------

    def encode(self, value):
        kind = type(value)
        if kind in COMMON:
            if kind is float and (value != value or value in (float("inf"), -float("inf"))):
                return {"float": repr(value)}
            return value
        if kind is bytes:
            return {"bytes": text_of(value)}
        if kind is bytearray:
            return {"bytearray": text_of(value)}
        if kind is tuple:
            return {"tuple": [self.encode(item) for item in value]}
        if kind is list:
            return [self.encode(item) for item in value]
        if kind is dict and all(type(key) is str for key in value):
            return {"dict": [[key, self.encode(item)] for key, item in value.items()]}
        if kind is slice:
            return {"slice": [self.encode(part) for part in (value.start, value.stop, value.step)]}
        if isinstance(value, type) and BUILTIN_CLASSES.get(value):
            return {"class": BUILTIN_CLASSES[value]}
        if isinstance(value, BaseException):
            return {"exception": self.describe(value)}
        if value is Ellipsis or value is NotImplemented:
            return {"constant": repr(value)}
        return self.refer(value)

    def encode_attribute(self, value, request):
        """The answer to ``get``: of a callable only that it is one, unless wanted by reference.

        Built-in classes are values, but as attributes of the module ``builtins`` they are there
        to be called here.
        """
        if request.get("by-reference"):
            return self.refer(value)
        travels = isinstance(value, type) and value in BUILTIN_CLASSES
        of_builtins = travels and self.decode(request["on"]) is builtins
        if callable(value) and (of_builtins or not travels):
            return {"method": request["name"]}
        return self.encode(value)

    def refer(self, value):
        self.last += 1
        self.objects[self.last] = value
        kind = type(value)
        if kind is type(sys):
            name = "module " + value.__name__
        else:
            name = "%s.%s" % (kind.__module__, getattr(kind, "__qualname__", kind.__name__))
        return {"ref": self.last, "type": name}

    def decode(self, value):
        kind = type(value)
        if kind is list:
            return [self.decode(item) for item in value]
        if kind is not dict:
            return value
        if len(value) != 1:
            raise ProtocolError("a value needs exactly one tag: %r" % sorted(value))
        ((tag, content),) = value.items()
        if tag == "ref":
            return find(self.objects, content, "object")
        if tag == "bytes":
            return convert(binascii.a2b_base64, content)
        if tag == "bytearray":
            return bytearray(convert(binascii.a2b_base64, content))
        if tag == "attribute":
            owner, name = items_of(content, 2)
            return getattr(self.decode(owner), name)
        if tag == "tuple":
            return tuple([self.decode(item) for item in items_of(content)])
        if tag == "dict":
            pairs = [items_of(pair, 2) for pair in items_of(content)]
            return {key: self.decode(item) for key, item in pairs}
        if tag == "slice":
            return slice(*[self.decode(part) for part in items_of(content, 3)])
        if tag == "class":
            return find(NAMED_CLASSES, content, "class")
        if tag == "exception":
            details = Request(content if type(content) is dict else {})
            kind = find(NAMED_CLASSES, details["type"], "class")
            return kind(*[self.decode(arg) for arg in items_of(details["args"])])
        if tag == "float":
            return convert(float, content)
        if tag == "constant":
            return find(CONSTANTS, content, "constant")
        raise ProtocolError("unknown tag %r" % tag)

    def describe(self, error):
        """An exception as plain data."""
        kind = type(error)
        number = getattr(error, "errno", None) if isinstance(error, OSError) else None
        return {
            "type": kind.__name__,
            "mro": [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"],
            "args": [self.encode(arg) if type(arg) in COMMON else repr(arg) for arg in error.args],
            "errno": number,
            "symbol": errno.errorcode.get(number),
            "winerror": getattr(error, "winerror", None),
            "text": str(error),
        }

    # -- requests -----------------------------------------------------------

    def perform(self, request):
        for number in items_of(request.get("release", [])):
            self.release(self.objects.pop(number, None))
        return find(self.operations, request["op"], "operation")(request)

    def release(self, value):
        """What the host has dropped is let go; where nothing but a collection would, till then."""
        if not REFCOUNTING:
            self.dropped.append(value)

    def op_import(self, request):
        for folder in reversed(request.get("path", [])):
            if folder not in sys.path:
                sys.path.insert(0, folder)
        module = importlib.import_module(request["name"])
        if request.get("judged"):
            self.judged = module
            if self.baseline is None:
                self.baseline = descriptors()
        return module

    def op_get(self, request):
        return getattr(self.decode(request["on"]), request["name"])

    def op_set(self, request):
        setattr(self.decode(request["on"]), request["name"], self.decode(request["value"]))

    def op_call(self, request):
        target, name, args, kwargs = self.prepare(request)
        if name is not None:
            target = getattr(target, name)
        return target(*args, **kwargs) if kwargs else target(*args)

    def prepare(self, request):
        """A call's target, method, arguments and keywords, decoded."""
        target = self.decode(request["on"])
        args = [self.decode(arg) for arg in items_of(request.get("args", []))]
        kwargs = request.get("kwargs", {})
        if type(kwargs) is not dict:
            raise ProtocolError("kwargs is no object")
        return target, request.get("name"), args, {k: self.decode(v) for k, v in kwargs.items()}

    def op_apply(self, request):
        name = request["name"]
        function = STATEMENTS.get(name) or getattr(operator, name, None)
        function = function or find(vars(builtins), name, "function")
        return function(*[self.decode(arg) for arg in items_of(request["args"])])

    def op_hostile(self, request):
        todo = [self.prepare(Request(step)) for step in items_of(request["do"])]
        answer = self.decode(request.get("answer"))
        failure = self.decode(request["raises"]) if "raises" in request else None
        slot = request["slot"]

        def special(self_, *args, **kwargs):
            self_.calls += 1
            for target, name, args, kwargs in todo:
                (target if name is None else getattr(target, name))(*args, **kwargs)
            if failure is not None:
                raise failure
            return memoryview(answer) if slot == "__buffer__" else answer

        members = {slot: special}
        if slot == "__eq__":
            members["__hash__"] = object.__hash__
        return type("Hostile", (Hostile,), members)()

    def op_run(self, request):
        import traceback  # noqa: F401 - a program that fails may leave no descriptor to open it with

        namespace = {"__name__": "program", "mmap": self.judged}
        for name, value in request.get("names", {}).items():
            namespace[name] = self.decode(value)
        self.namespaces.append(namespace)
        self.used = True
        if self.cores is not None:
            os.sched_setaffinity(0, self.cores[1])
        try:
            exec(compile(request["source"], "<program>", "exec"), namespace)
        finally:
            if os.getpid() != self.pid:  # a forked child that did not end by itself
                os._exit(70)
            if self.cores is not None:
                os.sched_setaffinity(0, self.cores[0])
        return namespace.get("result")

    def op_pin(self, request):
        """Run on the host's core, except for programs; answers whether that is possible.

        Host and worker take turns: on one core, neither waits for the other to wake up.
        """
        if not hasattr(os, "sched_setaffinity"):
            return False
        self.cores = ({request["core"]}, set(request["cores"]))
        os.sched_setaffinity(0, self.cores[0])
        return True

    def op_file(self, request):
        """A file of the example's folder, opened; answers (descriptor, path)."""
        self.enter()
        flags = find(OPEN_FLAGS, request["mode"], "mode") | BINARY
        name = request["name"]
        if "contents" in request:
            write_file(name, self.decode(request["contents"]))
            self.files.append(name)
        descriptor = os.open(name, flags)
        self.opened.add(descriptor)
        return descriptor, os.path.join(os.getcwd(), name)

    def op_read_file(self, request):
        return read_file(request["path"], lambda read, size: read(0, size))

    def op_state(self, request):
        """What ``raises`` compares: mappings, files, descriptors."""
        maps = {}
        kind = self.judged.mmap
        for number, value in self.objects.items():
            if isinstance(value, kind) and not isinstance(value, type):
                maps[str(number)] = self.state_of_mapping(value)
        files = {}
        for name in self.files:
            try:
                files[name] = read_file(name, lambda read, size: [size, digest(read, size)])
            except OSError as error:
                files[name] = type(error).__name__
        return {"maps": maps, "files": files, "descriptors": len(descriptors())}

    @staticmethod
    def state_of_mapping(mapping):
        if mapping.closed:
            return {"closed": True}
        size = len(mapping)
        return {
            "closed": False,
            "length": size,
            "position": mapping.tell(),
            "contents": digest(lambda start, stop: mapping[start:stop], size),
        }

    def op_collect(self, request):
        del self.dropped[:]
        for _ in range(1 if REFCOUNTING else 3):
            gc.collect()

    def op_reset(self, request):
        """Leave nothing of the last example; answers how many descriptors stayed open."""
        values = list(self.objects.values()) + self.dropped
        modules = {n: value for n, value in self.objects.items() if type(value) is type(sys)}
        self.objects, self.dropped = modules, []
        for value in values:
            if type(value) is memoryview:
                value.release()
        for value in values:
            if self.judged is not None and isinstance(value, self.judged.mmap):
                try:
                    value.close()
                except BufferError:
                    pass  # an export that no reference of ours holds
        del values
        if self.namespaces:
            for namespace in self.namespaces:
                namespace.clear()
            del self.namespaces[:]
            if REFCOUNTING:
                self.op_collect(request)
                if hasattr(gc, "freeze"):
                    gc.freeze()  # modules that the program has imported
        for descriptor in self.opened:
            try:
                os.close(descriptor)
            except OSError:
                pass  # the test has closed it
        self.opened.clear()
        try:
            self.leave()
        except OSError:  # Windows removes no file that a map in a cycle holds
            self.op_collect(request)
            self.leave()
        if self.baseline is None:
            return 0
        left = descriptors() - self.baseline
        if left:  # a map that a cycle holds: to start anew takes longer than to collect
            self.op_collect(request)
            left = descriptors() - self.baseline
        return len(left)

    def enter(self):
        """Go into the example's folder, a fresh one."""
        if self.root is None:
            self.root = new_folder(self.folder)
        os.chdir(self.root)
        self.used = True

    def leave(self):
        """Empty the example's folder."""
        del self.files[:]
        if self.root is None or not self.used:
            return
        os.chdir(self.home)  # a program may have gone elsewhere
        for name in os.listdir(self.root):
            path = os.path.join(self.root, name)
            try:
                os.unlink(path)
            except OSError:
                if os.path.islink(path) or not os.path.isdir(path):
                    raise
                remove_tree(path)
        self.used = False

    def end(self):
        """Remove the folder that the examples used."""
        os.chdir(self.home)
        if self.root is not None:
            remove_tree(self.root)

    # -- lines --------------------------------------------------------------

    def answer(self, line):
        """One request line in, one answer line out (bytes, without line ends)."""
        number = None
        try:
            request = Request(json.loads(line))
            number = request["id"]
            try:
                value = self.perform(request)
                if request["op"] == "get":
                    value = self.encode_attribute(value, request)
                else:
                    value = self.encode(value)
                reply = {"id": number, "value": value}
            except ProtocolError:
                raise
            except BaseException as error:
                reply = {"id": number, "raised": self.describe(error)}
                if request.get("op") == "run":
                    reply["raised"]["traceback"] = sys.modules["traceback"].format_exc()
                error.__traceback__ = None  # frames would keep the objects alive
        except (ProtocolError, ValueError, KeyError, TypeError) as error:
            reply = {"id": number, "error": "%s: %s" % (type(error).__name__, error)}
        return json.dumps(reply).encode("ascii")


def take_streams():
    """Keep standard input and output to ourselves, so that nobody else's print reaches them."""
    if os.name == "nt":
        import msvcrt

        msvcrt.setmode(0, os.O_BINARY)
        msvcrt.setmode(1, os.O_BINARY)
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return os.fdopen(requests, "rb"), answers


def send(answers, message):
    """A line that answers no request."""
    write_all(answers, json.dumps(message).encode("ascii") + b"\n")


def go_on_in_children(requests, answers):
    """Fork, and return in the child.  When a signal kills it, say so; at a line, fork once more.

    A fork is as fresh as a new process, and there in a tenth of the time.
    """
    while os.fork():
        _, status = os.wait()
        if not os.WIFSIGNALED(status):
            os._exit(os.WEXITSTATUS(status))
        send(answers, {"died": os.WTERMSIG(status)})
        if not requests.readline():
            os._exit(0)


def main():
    # Not this file's folder: its neighbours are no modules of the candidate's.
    sys.path[:] = [
        entry for entry in sys.path if entry != os.path.dirname(os.path.abspath(__file__))
    ]
    requests, answers = take_streams()
    hello = {"hello": "mmap-spec worker", "protocol": PROTOCOL, "facts": facts()}
    if hasattr(gc, "freeze"):
        gc.freeze()  # what is here for good need not be looked at by each collection
    folder, again = (sys.argv[1:] + [None, None])[:2]
    if again and hasattr(os, "fork") and sys.platform != "emscripten":
        go_on_in_children(requests, answers)
    worker = Worker(folder)
    send(answers, hello)
    try:
        while True:
            line = requests.readline()
            if not line:
                break
            write_all(answers, worker.answer(line) + b"\n")
    finally:
        if os.getpid() == worker.pid:
            worker.end()


if __name__ == "__main__":
    main()
