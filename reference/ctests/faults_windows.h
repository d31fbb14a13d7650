/* faults_windows.h: calls of Windows that can be made to fail.

   Include it before os_windows.c, which then calls the functions below.  A
   call that fails does nothing.  What is given back is counted. */

#ifndef FAULTS_WINDOWS_H
#define FAULTS_WINDOWS_H

#define WIN32_LEAN_AND_MEAN
#define _WIN32_WINNT 0x0602

#include <windows.h>

#include <io.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The calls of this name fail after so many that do not. */
static const char *armed_call;
static int armed_after;
static int armed_times;
static DWORD armed_error;

static void
arm_after(const char *call, int after, int times, DWORD error)
{
    armed_call = call;
    armed_after = after;
    armed_times = times;
    armed_error = error;
}

/* The next call of this name fails. */
static void
arm(const char *call, DWORD error)
{
    arm_after(call, 0, 1, error);
}

/* Was the armed call made as often as it was to fail? */
static bool
fired(void)
{
    return armed_times == 0;
}

static bool
fails(const char *call)
{
    if (armed_times == 0 || strcmp(armed_call, call) != 0) {
        return false;
    }
    if (armed_after > 0) {
        armed_after--;
        return false;
    }
    armed_times--;
    SetLastError(armed_error);
    return true;
}

static HANDLE
faulty_section(HANDLE file, DWORD protection, DWORD high, DWORD low,
               const wchar_t *name)
{
    return fails("section") ? NULL : CreateFileMappingW(file, NULL,
                                                        protection, high, low,
                                                        name);
}

static void *
faulty_view(HANDLE section, DWORD access, DWORD high, DWORD low, size_t size)
{
    return fails("view") ? NULL
                         : MapViewOfFile(section, access, high, low, size);
}

static BOOL
faulty_unmap(void *data)
{
    return fails("unmap") ? FALSE : UnmapViewOfFile(data);
}

static BOOL
faulty_flush_view(const void *data, size_t size)
{
    return fails("flush view") ? FALSE : FlushViewOfFile(data, size);
}

static BOOL
faulty_flush_file(HANDLE file)
{
    return fails("flush file") ? FALSE : FlushFileBuffers(file);
}

static BOOL
faulty_size(HANDLE file, LARGE_INTEGER *size)
{
    return fails("size") ? FALSE : GetFileSizeEx(file, size);
}

static BOOL
faulty_set_size(HANDLE file, FILE_INFO_BY_HANDLE_CLASS kind, void *details,
                DWORD size)
{
    return fails("set size")
        ? FALSE : SetFileInformationByHandle(file, kind, details, size);
}

static BOOL
faulty_duplicate(HANDLE from, HANDLE handle, HANDLE to, HANDLE *copy,
                 DWORD access, BOOL inherit, DWORD options)
{
    return fails("duplicate")
        ? FALSE : DuplicateHandle(from, handle, to, copy, access, inherit,
                                  options);
}

/* Handles that were closed, but were not open. */
static int wrong_closes;

static BOOL
counted_close(HANDLE handle)
{
    BOOL closed = CloseHandle(handle);
    wrong_closes += !closed;
    return closed;
}

/* Copies of tags that were not given back yet. */
static int tags_held;

static wchar_t *
faulty_copy(const wchar_t *tag)
{
    wchar_t *copy = fails("copy tag") ? NULL : _wcsdup(tag);
    tags_held += copy != NULL;
    return copy;
}

static void
counted_free(void *tag)
{
    tags_held -= tag != NULL;
    free(tag);
}

#define CreateFileMappingW(file, security, protection, high, low, name) \
    faulty_section(file, protection, high, low, name)
#define MapViewOfFile faulty_view
#define UnmapViewOfFile faulty_unmap
#define FlushViewOfFile faulty_flush_view
#define FlushFileBuffers faulty_flush_file
#define GetFileSizeEx faulty_size
#define SetFileInformationByHandle faulty_set_size
#define DuplicateHandle faulty_duplicate
#define CloseHandle counted_close
#define _wcsdup faulty_copy
#define free counted_free

#endif
