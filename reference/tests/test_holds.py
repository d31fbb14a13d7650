"""Which operation waits for which: guarantees of docs/concurrency.md, each under its number."""

import pytest
from meeting import (
    CHANGES,
    FREE,
    GROW,
    LONG,
    ON_POSIX,
    PAGE,
    READS,
    REPLACES,
    SMALL_CHANGES,
    SMALL_READS,
    Worker,
    check_goes_on,
    check_waits,
    first_of,
    guarantee,
    pairs,
    put,
)

import mmap_reference

pytestmark = ON_POSIX


@guarantee(5)
@pytest.mark.parametrize("other", READS.values(), ids=READS)
def test_reads_run_at_the_same_time(stalled, other):
    """Two long reads are stopped by the same page at the same time."""
    readers = [Worker(READS["find"], stalled)]
    stalled.stall.wait()
    readers += [Worker(other, stalled), Worker(other, stalled)]
    for name in SMALL_READS:
        Worker(SMALL_READS[name], stalled).ends()
    assert all(reader.waits() for reader in readers)
    stalled.stall.resume()
    for reader in readers:
        reader.ends()


@guarantee(6)
@pairs(READS, first_of(SMALL_CHANGES))
def test_changes_wait_for_reads(stalled, under_way, other):
    """A search sees the memory as it was when it began."""
    check_waits(stalled, under_way, other)


@guarantee(6)
@pairs(first_of(READS), SMALL_CHANGES)
def test_every_change_waits_for_a_read(stalled, under_way, other):
    """All that changes the memory waits."""
    check_waits(stalled, under_way, other)


@guarantee(6)
@pairs(CHANGES, first_of(SMALL_READS))
def test_reads_wait_for_changes(stalled, under_way, other):
    """Nobody reads what is half written."""
    check_waits(stalled, under_way, other)


@guarantee(6)
@pairs(first_of(CHANGES), {**SMALL_READS, **SMALL_CHANGES})
def test_everything_waits_for_a_change(stalled, under_way, other):
    """Nor changes it further."""
    check_waits(stalled, under_way, other)


@guarantee(7)
@pairs({**READS, **CHANGES}, REPLACES)
def test_closing_waits(stalled, under_way, other):
    """The memory is there until the last one has done with it."""
    if not hasattr(stalled, "resize") and other is REPLACES["resize"]:
        pytest.skip("no resize")
    check_waits(stalled, under_way, other)


@guarantee(6)
@guarantee(8)
@pairs(GROW, {**SMALL_READS, **SMALL_CHANGES, **REPLACES, **FREE})
def test_everything_waits_for_a_resize(sparse, under_way, other):
    """Nobody sees the map while its memory is replaced, nor its length."""
    check_waits(sparse, under_way, other)


@guarantee(8)
@pairs({"find": READS["find"], "set slice": CHANGES["set slice"]}, FREE)
def test_what_waits_for_nothing(stalled, under_way, other):
    """It looks at the map, and at none of its bytes."""
    check_goes_on(stalled, under_way, other)


@guarantee(10)
def test_exports(stalled):
    """A buffer that was handed out is in the way, and nothing else is."""
    view = memoryview(stalled)
    searcher = Worker(READS["find"], stalled)
    stalled.stall.wait()
    closer = Worker(stalled.close)
    assert closer.waits()
    stalled.stall.resume()
    searcher.ends()
    with pytest.raises(BufferError):
        closer.ends()
    with pytest.raises(BufferError):
        stalled.resize(5)
    view.release()
    stalled.close()


@guarantee(21)
@pytest.mark.parametrize("under_way", CHANGES.values(), ids=CHANGES)
def test_buffers_are_plain_memory(stalled, under_way):
    """Who has one waits for nobody."""
    view = memoryview(stalled)
    first = Worker(under_way, stalled)
    stalled.stall.wait()
    view[-1] = 65
    assert view[-1] == 65
    stalled.stall.resume()
    first.ends()
    view.release()


@guarantee(22)
def test_arguments_are_read_as_they_are(stalled):
    """What is written is changed in the middle, and was not copied before."""
    source = bytearray(b"a" * LONG)
    worker = Worker(put, stalled, slice(None), source)
    stalled.stall.wait()
    source[PAGE] = source[-PAGE] = ord("b")
    stalled.stall.resume()
    worker.ends()
    assert ord("b") in {stalled[PAGE], stalled[-PAGE]}  # copied from either end


@guarantee(23)
def test_two_maps_are_two(sparse):
    """A map of the same file does not wait for this one."""
    check_goes_on(sparse, READS["find"], lambda m: put(m.shared, 0, 1))


@guarantee(24)
def test_advice_that_throws_away(stalled):
    """The end of what is being copied."""
    worker = Worker(stalled.__getitem__, slice(None))
    stalled.stall.wait()
    stalled.madvise(mmap_reference.MADV_DONTNEED, LONG - PAGE, PAGE)
    stalled.stall.resume()
    copied = worker.ends()
    assert copied[-2 * PAGE : -PAGE] == b"x" * PAGE
    assert bytes(PAGE // 2) in copied[-PAGE:]  # a C library may read the very end before the rest
