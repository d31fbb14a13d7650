"""==, ordering, hash, and the operators that a map does not have."""

from __future__ import annotations

import operator

import pytest

from mmap_spec.clauses import clause

ABC = b"abc"


@clause("comparison.equal-itself")
def test_equal_to_itself(candidate):
    """A map equals itself."""
    m = candidate.anonymous(ABC)
    assert (m == m, m != m) == (True, False)


@clause("comparison.not-equal-maps")
def test_not_equal_to_another_map(candidate):
    """Two maps are unequal, even with the same contents or of the same file."""
    file = candidate.file(ABC)
    first, second = (candidate.mmap.mmap(file.fd, 0) for _ in "12")
    assert (first == second, first != second) == (False, True)


@clause("comparison.not-equal-bytes")
def test_not_equal_to_bytes(candidate):
    """A map does not equal bytes with its contents, on either side of the operator."""
    m = candidate.anonymous(ABC)
    remote = candidate.module("operator")
    assert (m == ABC, m != ABC) == (False, True)
    assert (remote.eq(ABC, m), remote.ne(ABC, m)) == (False, True)


@clause("comparison.not-equal-bytes")
@pytest.mark.parametrize("other", [None, 3, "abc", (97, 98, 99), [97, 98, 99]], ids=repr)
def test_not_equal_to_anything_else(candidate, other):
    """A map does not equal an object of any other kind."""
    m = candidate.anonymous(ABC)
    assert (m == other, m != other) == (False, True)


@clause("comparison.equal-bytearray")
@pytest.mark.parametrize(
    ("data", "same"), [(ABC, True), (b"abd", False), (b"ab", False), (b"abc\0", False)]
)
def test_equal_to_a_buffer_that_compares(candidate, data, same):
    """bytearray and memoryview compare with a map's contents, since they accept any buffer."""
    m = candidate.anonymous(ABC)
    source = "result = bytearray(data) == m, m == bytearray(data), memoryview(data) == m"
    assert candidate.run(source, m=m, data=data) == (same, same, same)


@clause("comparison.ordering")
@pytest.mark.parametrize("order", [operator.lt, operator.le, operator.gt, operator.ge])
@pytest.mark.parametrize("other", [b"abd", 5, None, "itself"], ids=repr)
def test_no_order(candidate, order, other):
    """The operators < <= > >= between a map and another map, bytes or an int raise TypeError."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        order(m, m if other == "itself" else other)


@clause("comparison.ordering")
@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge"])
def test_no_order_on_the_right(candidate, name):
    """The operators < <= > >= between bytes and a map raise TypeError."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        getattr(candidate.module("operator"), name)(b"abd", m)


@clause("comparison.hash-stable")
def test_hash_does_not_change(candidate):
    """hash(m) does not change when contents or position change."""
    m = candidate.anonymous(ABC)
    before = candidate.builtins.hash(m)
    m.write(b"x")
    m[2] = 0
    assert candidate.builtins.hash(m) == before


@clause("comparison.hash-stable")
def test_key_of_a_dict(candidate):
    """A map stays the same key of a dict while its contents change."""
    m = candidate.anonymous(ABC)
    table = candidate.run("result = {m: 5}", m=m)
    m[:] = b"xyz"
    assert candidate.run("result = table[m]", table=table, m=m) == 5


@clause("comparison.hash-identity")
def test_hash_is_of_the_object(candidate):
    """hash() is the one of object."""
    m = candidate.anonymous(ABC)
    assert candidate.builtins.hash(m) == candidate.run("result = object.__hash__(m)", m=m)


@clause("comparison.hash-identity")
def test_equal_contents_are_different_keys(candidate):
    """Maps with equal contents are different keys of a dict."""
    first, second = candidate.anonymous(ABC), candidate.anonymous(ABC)
    assert candidate.run("result = len({first, second, first})", first=first, second=second) == 2


@clause("comparison.add")
@pytest.mark.parametrize("other", [b"a", bytearray(b"a"), 1, "itself"], ids=repr)
def test_no_sum(candidate, other):
    """m + x raises TypeError, for bytes and for another map."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        m + (m if other == "itself" else other)


@clause("comparison.add")
@pytest.mark.parametrize("other", ["a", [1], (1,), 1, 1.5], ids=repr)
def test_no_sum_on_the_right(candidate, other):
    """x + m raises TypeError where x takes no buffer."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        candidate.module("operator").add(other, m)


@clause("comparison.reflected")
@pytest.mark.parametrize(
    ("operator", "method"),
    [
        ("add", "radd"), ("sub", "rsub"), ("mul", "rmul"), ("mod", "rmod"), ("or_", "ror"),
        ("lt", "gt"), ("gt", "lt"), ("le", "ge"), ("ge", "le"), ("eq", "eq"), ("ne", "ne"),
    ],
)  # fmt: skip
def test_reflected(candidate, operator, method):
    """The result is what the right operand's reflected method returns."""
    m = candidate.anonymous(ABC)
    right = candidate.hostile(77, slot=f"__{method}__")
    assert getattr(candidate.module("operator"), operator)(m, right) == 77


@clause("comparison.add")
def test_no_concatenation(candidate):
    """operator.concat() of two maps raises TypeError."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        candidate.module("operator").concat(m, m)


@clause("comparison.multiply")
@pytest.mark.parametrize("count", [0, 1, 2, True])
def test_no_product(candidate, count):
    """m * n and n * m raise TypeError."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        m * count
    with candidate.raises(TypeError):
        candidate.module("operator").mul(count, m)


@clause("comparison.in-place")
@pytest.mark.parametrize("code", ["m += b'a'", "m += m", "m *= 2", "m *= 1"])
def test_nothing_in_place(candidate, code):
    """m += x and m *= n raise TypeError and leave the map as it was."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        candidate.run(code, m=m)


@clause("comparison.bytes-plus")
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_bytes_plus_map(candidate, kind):
    """bytes + m is bytes, and bytearray + m a bytearray, with the map's whole contents."""
    m = candidate.anonymous(b"a\0\xff")
    m.seek(2)
    found = candidate.module("operator").add(kind(b"<"), m)
    assert (type(found), bytes(found), m.tell()) == (kind, b"<a\0\xff", 2)


@clause("comparison.bytes-plus-closed")
def test_bytes_plus_closed_map(candidate):
    """bytes + m of a closed map raises TypeError or ValueError."""
    m = candidate.anonymous(ABC)
    m.close()
    with candidate.raises((TypeError, ValueError)):
        candidate.module("operator").add(b"<", m)


@clause("comparison.no-number")
@pytest.mark.parametrize(
    "code", ["m % 2", "m & m", "-m", "~m", "m - m", "m / 2", "m @ m", "m << 1", "abs(m)"]
)
def test_no_arithmetic(candidate, code):
    """A map is no number: arithmetic raises TypeError."""
    m = candidate.anonymous(b"123")
    with candidate.raises(TypeError):
        candidate.run(code, m=m)


@clause("comparison.no-number")
def test_no_index(candidate):
    """A map is no number: operator.index() raises TypeError."""
    m = candidate.anonymous(b"1")
    with candidate.raises(TypeError):
        candidate.module("operator").index(m)


@clause("comparison.not-callable")
def test_not_callable(candidate):
    """A map cannot be called: TypeError."""
    m = candidate.anonymous(ABC)
    with candidate.raises(TypeError):
        candidate.run("m()", m=m)
