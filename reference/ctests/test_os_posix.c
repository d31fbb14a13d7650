/* test_os_posix.c: every function of os.h on POSIX, when it works and when
   a system call fails: then nothing may have changed. */

#include "faults.h"

#include "../src/_mmap/os_posix.c"

#include "harness.h"

#include <stdlib.h>
#include <sys/wait.h>

static size_t page;

/* A file of some pages, each byte of which is the number of its page + 1;
   it has no name. */
static int
make_file(size_t pages)
{
    char path[] = "/tmp/mmap-os-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || unlink(path) != 0) {
        perror("mkstemp");
        exit(2);
    }
    unsigned char *bytes = malloc(page);
    for (size_t i = 0; i < pages; i++) {
        memset(bytes, (int)i + 1, page);
        if (write(fd, bytes, page) != (ssize_t)page) {
            perror("write");
            exit(2);
        }
    }
    free(bytes);
    return fd;
}

static size_t
size_of(int fd)
{
    struct stat status;
    return (fstat)(fd, &status) == 0 ? (size_t)status.st_size : SIZE_MAX;
}

static int
open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += (fcntl)(fd, F_GETFD, 0) >= 0;
    }
    return count;
}

static unsigned char
byte_in_file(int fd, size_t offset)
{
    unsigned char byte = 0xEE;
    CHECK(pread(fd, &byte, 1, (off_t)offset) == 1);
    return byte;
}

static bool
same(const struct os_mapping *a, const struct os_mapping *b)
{
    return a->data == b->data && a->size == b->size
        && a->reserved == b->reserved && a->offset == b->offset
        && a->fd == b->fd && a->prot == b->prot && a->backing == b->backing;
}

static struct os_mapping
map_it(int fd, size_t length, int flags)
{
    struct os_request request = {
        .fd = fd,
        .length = length,
        .flags = flags,
        .prot = PROT_READ | PROT_WRITE,
        .keep_file = true,
    };
    struct os_mapping map = {.data = NULL, .fd = OS_NO_FILE};
    CHECK(os_map(&request, &map) == 0);
    if (map.data == NULL) {
        exit(2);
    }
    return map;
}

static void
granularity_is_the_page(void)
{
    size_t pages = 0;
    size_t granularity = 0;
    CHECK(os_granularity(&pages, &granularity) == 0);
    CHECK(pages == (size_t)(sysconf)(_SC_PAGESIZE));
    CHECK(granularity == pages);
}

static void
granularity_reports_failure(void)
{
    size_t pages = 1;
    size_t granularity = 2;
    arm("sysconf", ENOSYS);
    CHECK(os_granularity(&pages, &granularity) == ENOSYS);
    arm("sysconf", 0);
    CHECK(os_granularity(&pages, &granularity) == EINVAL);
    CHECK(pages == 1 && granularity == 2);
}

static void
inspect_knows_regular_files(void)
{
    struct os_file_info info;
    int fd = make_file(3);
    CHECK(os_inspect(fd, &info) == 0);
    CHECK(info.sized && info.size == (int64_t)(3 * page));
    close(fd);
}

static void
inspect_finds_no_size_elsewhere(void)
{
    struct os_file_info info;
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(os_inspect(ends[0], &info) == 0);
    CHECK(!info.sized && info.size == 0);
    close(ends[0]);
    close(ends[1]);
}

static void
inspect_reports_failure(void)
{
    struct os_file_info info;
    CHECK(os_inspect(-2, &info) == EBADF);
}

static void
map_keeps_a_descriptor_of_its_own(void)
{
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * page, MAP_SHARED);
    CHECK(map.backing == OS_FILE_SHARED);
    CHECK(map.size == 2 * page && map.reserved >= map.size);
    CHECK(map.fd != fd && map.fd >= 0);
    CHECK((fcntl)(map.fd, F_GETFD, 0) & FD_CLOEXEC);
    CHECK(map.data[0] == 1 && map.data[page] == 2);
    map.data[1] = 77;
    CHECK(byte_in_file(fd, 1) == 77);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
map_without_a_descriptor(void)
{
    int fd = make_file(2);
    int before = open_descriptors();
    struct os_request request = {
        .fd = fd, .length = page, .offset = (int64_t)page,
        .flags = MAP_SHARED, .prot = PROT_READ,
    };
    struct os_mapping map;
    CHECK(os_map(&request, &map) == 0);
    CHECK(map.fd == OS_NO_FILE && open_descriptors() == before);
    CHECK(map.offset == (int64_t)page && map.data[0] == 2);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
map_knows_who_sees_a_change(void)
{
    int fd = make_file(1);
    struct os_mapping map = map_it(fd, page, MAP_PRIVATE);
    CHECK(map.backing == OS_FILE_PRIVATE);
    map.data[0] = 99;
    CHECK(byte_in_file(fd, 0) == 1);
    CHECK(os_unmap(&map) == 0);

    map = map_it(fd, page, MAP_SHARED | MAP_ANONYMOUS);
    CHECK(map.backing == OS_MEMORY_SHARED && map.data[0] == 0);
    CHECK(os_unmap(&map) == 0);

    map = map_it(OS_NO_FILE, page, MAP_SHARED);
    CHECK(map.backing == OS_MEMORY_SHARED && map.fd == OS_NO_FILE);
    CHECK(os_unmap(&map) == 0);

    map = map_it(OS_NO_FILE, page, MAP_PRIVATE);
    CHECK(map.backing == OS_MEMORY_PRIVATE);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
map_that_fails_leaves_no_descriptor(void)
{
    int fd = make_file(1);
    int before = open_descriptors();
    struct os_mapping map = {.data = NULL};
    struct os_request request = {
        .fd = fd, .length = page, .offset = 1, .flags = MAP_SHARED,
        .prot = PROT_READ, .keep_file = true,
    };
    CHECK(os_map(&request, &map) == EINVAL);
    request.offset = 0;
    request.length = 0;
    CHECK(os_map(&request, &map) == EINVAL);
    request.length = page;
    arm("mmap", ENOMEM);
    CHECK(os_map(&request, &map) == ENOMEM);
    arm("fcntl", EMFILE);
    CHECK(os_map(&request, &map) == EMFILE);
    request.fd = -2;
    CHECK(os_map(&request, &map) == EBADF);
    request.keep_file = false;
    CHECK(os_map(&request, &map) == EBADF);
    CHECK(open_descriptors() == before);
    CHECK(map.data == NULL);
    close(fd);
}

static void
unmap_gives_everything_back_once(void)
{
    int fd = make_file(1);
    int before = open_descriptors();
    struct os_mapping map = map_it(fd, page, MAP_SHARED);
    unsigned char *data = map.data;
    CHECK(open_descriptors() == before + 1);
    CHECK(os_unmap(&map) == 0);
    CHECK(map.data == NULL && map.size == 0 && map.fd == OS_NO_FILE);
    CHECK((msync)(data, page, MS_ASYNC) != 0 && errno == ENOMEM);
    CHECK(os_unmap(&map) == 0);
    CHECK(open_descriptors() == before);
    close(fd);
}

static void
unmap_that_fails_keeps_the_mapping(void)
{
    int fd = make_file(1);
    struct os_mapping map = map_it(fd, page, MAP_SHARED);
    struct os_mapping before = map;
    arm("munmap", ENOMEM);
    CHECK(os_unmap(&map) == ENOMEM);
    CHECK(same(&map, &before) && map.data[0] == 1);
    CHECK((fcntl)(map.fd, F_GETFD, 0) >= 0);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
file_size_is_that_of_now(void)
{
    int64_t size = -1;
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, page, MAP_SHARED);
    CHECK(os_file_size(&map, &size) == 0 && size == (int64_t)(2 * page));
    CHECK((ftruncate)(fd, 5) == 0);
    CHECK(os_file_size(&map, &size) == 0 && size == 5);
    arm("fstat", EIO);
    CHECK(os_file_size(&map, &size) == EIO && size == 5);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
flush_checks_flags_and_alignment(void)
{
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * page, MAP_SHARED);
    CHECK(os_flush(&map, 0, 2 * page, 0) == 0);
    CHECK(os_flush(&map, page, page, MS_ASYNC) == 0);
    CHECK(os_flush(&map, 0, page, MS_ASYNC | MS_SYNC) == EINVAL);
    arm("msync", EIO);
    CHECK(os_flush(&map, 0, page, 0) == EIO);
#ifdef __linux__
    CHECK(os_flush(&map, 1, 1, 0) == EINVAL);
#endif
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
resize_takes_a_shared_file_along(void)
{
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * page, MAP_SHARED);
    CHECK(os_resize(&map, 5 * page) == 0);
    CHECK(map.size == 5 * page && size_of(fd) == 5 * page);
    CHECK(map.data[page] == 2 && map.data[5 * page - 1] == 0);
    map.data[4 * page] = 55;
    CHECK(byte_in_file(fd, 4 * page) == 55);
    CHECK(os_resize(&map, 10) == 0);
    CHECK(map.size == 10 && size_of(fd) == 10 && map.data[9] == 1);
    CHECK(os_resize(&map, 10) == 0);
    CHECK(os_resize(&map, page + 1) == 0);
    CHECK(size_of(fd) == page + 1 && map.data[page] == 0);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
resize_counts_from_the_offset(void)
{
    int fd = make_file(3);
    struct os_request request = {
        .fd = fd, .length = 2 * page, .offset = (int64_t)page,
        .flags = MAP_SHARED, .prot = PROT_READ | PROT_WRITE,
        .keep_file = true,
    };
    struct os_mapping map;
    CHECK(os_map(&request, &map) == 0);
    CHECK(os_resize(&map, page) == 0);
    CHECK(size_of(fd) == 2 * page && map.data[0] == 2);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
resize_leaves_other_files_alone(void)
{
    int fd = make_file(3);
    struct os_mapping map = map_it(fd, page, MAP_PRIVATE);
    map.data[0] = 42;
    CHECK(os_resize(&map, 3 * page) == 0);
    CHECK(map.data[0] == 42 && map.data[2 * page] == 3);
    CHECK(os_resize(&map, page) == 0);
    CHECK(size_of(fd) == 3 * page && byte_in_file(fd, 0) == 1);
    CHECK(os_unmap(&map) == 0);

    map = map_it(fd, page, MAP_PRIVATE | MAP_ANONYMOUS);
    CHECK(os_resize(&map, 4 * page) == 0 && map.data[3 * page] == 0);
    CHECK(size_of(fd) == 3 * page);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
resize_to_nothing_fails(void)
{
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * page, MAP_SHARED);
    struct os_mapping before = map;
    CHECK(os_resize(&map, 0) == EINVAL);
    CHECK(same(&map, &before) && size_of(fd) == 2 * page);
    CHECK(map.data[page] == 2);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
growth_that_fails_changes_nothing(void)
{
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * page, MAP_SHARED);
    struct os_mapping before = map;

    arm("mremap", ENOMEM);
    CHECK(os_resize(&map, 9 * page) == ENOMEM);
    CHECK(same(&map, &before) && size_of(fd) == 2 * page);

    arm("ftruncate", EFBIG);
    CHECK(os_resize(&map, 9 * page) == EFBIG);
    CHECK(map.size == before.size && map.reserved == before.reserved);
    CHECK(map.data[page] == 2 && size_of(fd) == 2 * page);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
shrinking_that_fails_changes_nothing(void)
{
    int fd = make_file(3);
    struct os_mapping map = map_it(fd, 3 * page, MAP_SHARED);
    struct os_mapping before = map;
    arm("ftruncate", EPERM);
    CHECK(os_resize(&map, page) == EPERM);
    CHECK(same(&map, &before) && size_of(fd) == 3 * page);
    CHECK(map.data[2 * page] == 3);
    CHECK(os_unmap(&map) == 0);
    close(fd);

    map = map_it(OS_NO_FILE, 3 * page, MAP_PRIVATE);
    before = map;
    arm("mremap", ENOMEM);
    CHECK(os_resize(&map, page) == ENOMEM);
    CHECK(same(&map, &before));
    CHECK(os_unmap(&map) == 0);
}

/* The file is short already, and nothing can bring its end back. */
static void
shrinking_may_keep_address_space(void)
{
    int fd = make_file(3);
    struct os_mapping map = map_it(fd, 3 * page, MAP_SHARED);
    unsigned char *end = map.data + 2 * page;
    arm("mremap", ENOMEM);
    CHECK(os_resize(&map, page) == 0);
    CHECK(fired() && map.size == page && map.reserved == 3 * page);
    CHECK(size_of(fd) == page);
    CHECK(os_resize(&map, 2 * page) == 0);
    CHECK(map.size == 2 * page && map.data[page] == 0);
    CHECK(os_unmap(&map) == 0);
    CHECK((msync)(end, page, MS_ASYNC) != 0 && errno == ENOMEM);
    close(fd);
}

static void
memory_replaces_a_private_file(void)
{
    int fd = make_file(1);
    struct os_mapping map = map_it(fd, page, MAP_PRIVATE);
    struct os_mapping fresh;
    int kept = map.fd;
    unsigned char *data = map.data;

    CHECK(os_map_memory(&map, 3 * page, &fresh) == 0);
    CHECK(fresh.size == 3 * page && fresh.fd == OS_NO_FILE);
    CHECK(fresh.backing == OS_MEMORY_PRIVATE && fresh.data[0] == 0);
    CHECK(os_replace(&map, &fresh) == 0);
    CHECK(map.fd == kept && map.data == fresh.data && map.size == 3 * page);
    CHECK((msync)(data, page, MS_ASYNC) != 0 && errno == ENOMEM);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

static void
replacing_that_fails_changes_nothing(void)
{
    int fd = make_file(1);
    struct os_mapping map = map_it(fd, page, MAP_PRIVATE);
    struct os_mapping before = map;
    struct os_mapping fresh;

    arm("mmap", ENOMEM);
    CHECK(os_map_memory(&map, 3 * page, &fresh) == ENOMEM);
    CHECK(os_map_memory(&map, 3 * page, &fresh) == 0);
    arm("munmap", ENOMEM);
    CHECK(os_replace(&map, &fresh) == ENOMEM);
    CHECK(same(&map, &before) && map.data[0] == 1);
    CHECK(os_unmap(&fresh) == 0);
    CHECK(os_unmap(&map) == 0);
    close(fd);
}

/* Is the number of a child none of those before it?  So for its children. */
static bool
has_number_of_its_own(long *numbers, int n)
{
    for (int i = 0; i < n; i++) {
        if (os_process() == numbers[i]) {
            return false;
        }
    }
    if (n == 3) {
        return true;
    }
    numbers[n] = os_process();
    pid_t child = fork();
    if (child == 0) {
        _exit(has_number_of_its_own(numbers, n + 1) ? 0 : 1);
    }
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0
        && os_process() == numbers[n];
}

static void
processes_differ_from_their_parents(void)
{
    long numbers[3];
    (void)fflush(stdout);
    CHECK(has_number_of_its_own(numbers, 0));
}

static void
advice_is_passed_on(void)
{
    struct os_mapping map = map_it(OS_NO_FILE, 2 * page, MAP_PRIVATE);
    map.data[0] = 1;
    map.data[page] = 2;
#ifdef __linux__
    CHECK(os_advise(&map, page, page, MADV_DONTNEED) == 0);
    CHECK(map.data[0] == 1 && map.data[page] == 0);
#endif
    CHECK(os_advise(&map, 0, page, 12345) == EINVAL);
    arm("madvise", EIO);
    CHECK(os_advise(&map, 0, page, MADV_NORMAL) == EIO);
    CHECK(os_unmap(&map) == 0);
}

#ifdef __linux__

static enum os_risk
risk_of(int fd, int flags, int prot)
{
    struct os_request request = {
        .fd = fd, .length = page, .flags = flags, .prot = prot,
    };
    return os_risk_of(&request);
}

static void
risk_is_known(void)
{
    const int both = PROT_READ | PROT_WRITE;
    const int lazy = MAP_PRIVATE | MAP_NORESERVE;

    CHECK(risk_of(OS_NO_FILE, MAP_SHARED, both) == OS_NO_RISK);
    CHECK(risk_of(OS_NO_FILE, MAP_PRIVATE, PROT_READ) == OS_NO_RISK);
    CHECK(risk_of(OS_NO_FILE, lazy, both) == OS_MAY_BE_LOST);
    CHECK(risk_of(3, MAP_SHARED, both) == OS_MAY_BE_LOST);
    CHECK(risk_of(3, MAP_PRIVATE, PROT_READ | PROT_EXEC) == OS_MAY_BE_LOST);
    CHECK(risk_of(3, MAP_SHARED, PROT_WRITE) == OS_MAY_BE_FORBIDDEN);
    CHECK(risk_of(OS_NO_FILE, MAP_PRIVATE, PROT_NONE)
          == OS_MAY_BE_FORBIDDEN);
    CHECK(risk_of(OS_NO_FILE, MAP_PRIVATE, both | PROT_GROWSUP)
          == OS_MAY_BE_FORBIDDEN);
}

static void
risk_of_advice_is_known(void)
{
    const int poison = 100;     /* MADV_HWPOISON */
    const int guard = 102;      /* MADV_GUARD_INSTALL */

    CHECK(os_risk_of_advice(MADV_NORMAL) == OS_NO_RISK);
    CHECK(os_risk_of_advice(MADV_DONTNEED) == OS_NO_RISK);
    CHECK(os_risk_of_advice(poison) == OS_MAY_BE_FORBIDDEN);
    CHECK(os_risk_of_advice(guard) == OS_MAY_BE_FORBIDDEN);
}

#endif

static void
names_are_passed_on(void)
{
    struct os_mapping map = map_it(OS_NO_FILE, page, MAP_PRIVATE);
#if OS_HAS_ANNOTATE
    const char *name = "a name";
    CHECK(os_annotate(&map, name) == 0);
    CHECK(annotated[0] == PR_SET_VMA);
    CHECK(annotated[1] == PR_SET_VMA_ANON_NAME);
    CHECK(annotated[2] == (unsigned long)map.data && annotated[3] == page);
    arm("prctl", EINVAL);
    CHECK(os_annotate(&map, name) == EINVAL);
#else
    CHECK(os_annotate(&map, "a name") == ENOSYS);
#endif
    CHECK(os_unmap(&map) == 0);
}

int
main(void)
{
    page = (size_t)(sysconf)(_SC_PAGESIZE);
    RUN(granularity_is_the_page);
    RUN(granularity_reports_failure);
    RUN(inspect_knows_regular_files);
    RUN(inspect_finds_no_size_elsewhere);
    RUN(inspect_reports_failure);
    RUN(map_keeps_a_descriptor_of_its_own);
    RUN(map_without_a_descriptor);
    RUN(map_knows_who_sees_a_change);
    RUN(map_that_fails_leaves_no_descriptor);
    RUN(unmap_gives_everything_back_once);
    RUN(unmap_that_fails_keeps_the_mapping);
    RUN(file_size_is_that_of_now);
    RUN(flush_checks_flags_and_alignment);
#if OS_HAS_RESIZE
    RUN(resize_takes_a_shared_file_along);
    RUN(resize_counts_from_the_offset);
    RUN(resize_leaves_other_files_alone);
    RUN(resize_to_nothing_fails);
    RUN(growth_that_fails_changes_nothing);
    RUN(shrinking_that_fails_changes_nothing);
    RUN(shrinking_may_keep_address_space);
#endif
    RUN(memory_replaces_a_private_file);
    RUN(replacing_that_fails_changes_nothing);
    RUN(processes_differ_from_their_parents);
    RUN(advice_is_passed_on);
#ifdef __linux__
    RUN(risk_is_known);
    RUN(risk_of_advice_is_known);
#endif
    RUN(names_are_passed_on);
    return finish();
}
