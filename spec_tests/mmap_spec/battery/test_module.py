"""The module's contents: the class, `error`, and the constants by platform and version."""

from __future__ import annotations

import pytest

from mmap_spec.candidate import Candidate
from mmap_spec.clauses import clause

PREFIXES = ("ACCESS_", "PROT_", "MAP_", "MADV_", "MS_")

# The values of the generic Linux ABI; the few architectures with others are left out below.
LINUX_GENERIC = {
    "MADV_FREE": 8,
    "MADV_REMOVE": 9,
    "MADV_DONTFORK": 10,
    "MADV_DOFORK": 11,
    "MADV_MERGEABLE": 12,
    "MADV_UNMERGEABLE": 13,
    "MADV_HUGEPAGE": 14,
    "MADV_NOHUGEPAGE": 15,
    "MADV_DONTDUMP": 16,
    "MADV_DODUMP": 17,
    "MADV_HWPOISON": 100,
    "MAP_DENYWRITE": 0x800,
    "MAP_EXECUTABLE": 0x1000,
    "MAP_NORESERVE": 0x4000,
    "MAP_POPULATE": 0x8000,
    "MAP_STACK": 0x20000,
}
OTHER_ABIS = ("alpha", "mips", "parisc", "ppc", "sparc", "xtensa")


def constants(candidate: Candidate) -> list[str]:
    """The public names in capitals."""
    names = candidate.builtins.dir(candidate.mmap)
    return [name for name in names if name.isupper() and not name.startswith("_")]


def assert_generic(candidate: Candidate, name: str) -> None:
    """The constant exists; where the ABI is the generic one, with its value."""
    value = getattr(candidate.mmap, name)
    if candidate.profile.platform_machine.startswith(OTHER_ABIS):
        assert value > 0
    else:
        assert value == LINUX_GENERIC[name]


@clause("module.class")
def test_class(candidate):
    """The module has a class named `mmap`."""
    assert candidate.builtins.isinstance(candidate.mmap.mmap, type)


@clause("module.class-name")
@pytest.mark.parametrize("attribute", ["__name__", "__qualname__"])
def test_class_name(candidate, attribute):
    """The class names itself `mmap`."""
    assert candidate.builtins.getattr(candidate.mmap.mmap, attribute) == "mmap"


@clause("module.class-found-by-name")
def test_class_is_pickled_by_name(candidate):
    """The class is found again under its `__module__` and `__qualname__`."""
    pickle = candidate.module("pickle")
    again = pickle.loads(pickle.dumps(candidate.mmap.mmap))
    assert again == candidate.mmap.mmap


@clause("module.error")
def test_error_is_oserror(candidate):
    """`error` is OSError itself."""
    assert candidate.mmap.error is OSError


@clause("module.public-names")
def test_public_names(candidate):
    """Apart from constants, `mmap` and `error` are the only public names."""
    names = candidate.builtins.dir(candidate.mmap)
    public = [name for name in names if not name.startswith("_") and not name.isupper()]
    assert public == ["error", "mmap"]


@clause("module.star-import")
def test_star_import(candidate):
    """`from mmap import *` brings the class, `error` and every constant."""
    brought = candidate.run(
        """
        names = {}
        exec("from %s import *" % mmap.__name__, names)
        result = sorted(name for name in names if not name.startswith("_"))
        """
    )
    assert set(brought) >= {"mmap", "error", *constants(candidate)}


@clause("module.constants-int")
def test_constants_are_integers(candidate):
    """Every name in capitals is an integer of the exact type int."""
    for name in constants(candidate):
        assert type(getattr(candidate.mmap, name)) is int, name


@clause("module.constants-prefixes")
def test_constants_have_known_prefixes(candidate):
    """Every name in capitals is a size or begins with one of five prefixes."""
    sizes = {"PAGESIZE", "ALLOCATIONGRANULARITY"}
    assert [n for n in constants(candidate) if n not in sizes and not n.startswith(PREFIXES)] == []


@clause("module.access-default")
def test_access_default(candidate):
    """ACCESS_DEFAULT is 0."""
    assert candidate.mmap.ACCESS_DEFAULT == 0


@clause("module.access-values")
def test_access_values(candidate):
    """ACCESS_READ, ACCESS_WRITE and ACCESS_COPY are 1, 2 and 3."""
    module = candidate.mmap
    assert (module.ACCESS_READ, module.ACCESS_WRITE, module.ACCESS_COPY) == (1, 2, 3)


@clause("module.pagesize")
def test_pagesize(candidate):
    """On Unix PAGESIZE is the page size that the system reports."""
    assert candidate.os.sysconf("SC_PAGESIZE") == candidate.mmap.PAGESIZE


@clause("module.pagesize-power")
def test_pagesize_is_a_power_of_two(candidate):
    """PAGESIZE is a positive power of two."""
    assert candidate.mmap.PAGESIZE.bit_count() == 1
    assert candidate.mmap.PAGESIZE > 0


@clause("module.granularity-unix")
def test_granularity_is_the_page(candidate):
    """On Unix ALLOCATIONGRANULARITY equals PAGESIZE."""
    assert candidate.mmap.ALLOCATIONGRANULARITY == candidate.mmap.PAGESIZE


@clause("module.granularity-multiple")
def test_granularity_is_a_multiple_of_the_page(candidate):
    """ALLOCATIONGRANULARITY is a positive multiple of PAGESIZE."""
    assert candidate.mmap.ALLOCATIONGRANULARITY > 0
    assert candidate.mmap.ALLOCATIONGRANULARITY % candidate.mmap.PAGESIZE == 0


@clause("module.prot")
def test_prot(candidate):
    """PROT_READ, PROT_WRITE and PROT_EXEC are three different single bits."""
    module = candidate.mmap
    values = {module.PROT_READ, module.PROT_WRITE, module.PROT_EXEC}
    assert len(values) == 3
    assert all(value.bit_count() == 1 for value in values)


@clause("module.prot-values")
def test_prot_values(candidate):
    """On Linux PROT_READ, PROT_WRITE and PROT_EXEC are 1, 2 and 4."""
    module = candidate.mmap
    assert (module.PROT_READ, module.PROT_WRITE, module.PROT_EXEC) == (1, 2, 4)


@clause("module.map-shared-private")
def test_map_shared_and_private(candidate):
    """On Unix MAP_SHARED and MAP_PRIVATE exist and differ."""
    assert candidate.mmap.MAP_SHARED != candidate.mmap.MAP_PRIVATE


@clause("module.map-values")
def test_map_values(candidate):
    """On Linux MAP_SHARED and MAP_PRIVATE are 1 and 2."""
    assert (candidate.mmap.MAP_SHARED, candidate.mmap.MAP_PRIVATE) == (1, 2)


@clause("module.map-anonymous")
def test_map_anonymous(candidate):
    """MAP_ANON and MAP_ANONYMOUS are the same flag, and none of the sharing ones."""
    module = candidate.mmap
    assert module.MAP_ANON == module.MAP_ANONYMOUS
    assert module.MAP_ANON & (module.MAP_SHARED | module.MAP_PRIVATE) == 0
    assert module.MAP_ANON > 0


@clause("module.map-linux")
@pytest.mark.parametrize("name", ["MAP_DENYWRITE", "MAP_EXECUTABLE"])
def test_map_linux(candidate, name):
    """On Linux MAP_DENYWRITE and MAP_EXECUTABLE have the values of the C header."""
    assert_generic(candidate, name)


@clause("module.map-populate")
def test_map_populate(candidate):
    """On Linux MAP_POPULATE has the value of the C header."""
    assert_generic(candidate, "MAP_POPULATE")


@clause("module.map-stack")
def test_map_stack(candidate):
    """On Linux MAP_STACK has the value of the C header."""
    assert_generic(candidate, "MAP_STACK")


@clause("module.map-noreserve")
def test_map_noreserve(candidate):
    """On Linux MAP_NORESERVE has the value of the C header."""
    assert_generic(candidate, "MAP_NORESERVE")


@clause("module.map-32bit")
def test_map_32bit(candidate):
    """On Linux for x86-64 MAP_32BIT has the value of the C header."""
    assert candidate.mmap.MAP_32BIT == 0x40


@clause("module.map-darwin")
@pytest.mark.parametrize("name", ["MAP_NOEXTEND", "MAP_HASSEMAPHORE", "MAP_NOCACHE", "MAP_JIT"])
def test_map_darwin(candidate, name):
    """On macOS its own flags exist."""
    assert getattr(candidate.mmap, name) > 0


@clause("module.madv-posix")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MADV_NORMAL", 0),
        ("MADV_RANDOM", 1),
        ("MADV_SEQUENTIAL", 2),
        ("MADV_WILLNEED", 3),
        ("MADV_DONTNEED", 4),
    ],
)
def test_madv_posix(candidate, name, value):
    """The five common options are 0 to 4."""
    assert getattr(candidate.mmap, name) == value


@clause("module.madv-linux")
@pytest.mark.parametrize("name", [name for name in LINUX_GENERIC if name.startswith("MADV_")])
def test_madv_linux(candidate, name):
    """Each further option that the C library defines exists with its value."""
    assert_generic(candidate, name)


@clause("module.madv-soft-offline")
def test_madv_soft_offline(candidate):
    """MADV_SOFT_OFFLINE exists only where the C library's own header defines it."""
    names = candidate.builtins.dir(candidate.mmap)
    assert "MADV_SOFT_OFFLINE" not in names


@clause("module.ms")
def test_ms(candidate):
    """MS_ASYNC, MS_SYNC and MS_INVALIDATE are three different single bits."""
    module = candidate.mmap
    values = {module.MS_ASYNC, module.MS_SYNC, module.MS_INVALIDATE}
    assert len(values) == 3
    assert all(value.bit_count() == 1 for value in values)


@clause("module.ms-values")
def test_ms_values(candidate):
    """On Linux MS_ASYNC, MS_INVALIDATE and MS_SYNC are 1, 2 and 4."""
    module = candidate.mmap
    assert (module.MS_ASYNC, module.MS_INVALIDATE, module.MS_SYNC) == (1, 2, 4)


@clause("module.ms-before")
def test_ms_before(candidate):
    """Before 3.15 the module has no MS_ constants."""
    assert [name for name in constants(candidate) if name.startswith("MS_")] == []


@clause("module.never-exposed")
def test_never_exposed(candidate):
    """Flags for placing pages, MREMAP_ flags and PROT_NONE are not exposed."""
    never = {
        *("MAP_FIXED", "MAP_HUGETLB", "MAP_LOCKED", "MAP_NONBLOCK", "MAP_SYNC", "MAP_GROWSDOWN"),
        *("MADV_COLD", "MADV_PAGEOUT", "MADV_POPULATE_READ", "MADV_POPULATE_WRITE"),
        *("MREMAP_MAYMOVE", "MREMAP_FIXED", "PROT_NONE"),
    }
    assert never.isdisjoint(constants(candidate))
