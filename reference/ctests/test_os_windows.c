/* test_os_windows.c: every function of os.h on Windows, when it works and
   when a call of Windows fails: then nothing may have changed. */

#include "faults_windows.h"

#include "../src/_mmap/os_windows.c"

#undef free             /* from here on it is not for tags */

#include "harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define UNIT ((size_t)65536)

static wchar_t path[MAX_PATH];

/* A new file of some units, each byte of which is the number of its unit + 1,
   opened. */
static int
make_file(size_t units)
{
    wchar_t folder[MAX_PATH];
    if (GetTempPathW(MAX_PATH, folder) == 0
        || GetTempFileNameW(folder, L"map", 0, path) == 0)
    {
        printf("no temporary file\n");
        exit(2);
    }
    int fd = _wopen(path, _O_RDWR | _O_BINARY | _O_TRUNC);
    unsigned char *bytes = malloc(UNIT);
    for (size_t i = 0; i < units; i++) {
        memset(bytes, (int)i + 1, UNIT);
        if (_write(fd, bytes, (unsigned int)UNIT) != (int)UNIT) {
            printf("no room for a temporary file\n");
            exit(2);
        }
    }
    free(bytes);
    return fd;
}

/* Close and remove the file; false if it is still in use. */
static bool
remove_file(int fd)
{
    _close(fd);
    return DeleteFileW(path);
}

static long long
size_of(int fd)
{
    return _filelengthi64(fd);
}

/* Windows hands out small multiples of 4. */
static int
open_handles(void)
{
    int count = 0;
    DWORD flags;
    for (uintptr_t handle = 4; handle < 4096; handle += 4) {
        count += GetHandleInformation((HANDLE)handle, &flags) != 0;
    }
    return count;
}

static bool
same(const struct os_mapping *a, const struct os_mapping *b)
{
    return a->data == b->data && a->size == b->size
        && a->reserved == b->reserved && a->offset == b->offset
        && a->prot == b->prot && a->backing == b->backing
        && a->file == b->file && a->section == b->section
        && a->tag == b->tag;
}

static struct os_request
request_for(int fd, size_t length)
{
    return (struct os_request){
        .fd = fd,
        .length = length,
        .prot = PAGE_READWRITE,
        .keep_file = true,
    };
}

static struct os_mapping
map_request(struct os_request request)
{
    struct os_mapping map = {.data = NULL};
    CHECK(os_map(&request, &map) == 0);
    if (map.data == NULL) {
        exit(2);
    }
    return map;
}

static struct os_mapping
map_it(int fd, size_t length)
{
    return map_request(request_for(fd, length));
}

static struct os_mapping
map_tag(const wchar_t *tag, size_t length)
{
    struct os_request request = request_for(OS_NO_FILE, length);
    request.tag = tag;
    return map_request(request);
}

static void
granularity_is_the_system_s(void)
{
    size_t page = 0;
    size_t granularity = 0;
    CHECK(os_granularity(&page, &granularity) == 0);
    CHECK(page == 4096 && granularity == UNIT);
}

static void
inspect_knows_files(void)
{
    struct os_file_info info;
    int ends[2];
    int fd = make_file(2);
    CHECK(os_inspect(fd, &info) == 0);
    CHECK(info.sized && info.size == (int64_t)(2 * UNIT));
    arm("size", ERROR_CRC);
    CHECK(os_inspect(fd, &info) == ERROR_CRC);
    CHECK(remove_file(fd));

    CHECK(_pipe(ends, 100, _O_BINARY) == 0);
    CHECK(os_inspect(ends[0], &info) == 0);
    CHECK(!info.sized && info.size == 0);
    _close(ends[0]);
    _close(ends[1]);
}

static void
bad_descriptors_are_errors(void)
{
    struct os_file_info info;
    struct os_mapping map = {.data = NULL};
    int fd = make_file(1);
    int bad[] = {-2, -1000, 999, INT_MAX, fd};

    CHECK(remove_file(fd));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct os_request request = request_for(bad[i], 10);
        CHECK(os_inspect(bad[i], &info) == ERROR_INVALID_HANDLE);
        CHECK(os_map(&request, &map) == ERROR_INVALID_HANDLE);
        CHECK(map.data == NULL);
    }
    CHECK(_set_thread_local_invalid_parameter_handler(NULL) == NULL);
}

static void
map_keeps_a_handle_of_its_own(void)
{
    int fd = make_file(2);
    int before = open_handles();
    struct os_mapping map = map_it(fd, 2 * UNIT);
    int64_t size = 0;

    CHECK(map.backing == OS_FILE_SHARED && map.fd == OS_NO_FILE);
    CHECK(map.size == 2 * UNIT && map.reserved >= map.size);
    CHECK(map.data[0] == 1 && map.data[UNIT] == 2);
    CHECK(open_handles() == before + 2);
    CHECK(!remove_file(fd));
    CHECK(os_file_size(&map, &size) == 0 && size == (int64_t)(2 * UNIT));
    CHECK(os_unmap(&map) == 0);
    CHECK(open_handles() == before - 1);
    CHECK(DeleteFileW(path));
}

static void
map_without_a_handle(void)
{
    int fd = make_file(2);
    int before = open_handles();
    struct os_request request = request_for(fd, UNIT);
    request.keep_file = false;
    request.offset = (int64_t)UNIT;
    struct os_mapping map = map_request(request);

    CHECK(map.file == NULL && open_handles() == before + 1);
    CHECK(map.offset == (int64_t)UNIT && map.data[0] == 2);
    map.data[0] = 9;
    CHECK(os_flush(&map, 0, UNIT, 0) == 0);
    CHECK(os_unmap(&map) == 0);
    unsigned char byte = 0;
    CHECK(_lseeki64(fd, (long long)UNIT, SEEK_SET) == (long long)UNIT);
    CHECK(_read(fd, &byte, 1) == 1 && byte == 9);
    CHECK(remove_file(fd));
}

static void
copies_are_private(void)
{
    int fd = make_file(1);
    struct os_request request = request_for(fd, UNIT);
    request.prot = PAGE_WRITECOPY;
    struct os_mapping copy = map_request(request);
    struct os_mapping map = map_it(fd, UNIT);

    CHECK(copy.backing == OS_FILE_PRIVATE);
    copy.data[0] = 99;
    CHECK(map.data[0] == 1);
    CHECK(os_resize(&copy, 10) == ERROR_NOT_SUPPORTED);
    CHECK(os_unmap(&copy) == 0 && os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
mapping_extends_the_file(void)
{
    int fd = make_file(1);
    struct os_mapping map = map_it(fd, UNIT + 10);
    CHECK(size_of(fd) == (long long)UNIT + 10);
    CHECK(map.data[UNIT - 1] == 1 && map.data[UNIT + 9] == 0);
    CHECK(os_unmap(&map) == 0);

    struct os_request request = request_for(fd, 10);
    request.offset = (int64_t)(3 * UNIT);
    map = map_request(request);
    CHECK(size_of(fd) == (long long)(3 * UNIT) + 10);
    CHECK(os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
reading_does_not_extend(void)
{
    int fd = make_file(1);
    struct os_mapping map = {.data = NULL};
    struct os_request request = request_for(fd, UNIT + 1);
    int protections[] = {PAGE_READONLY, PAGE_WRITECOPY};

    for (int i = 0; i < 2; i++) {
        request.prot = protections[i];
        CHECK(os_map(&request, &map) == ERROR_NOT_ENOUGH_MEMORY);
        CHECK(size_of(fd) == (long long)UNIT && map.data == NULL);
    }
    CHECK(remove_file(fd));
}

static void
map_that_fails_changes_nothing(void)
{
    int fd = make_file(1);
    int before = open_handles();
    struct os_mapping map = {.data = NULL};
    struct os_request request = request_for(fd, 3 * UNIT);
    const char *calls[] = {"duplicate", "section", "view"};

    for (int i = 0; i < 3; i++) {
        arm(calls[i], ERROR_COMMITMENT_LIMIT);
        CHECK(os_map(&request, &map) == ERROR_COMMITMENT_LIMIT && fired());
        CHECK(map.data == NULL && size_of(fd) == (long long)UNIT);
    }
    for (int64_t offset = 1; offset <= 4096; offset += 4095) {
        request.offset = offset;
        CHECK(os_map(&request, &map) == ERROR_MAPPED_ALIGNMENT);
        CHECK(size_of(fd) == (long long)UNIT);
    }
    request.offset = INT64_MAX - (int64_t)UNIT + 1;
    CHECK(os_map(&request, &map) == ERROR_INVALID_PARAMETER);
    request.offset = 0;
    arm("section", ERROR_SUCCESS);      /* that is no error to return */
    CHECK(os_map(&request, &map) == ERROR_GEN_FAILURE);
    CHECK(open_handles() == before);
    CHECK(remove_file(fd));
}

static void
offsets_have_64_bits(void)
{
    int fd = make_file(0);
    int64_t far_away = ((int64_t)1 << 32) + (int64_t)UNIT;
    struct os_request request = request_for(fd, 10);
    request.offset = far_away;
    struct os_mapping map = map_request(request);

    CHECK(size_of(fd) == far_away + 10);
    memcpy(map.data, "far away", 8);
    CHECK(os_resize(&map, 20) == 0 && size_of(fd) == far_away + 20);
    CHECK(memcmp(map.data, "far away", 8) == 0);
    CHECK(os_unmap(&map) == 0);
    char text[8];
    CHECK(_lseeki64(fd, far_away, SEEK_SET) == far_away);
    CHECK(_read(fd, text, 8) == 8 && memcmp(text, "far away", 8) == 0);
    CHECK(remove_file(fd));
}

static void
memory_is_zero_and_not_empty(void)
{
    struct os_mapping map = map_it(OS_NO_FILE, 100);
    struct os_request nothing = request_for(OS_NO_FILE, 0);

    CHECK(map.backing == OS_MEMORY_PRIVATE && map.data[99] == 0);
    CHECK(os_unmap(&map) == 0);
    CHECK(os_map(&nothing, &map) == ERROR_INVALID_PARAMETER);
}

static void
tags_name_memory(void)
{
    const wchar_t *tag = L"mmap-os-\u0171\u4e2d\U0001F40D";
    int before = open_handles();
    struct os_mapping first = map_tag(tag, 100);
    struct os_mapping second = map_tag(tag, 100);
    struct os_mapping other = map_tag(L"mmap-os-\u0171\u4e2d\U0001F40E", 100);

    CHECK(first.backing == OS_MEMORY_SHARED);
    first.data[5] = 55;
    CHECK(second.data[5] == 55 && other.data[5] == 0);
    struct os_mapping third = {.data = NULL};
    struct os_request larger = request_for(OS_NO_FILE, 40 * UNIT);
    larger.tag = tag;
    CHECK(os_map(&larger, &third) == ERROR_ACCESS_DENIED);
    CHECK(third.data == NULL);
    arm("copy tag", ERROR_SUCCESS);
    CHECK(os_map(&larger, &third) == ERROR_NOT_ENOUGH_MEMORY);
    CHECK(third.data == NULL && tags_held == 3);
    CHECK(os_unmap(&first) == 0 && os_unmap(&second) == 0
          && os_unmap(&other) == 0);
    CHECK(open_handles() == before && tags_held == 0);
}

static void
unmap_gives_back_once(void)
{
    int before = open_handles();
    struct os_mapping map = map_tag(L"mmap-os-once", 100);
    struct os_mapping kept = map;

    arm("unmap", ERROR_INVALID_ADDRESS);
    CHECK(os_unmap(&map) == ERROR_INVALID_ADDRESS);
    CHECK(same(&map, &kept) && map.data[0] == 0);
    CHECK(os_unmap(&map) == 0);
    CHECK(map.data == NULL && map.size == 0 && map.reserved == 0);
    CHECK(map.fd == OS_NO_FILE && map.tag == NULL && tags_held == 0);
    CHECK(os_unmap(&map) == 0);
    CHECK(open_handles() == before);
}

static void
file_size_is_that_of_now(void)
{
    int64_t size = -1;
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, UNIT);
    CHECK(os_file_size(&map, &size) == 0 && size == (int64_t)(2 * UNIT));
    CHECK(_chsize_s(fd, (long long)(5 * UNIT)) == 0);
    CHECK(os_file_size(&map, &size) == 0 && size == (int64_t)(5 * UNIT));
    arm("size", ERROR_CRC);
    CHECK(os_file_size(&map, &size) == ERROR_CRC);
    CHECK(size == (int64_t)(5 * UNIT));
    CHECK(os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
flush_asks_windows_for_both(void)
{
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * UNIT);
    struct os_mapping memory = map_it(OS_NO_FILE, UNIT);

    CHECK(os_flush(&map, 0, 2 * UNIT, 0) == 0);
    CHECK(os_flush(&map, 5000, 3, 0) == 0);
    CHECK(os_flush(&memory, 0, UNIT, 0) == 0);
    arm("flush view", ERROR_LOCK_VIOLATION);
    CHECK(os_flush(&map, 0, 10, 0) == ERROR_LOCK_VIOLATION);
    arm("flush file", ERROR_DISK_FULL);
    CHECK(os_flush(&map, 2 * UNIT, 0, 0) == 0 && !fired());
    CHECK(os_flush(&memory, 0, 10, 0) == 0 && !fired());
    CHECK(os_flush(&map, 0, 10, 0) == ERROR_DISK_FULL && fired());
    CHECK(os_unmap(&map) == 0 && os_unmap(&memory) == 0);
    CHECK(remove_file(fd));
}

static void
resize_takes_the_file_along(void)
{
    int fd = make_file(2);
    int before = open_handles();
    struct os_mapping map = map_it(fd, 2 * UNIT);

    CHECK(os_resize(&map, 5 * UNIT) == 0);
    CHECK(map.size == 5 * UNIT && size_of(fd) == (long long)(5 * UNIT));
    CHECK(map.data[UNIT] == 2 && map.data[5 * UNIT - 1] == 0);
    map.data[9] = 77;
    CHECK(os_resize(&map, 10) == 0);
    CHECK(map.size == 10 && size_of(fd) == 10 && map.data[9] == 77);
    CHECK(os_resize(&map, 10) == 0);
    CHECK(os_resize(&map, 11) == 0 && size_of(fd) == 11);
    CHECK(map.data[10] == 0);
    CHECK(os_resize(&map, 0) == ERROR_INVALID_PARAMETER);
    CHECK(map.size == 11 && size_of(fd) == 11);
    CHECK(os_unmap(&map) == 0 && open_handles() == before);
    CHECK(remove_file(fd));
}

static void
resize_counts_from_the_offset(void)
{
    int fd = make_file(3);
    struct os_request request = request_for(fd, UNIT);
    request.offset = (int64_t)UNIT;
    struct os_mapping map = map_request(request);

    CHECK(os_resize(&map, 100) == 0);
    CHECK(size_of(fd) == (long long)UNIT + 100 && map.data[99] == 2);
    CHECK(os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
resize_respects_other_maps(void)
{
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * UNIT);
    struct os_mapping other = map_it(fd, 2 * UNIT);

    CHECK(os_resize(&map, UNIT) == ERROR_USER_MAPPED_FILE);
    CHECK(map.size == 2 * UNIT && size_of(fd) == (long long)(2 * UNIT));
    CHECK(map.data[UNIT] == 2 && other.data[UNIT] == 2);
    map.data[0] = 42;
    CHECK(other.data[0] == 42);
    CHECK(os_resize(&map, 3 * UNIT) == 0 && other.size == 2 * UNIT);
    CHECK(os_unmap(&other) == 0);
    CHECK(os_resize(&map, UNIT) == 0 && size_of(fd) == (long long)UNIT);
    CHECK(os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
resize_that_fails_keeps_file_and_map(void)
{
    const char *calls[] = {"size", "unmap", "set size", "section", "view"};
    size_t sizes[] = {UNIT, 9 * UNIT};
    int fd = make_file(2);
    struct os_mapping map = map_it(fd, 2 * UNIT);
    int before = open_handles();

    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 2; j++) {
            arm(calls[i], ERROR_DISK_FULL);
            CHECK(os_resize(&map, sizes[j]) == ERROR_DISK_FULL && fired());
            CHECK(map.size == 2 * UNIT && map.reserved == 2 * UNIT);
            CHECK(size_of(fd) == (long long)(2 * UNIT));
            CHECK(map.data != NULL && map.data[0] == 1);
            CHECK(open_handles() == before);
        }
    }
    CHECK(os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
resize_that_fails_twice_loses_the_map(void)
{
    int fd = make_file(2);
    int before = open_handles();
    struct os_mapping map = map_it(fd, 2 * UNIT);

    arm_after("view", 0, 2, ERROR_COMMITMENT_LIMIT);
    CHECK(os_resize(&map, 3 * UNIT) == ERROR_COMMITMENT_LIMIT && fired());
    CHECK(map.data == NULL && map.size == 0);
    CHECK(size_of(fd) == (long long)(2 * UNIT));
    CHECK(open_handles() == before);
    CHECK(os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
resize_copies_memory(void)
{
    int before = open_handles();
    struct os_mapping map = map_it(OS_NO_FILE, 100);
    memset(map.data, 7, 100);
    CHECK(os_resize(&map, 3 * UNIT) == 0 && map.size == 3 * UNIT);
    CHECK(map.data[99] == 7 && map.data[100] == 0);
    CHECK(os_resize(&map, 50) == 0 && map.size == 50 && map.data[49] == 7);

    const char *calls[] = {"section", "view", "unmap"};
    for (int i = 0; i < 3; i++) {
        struct os_mapping kept = map;
        arm(calls[i], ERROR_COMMITMENT_LIMIT);
        CHECK(os_resize(&map, UNIT) == ERROR_COMMITMENT_LIMIT && fired());
        CHECK(same(&map, &kept) && map.data[49] == 7);
    }
    CHECK(os_unmap(&map) == 0 && open_handles() == before);
}

static void
resize_keeps_the_tag(void)
{
    int before = open_handles();
    struct os_mapping map = map_tag(L"mmap-os-resized", 100);
    memset(map.data, 7, 100);
    CHECK(os_resize(&map, 3 * UNIT) == 0 && map.size == 3 * UNIT);
    CHECK(map.data[99] == 7 && map.data[100] == 0);

    struct os_mapping other = map_tag(L"mmap-os-resized", 3 * UNIT);
    CHECK(other.data[99] == 7);
    CHECK(os_resize(&map, 9 * UNIT) == ERROR_USER_MAPPED_FILE);
    CHECK(os_resize(&map, 10) == ERROR_USER_MAPPED_FILE);
    CHECK(map.size == 3 * UNIT && map.data[99] == 7);
    map.data[0] = 42;
    CHECK(other.data[0] == 42);
    CHECK(os_unmap(&other) == 0);

    arm("section", ERROR_COMMITMENT_LIMIT);
    CHECK(os_resize(&map, UNIT) == ERROR_COMMITMENT_LIMIT && fired());
    CHECK(map.size == 3 * UNIT && map.data[0] == 42);
    const char *calls[] = {"section", "view"};
    for (int i = 0; i < 2; i++) {       /* the spare's is the first */
        arm_after(calls[i], 1, 1, ERROR_COMMITMENT_LIMIT);
        CHECK(os_resize(&map, UNIT) == ERROR_COMMITMENT_LIMIT && fired());
        CHECK(map.size == 3 * UNIT && map.data[0] == 42);
        CHECK(map.data[99] == 7);
    }
    arm_after("view", 1, 2, ERROR_COMMITMENT_LIMIT);
    CHECK(os_resize(&map, UNIT) == ERROR_COMMITMENT_LIMIT && fired());
    CHECK(map.data == NULL && open_handles() == before);
}

static void
tagged_files_are_not_resized_for_others(void)
{
    int fd = make_file(2);
    struct os_request request = request_for(fd, UNIT);
    request.tag = L"mmap-os-file";
    struct os_mapping map = map_request(request);
    struct os_mapping other = map_request(request);

    CHECK(os_resize(&map, 4 * UNIT) == ERROR_USER_MAPPED_FILE);
    CHECK(map.size == UNIT && size_of(fd) == (long long)(2 * UNIT));
    CHECK(os_unmap(&other) == 0);
    CHECK(os_resize(&map, 4 * UNIT) == 0);
    other = map_tag(L"mmap-os-file", UNIT);
    CHECK(other.data[0] == 1);
    CHECK(os_unmap(&other) == 0 && os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
memory_takes_the_place_of_a_file(void)
{
    int fd = make_file(2);
    struct os_request request = request_for(fd, UNIT);
    request.prot = PAGE_WRITECOPY;
    request.offset = (int64_t)UNIT;
    struct os_mapping map = map_request(request);
    struct os_mapping before = map;
    struct os_mapping fresh;

    CHECK(os_map_memory(&map, 3 * UNIT, &fresh) == 0);
    CHECK(fresh.size == 3 * UNIT && fresh.file == NULL);
    CHECK(fresh.offset == (int64_t)UNIT);
    arm("unmap", ERROR_INVALID_ADDRESS);
    CHECK(os_replace(&map, &fresh) == ERROR_INVALID_ADDRESS);
    CHECK(same(&map, &before) && map.data[0] == 2);
    CHECK(os_replace(&map, &fresh) == 0);
    CHECK(map.file == before.file && map.data == fresh.data);
    CHECK(map.size == 3 * UNIT);
    CHECK(os_unmap(&map) == 0);
    CHECK(remove_file(fd));
}

static void
what_windows_lacks_is_an_error(void)
{
    struct os_mapping map = map_it(OS_NO_FILE, 100);
    CHECK(os_advise(&map, 0, 100, 1) == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(os_annotate(&map, "name") == ERROR_CALL_NOT_IMPLEMENTED);
    CHECK(os_process() == (long)GetCurrentProcessId());
    CHECK(os_unmap(&map) == 0);
}

/* Of all the tests before. */
static void
nothing_was_given_back_twice(void)
{
    CHECK(wrong_closes == 0);
    CHECK(tags_held == 0);
}

int
main(void)
{
    RUN(granularity_is_the_system_s);
    RUN(inspect_knows_files);
    RUN(bad_descriptors_are_errors);
    RUN(map_keeps_a_handle_of_its_own);
    RUN(map_without_a_handle);
    RUN(copies_are_private);
    RUN(mapping_extends_the_file);
    RUN(reading_does_not_extend);
    RUN(map_that_fails_changes_nothing);
    RUN(offsets_have_64_bits);
    RUN(memory_is_zero_and_not_empty);
    struct os_mapping first = map_tag(L"mmap-os-first", 1);
    CHECK(os_unmap(&first) == 0);   /* Windows opens its folder of names */
    RUN(tags_name_memory);
    RUN(unmap_gives_back_once);
    RUN(file_size_is_that_of_now);
    RUN(flush_asks_windows_for_both);
    RUN(resize_takes_the_file_along);
    RUN(resize_counts_from_the_offset);
    RUN(resize_respects_other_maps);
    RUN(resize_that_fails_keeps_file_and_map);
    RUN(resize_that_fails_twice_loses_the_map);
    RUN(resize_copies_memory);
    RUN(resize_keeps_the_tag);
    RUN(tagged_files_are_not_resized_for_others);
    RUN(memory_takes_the_place_of_a_file);
    RUN(what_windows_lacks_is_an_error);
    RUN(nothing_was_given_back_twice);
    return finish();
}
