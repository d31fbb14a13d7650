"""memchr and memrchr of the C library, over the bytes of a map."""

import ctypes

LIBRARY = ctypes.CDLL(None)


def function(name):
    """The C function, or None where the library has none of that name."""
    found = getattr(LIBRARY, name, None)
    if found is not None:
        found.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
        found.restype = ctypes.c_void_p
    return found


def search(name, m, value, size):
    """A call without arguments that searches the first `size` bytes of a map."""
    found = function(name)
    if found is None:
        return None
    exported = ctypes.c_char.from_buffer(m)
    address = ctypes.addressof(exported)

    def call():
        return found(address, value, size), exported

    return call
