/* os_windows.c: os.h on Windows.

   No Python.h.  Error numbers are those of GetLastError().  A mapping is a
   view of a section, which Windows calls a file-mapping object; the section
   has a name if the map has a tag.

   Mapped files are never touched here.  Memory without a file is, when it is
   copied to change its size: Windows has promised its pages, so that nothing
   can fail. */

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602     /* Windows 8, the oldest that CPython ran on */
#endif

#include "os.h"

#include <windows.h>

#include <io.h>
#include <stdlib.h>
#include <string.h>

#ifdef __MINGW32__              /* has it, and does not declare it */
_invalid_parameter_handler __cdecl
_set_thread_local_invalid_parameter_handler(_invalid_parameter_handler new);
#endif

static int
last_error(void)
{
    DWORD error = GetLastError();
    return error != ERROR_SUCCESS ? (int)error : ERROR_GEN_FAILURE;
}

int
os_granularity(size_t *page, size_t *granularity)
{
    SYSTEM_INFO info;

    GetSystemInfo(&info);
    *page = info.dwPageSize;
    *granularity = info.dwAllocationGranularity;
    return 0;
}

static void
ignore_invalid_parameter(const wchar_t *expression, const wchar_t *function,
                         const wchar_t *file, unsigned int line,
                         uintptr_t reserved)
{
    (void)expression;
    (void)function;
    (void)file;
    (void)line;
    (void)reserved;
}

/* The handle behind a descriptor; the C library would end the process if it
   were asked for one that is not open. */
static int
handle_of(int fd, HANDLE *handle)
{
    _invalid_parameter_handler before =
        _set_thread_local_invalid_parameter_handler(ignore_invalid_parameter);
    intptr_t found = _get_osfhandle(fd);
    (void)_set_thread_local_invalid_parameter_handler(before);

    if (found == -1 || found == -2) {   /* -2: a stream without a device */
        return ERROR_INVALID_HANDLE;
    }
    *handle = (HANDLE)found;
    return 0;
}

static int
file_size(HANDLE file, int64_t *size)
{
    LARGE_INTEGER found;
    if (!GetFileSizeEx(file, &found)) {
        return last_error();
    }
    *size = found.QuadPart;
    return 0;
}

/* Leaves the file's position where it is. */
static int
set_file_size(HANDLE file, int64_t size)
{
    FILE_END_OF_FILE_INFO end;

    end.EndOfFile.QuadPart = size;
    return SetFileInformationByHandle(file, FileEndOfFileInfo, &end,
                                      sizeof(end)) ? 0 : last_error();
}

int
os_inspect(int fd, struct os_file_info *info)
{
    HANDLE file;
    int error = handle_of(fd, &file);
    if (error != 0) {
        return error;
    }
    int64_t size = 0;
    bool sized = GetFileType(file) == FILE_TYPE_DISK;
    if (sized) {
        error = file_size(file, &size);
        if (error != 0) {
            return error;
        }
    }
    info->sized = sized;
    info->size = size;
    return 0;
}

static int
duplicate(HANDLE handle, void **copy)
{
    HANDLE self = GetCurrentProcess();
    return DuplicateHandle(self, handle, self, copy, 0, FALSE,
                           DUPLICATE_SAME_ACCESS) ? 0 : last_error();
}

static void
drop(void **handle)
{
    if (*handle != NULL) {
        /* A duplicate: what this could report concerns the original. */
        (void)CloseHandle(*handle);
        *handle = NULL;
    }
}

static int
copy_tag(const wchar_t *tag, wchar_t **copy)
{
    *copy = NULL;
    if (tag != NULL) {
        *copy = _wcsdup(tag);
        if (*copy == NULL) {
            return ERROR_NOT_ENOUGH_MEMORY;
        }
    }
    return 0;
}

/* Give back all that belongs to a mapping that is not attached. */
static void
forget(struct os_mapping *map)
{
    drop(&map->file);
    free(map->tag);
    map->tag = NULL;
    map->data = NULL;
    map->size = 0;
    map->reserved = 0;
}

static DWORD
view_access(int prot)
{
    switch (prot) {
    case PAGE_READONLY:
        return FILE_MAP_READ;
    case PAGE_WRITECOPY:
        return FILE_MAP_COPY;
    default:
        return FILE_MAP_WRITE;
    }
}

/* Make the section of a mapping, `end` bytes long, on a file or on memory.
   *existed: somebody else has memory of this name, which it then is. */
static int
make_section(struct os_mapping *map, HANDLE file, int64_t end, bool *existed)
{
    SetLastError(ERROR_SUCCESS);
    map->section = CreateFileMappingW(file, NULL, (DWORD)map->prot,
                                      (DWORD)((uint64_t)end >> 32),
                                      (DWORD)(uint64_t)end, map->tag);
    if (map->section == NULL) {
        return last_error();
    }
    *existed = GetLastError() == ERROR_ALREADY_EXISTS;
    return 0;
}

static int
make_view(struct os_mapping *map, size_t size)
{
    map->data = MapViewOfFile(map->section, view_access(map->prot),
                              (DWORD)((uint64_t)map->offset >> 32),
                              (DWORD)(uint64_t)map->offset, size);
    if (map->data == NULL) {
        return last_error();
    }
    map->size = size;
    map->reserved = size;
    return 0;
}

/* Section and view of a mapping that has neither. */
static int
attach(struct os_mapping *map, HANDLE file, size_t size, bool *existed)
{
    if (size > (uint64_t)(INT64_MAX - map->offset)) {
        return ERROR_INVALID_PARAMETER;
    }
    int error = make_section(map, file, map->offset + (int64_t)size, existed);
    if (error == 0) {
        error = make_view(map, size);
        if (error != 0) {
            drop(&map->section);
        }
    }
    return error;
}

/* Give section and view back. */
static int
detach(struct os_mapping *map)
{
    if (!UnmapViewOfFile(map->data)) {
        return last_error();
    }
    map->data = NULL;
    drop(&map->section);
    return 0;
}

/* The same for a file whose size a section may have changed: back to it. */
static int
attach_file(struct os_mapping *map, HANDLE file, size_t size)
{
    bool existed;
    int64_t before = 0;
    bool sized = file_size(file, &before) == 0;
    int error = attach(map, file, size, &existed);
    if (error != 0 && sized) {
        int64_t now = before;
        (void)file_size(file, &now);
        if (now != before) {
            (void)set_file_size(file, before);
        }
    }
    return error;
}

static enum os_backing
backing_of(const struct os_request *request)
{
    if (request->fd != OS_NO_FILE) {
        return request->prot == PAGE_WRITECOPY ? OS_FILE_PRIVATE
                                               : OS_FILE_SHARED;
    }
    return request->tag != NULL ? OS_MEMORY_SHARED : OS_MEMORY_PRIVATE;
}

/* Windows extends a file before it looks at the offset. */
static int
check_offset(int64_t offset)
{
    size_t page;
    size_t granularity;

    (void)os_granularity(&page, &granularity);
    return offset % (int64_t)granularity == 0 ? 0 : ERROR_MAPPED_ALIGNMENT;
}

/* Memory, or the file of a request, whose handle the mapping keeps or not. */
static int
attach_request(struct os_mapping *map, const struct os_request *request)
{
    HANDLE file;
    bool existed;

    if (request->fd == OS_NO_FILE) {
        return attach(map, INVALID_HANDLE_VALUE, request->length, &existed);
    }
    int error = handle_of(request->fd, &file);
    if (error == 0 && request->keep_file) {
        error = duplicate(file, &map->file);
    }
    return error != 0 ? error : attach_file(map, file, request->length);
}

enum os_risk
os_risk_of(const struct os_request *request)
{
    (void)request;
    return OS_MAY_BE_FORBIDDEN;     /* no risk costs more than another */
}

int
os_map(const struct os_request *request, struct os_mapping *map)
{
    struct os_mapping fresh = {
        .offset = request->offset,
        .fd = OS_NO_FILE,
        .prot = request->prot,
        .backing = backing_of(request),
    };
    int error = check_offset(request->offset);
    if (error == 0) {
        error = copy_tag(request->tag, &fresh.tag);
    }
    if (error == 0) {
        error = attach_request(&fresh, request);
    }
    if (error != 0) {
        forget(&fresh);
        return error;
    }
    *map = fresh;
    return 0;
}

int
os_unmap(struct os_mapping *map)
{
    if (map->data == NULL) {
        return 0;
    }
    int error = detach(map);
    if (error == 0) {
        forget(map);
    }
    return error;
}

int
os_file_size(const struct os_mapping *map, int64_t *size)
{
    return file_size(map->file, size);
}

int
os_flush(const struct os_mapping *map, size_t start, size_t length,
         int flags)
{
    (void)flags;
    if (length == 0) {          /* which would mean "to the end" below */
        return 0;
    }
    if (!FlushViewOfFile(map->data + start, length)) {
        return last_error();
    }
    if (map->backing == OS_FILE_SHARED && map->file != NULL
        && !FlushFileBuffers(map->file))
    {
        return last_error();
    }
    return 0;
}

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Memory without a name: new memory with the old contents. */
static int
resize_memory(struct os_mapping *map, size_t size)
{
    struct os_mapping fresh;
    int error = os_map_memory(map, size, &fresh);
    if (error != 0) {
        return error;
    }
    memcpy(fresh.data, map->data, smaller(size, map->size));
    error = os_replace(map, &fresh);
    if (error != 0) {
        (void)os_unmap(&fresh);
    }
    return error;
}

/* Attach again, and fail if somebody else has memory of this name. */
static int
attach_alone(struct os_mapping *map, HANDLE file, size_t size)
{
    bool existed = false;
    int error = attach(map, file, size, &existed);
    if (!existed) {
        return error;
    }
    if (error == 0) {
        (void)detach(map);
    }
    return ERROR_USER_MAPPED_FILE;
}

/* Attach as before; true if what is attached now is somebody else's, too. */
static bool
restore(struct os_mapping *map, HANDLE file, size_t size)
{
    bool existed = false;
    if (attach(map, file, size, &existed) != 0) {
        forget(map);
    }
    return existed;
}

/* Memory with a name: only when the old is gone can the new have its name,
   so that the contents have to be somewhere else meanwhile. */
static int
resize_tagged(struct os_mapping *map, size_t size)
{
    struct os_mapping spare;
    size_t before = map->size;
    bool existed = false;
    int error = os_map_memory(map, before, &spare);
    if (error != 0) {
        return error;
    }
    memcpy(spare.data, map->data, before);
    error = detach(map);
    if (error == 0) {
        error = attach_alone(map, INVALID_HANDLE_VALUE, size);
        if (error != 0) {
            existed = restore(map, INVALID_HANDLE_VALUE, before);
        }
        if (map->data != NULL && !existed) {
            memcpy(map->data, spare.data, smaller(before, map->size));
        }
    }
    (void)os_unmap(&spare);
    return error;
}

/* Has anybody memory of this name? */
static bool
is_taken(const wchar_t *tag)
{
    void *section = NULL;
    if (tag != NULL) {
        section = OpenFileMappingW(FILE_MAP_READ, FALSE, tag);
    }
    bool taken = section != NULL;
    drop(&section);
    return taken;
}

/* Windows does not change a file's size, or not below the size of a section,
   while it is mapped. */
static int
resize_file(struct os_mapping *map, size_t size)
{
    int64_t file_before;
    size_t before = map->size;
    int error = file_size(map->file, &file_before);
    if (error == 0) {
        error = detach(map);
    }
    if (error != 0) {
        return error;
    }
    error = is_taken(map->tag) ? ERROR_USER_MAPPED_FILE
        : set_file_size(map->file, map->offset + (int64_t)size);
    if (error == 0) {
        error = attach_alone(map, map->file, size);
    }
    if (error != 0) {
        (void)set_file_size(map->file, file_before);
        (void)restore(map, map->file, before);
    }
    return error;
}

int
os_resize(struct os_mapping *map, size_t size)
{
    if (size == 0) {
        return ERROR_INVALID_PARAMETER;
    }
    switch (map->backing) {
    case OS_FILE_SHARED:
        return resize_file(map, size);
    case OS_MEMORY_SHARED:
        return resize_tagged(map, size);
    case OS_MEMORY_PRIVATE:
        return resize_memory(map, size);
    default:
        return ERROR_NOT_SUPPORTED;
    }
}

int
os_map_memory(const struct os_mapping *like, size_t size,
              struct os_mapping *fresh)
{
    struct os_request request = {
        .fd = OS_NO_FILE,
        .length = size,
        .prot = like->prot,
    };
    int error = os_map(&request, fresh);
    if (error == 0) {
        fresh->offset = like->offset;
    }
    return error;
}

int
os_replace(struct os_mapping *map, const struct os_mapping *fresh)
{
    struct os_mapping before = *map;
    int error = detach(map);
    if (error != 0) {
        return error;
    }
    *map = *fresh;
    map->file = before.file;
    map->tag = before.tag;
    return 0;
}

long
os_process(void)
{
    return (long)GetCurrentProcessId();
}

int
os_keep_forks_out(void)
{
    return 0;           /* no process is forked here */
}

void
os_let_forks_in(void)
{
}

enum os_risk
os_risk_of_advice(int advice)
{
    (void)advice;
    return OS_NO_RISK;              /* none can be given */
}

int
os_advise(const struct os_mapping *map, size_t start, size_t length,
          int advice)
{
    (void)map;
    (void)start;
    (void)length;
    (void)advice;
    return ERROR_CALL_NOT_IMPLEMENTED;
}

int
os_annotate(const struct os_mapping *map, const char *name)
{
    (void)map;
    (void)name;
    return ERROR_CALL_NOT_IMPLEMENTED;
}
