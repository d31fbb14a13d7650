"""The map as a context manager: with, __enter__, __exit__."""

import pytest

from mmap_spec.clauses import clause
from mmap_spec.situations import each_access, of_file

OVERRIDES_CLOSE = """
class Counting(mmap.mmap):
    closings = 0
    def close(self):
        self.closings += 1
        super().close()
m = Counting(-1, 10)
m.__exit__(None, None, None)
result = [m.closings, m.closed]
"""


@clause("context.enter-returns-self")
def test_enter_returns_the_map(candidate):
    """__enter__() returns the map itself."""
    m = candidate.anonymous(b"abc")
    assert candidate.run("result = m.__enter__() is m", m=m) is True


@clause("context.enter-changes-nothing")
@pytest.mark.parametrize("position", [0, 3, 6])
def test_enter_changes_nothing(candidate, position):
    """Entering a map changes neither its position nor anything else."""
    m = of_file(candidate, b"abcdef")
    m.seek(position)
    m.__enter__()
    assert (m.tell(), m[:], m.closed, m.size()) == (position, b"abcdef", False, 6)


@clause("context.enter-closed")
def test_enter_closed(candidate):
    """Entering a closed map raises ValueError, and the body does not run."""
    result = candidate.run(
        """
        m = mmap.mmap(-1, 10)
        m.close()
        result = 'not entered'
        try:
            with m:
                result = 'entered'
        except ValueError:
            result += ', ValueError'
        """
    )
    assert result == "not entered, ValueError"


@clause("context.exit-closes")
@each_access
def test_exit_closes(candidate, access):
    """The end of a with statement closes the map."""
    m = of_file(candidate, b"abc", access)
    with m as entered:
        assert (entered.closed, entered[:]) == (False, b"abc")
    assert m.closed is True


@clause("context.exit-returns-none")
def test_exit_result(candidate):
    """__exit__() returns None, with an exception or without."""
    m, other = candidate.anonymous(b"abc"), candidate.anonymous(b"abc")
    assert m.__exit__(None, None, None) is None
    assert other.__exit__(ValueError, ValueError("x"), None) is None
    third = candidate.anonymous(b"abc")
    assert candidate.run("result = [m.__exit__(1, '2', 3.0), m.closed]", m=third) == [None, True]


@clause("context.exception-propagates")
@pytest.mark.parametrize(
    "kind",
    ["ValueError", "BufferError", "KeyboardInterrupt", "OSError", "GeneratorExit", "SystemExit"],
)
def test_exception_of_the_body(candidate, kind):
    """An exception of the body comes out as it is, and the map is closed."""
    result = candidate.run(
        """
        m = mmap.mmap(-1, 10)
        raised = kind('of the body')
        try:
            with m:
                raise raised
        except BaseException as error:
            result = [error is raised, m.closed]
        """,
        kind=getattr(candidate.builtins, kind),
    )
    assert result == [True, True]


@clause("context.closed-inside")
def test_closed_inside(candidate):
    """A with statement whose body closed the map ends without an error."""
    m = candidate.anonymous(b"abc")
    with m:
        m.close()
    assert m.closed is True


@clause("context.exit-again")
def test_exit_again(candidate):
    """__exit__() of a closed map does nothing."""
    m = of_file(candidate, b"abc")
    m.close()
    before = candidate.state()
    assert [m.__exit__(None, None, None), m.__exit__(None, None, None)] == [None, None]
    assert m.__exit__(ValueError, ValueError("x"), None) is None
    assert candidate.state() == before


@clause("context.nested")
def test_nested(candidate):
    """The inner with statement closes the map, the outer one then does nothing."""
    m = candidate.anonymous(b"abc")
    with m:
        with m:
            assert m.closed is False
        assert m.closed is True
    assert m.closed is True


@clause("context.descriptor")
def test_descriptor(candidate):
    """The end of a with statement releases the descriptor that the map holds."""
    file = candidate.file(b"abc")
    before = candidate.state()["descriptors"]
    with candidate.mmap.mmap(file.fd, 0):
        pass
    assert candidate.state()["descriptors"] == before


@clause("context.exports")
def test_exported(candidate):
    """The end of a with statement raises BufferError while a view is alive."""
    m = candidate.anonymous(b"abc")
    m.__enter__()
    m.seek(2)
    view = candidate.builtins.memoryview(m)
    with candidate.raises(BufferError):
        m.__exit__(None, None, None)
    assert view[0] == ord("a")


@clause("context.exports-open")
def test_usable_after_refusal(candidate):
    """A map that could not be closed stays open and usable."""
    m = of_file(candidate, b"abc")
    view = candidate.builtins.memoryview(m)
    candidate.outcome(m.__exit__, None, None, None)
    assert (m.closed, m.read(), m.size()) == (False, b"abc", 3)
    view.release()
    m.__exit__(None, None, None)
    assert m.closed is True


@clause("context.exports-exception")
def test_exception_while_exported(candidate):
    """BufferError comes out, with the exception of the body as its context."""
    result = candidate.run(
        """
        m = mmap.mmap(-1, 10)
        raised = KeyError('of the body')
        try:
            with m:
                view = memoryview(m)
                raise raised
        except BaseException as error:
            result = [type(error), error.__context__ is raised, m.closed]
        """
    )
    assert result == [BufferError, True, False]


@clause("context.enter-arity")
def test_enter_argument(candidate):
    """__enter__() with an argument raises TypeError."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.run("m.__enter__(1)", m=m)


@clause("context.exit-arity")
@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_exit_arguments(candidate, number):
    """__exit__() raises TypeError for any number of arguments but three."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.run("m.__exit__(*[None] * number)", m=m, number=number)


@clause("context.exit-positional-only")
def test_exit_keywords(candidate):
    """__exit__() takes no keyword arguments."""
    m = candidate.anonymous(b"abc")
    with candidate.raises(TypeError):
        candidate.run("m.__exit__(exc_type=None, value=None, traceback=None)", m=m)


@clause("context.exit-calls-override")
def test_override_is_called(candidate):
    """__exit__() calls the close() of a subclass."""
    assert candidate.run(OVERRIDES_CLOSE) == [1, True]


@clause("context.exit-ignores-override")
def test_override_is_not_called(candidate):
    """__exit__() closes the map itself and does not call the close() of a subclass."""
    assert candidate.run(OVERRIDES_CLOSE) == [0, True]


@clause("context.exit-stack")
def test_exit_stack(candidate):
    """contextlib.ExitStack closes a map that was entered into it."""
    result = candidate.run(
        """
        import contextlib
        with contextlib.ExitStack() as stack:
            m = stack.enter_context(mmap.mmap(-1, 10))
            result = [m.closed]
        result.append(m.closed)
        """
    )
    assert result == [False, True]


@clause("context.special-methods-of-the-type")
def test_special_methods(candidate):
    """__enter__ and __exit__ are attributes of the type."""
    kind = candidate.mmap.mmap
    assert all(candidate.builtins.hasattr(kind, name) for name in ("__enter__", "__exit__"))
