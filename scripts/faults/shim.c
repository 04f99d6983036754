/* Stands between a process and its C library, and lets calls on files fail, or the process end.

   Loaded by LD_PRELOAD; faults/shim.py compiles it. Counted are calls on files below one directory:
   open for writing, write, fsync, rename, unlink, mkdir and ftruncate. The call of a chosen number
   fails in a chosen way; all are recorded, if a file is given, so that a loss of power can be
   replayed: one line of text for each, followed by the bytes that a write wrote. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOTHING, FAIL, KILL, SHORT };

static char below[PATH_MAX];
static size_t below_length;
static int mode, error_number, record = -1;
static long chosen, count;

/* What a process starts later is not counted: it may close the record and open others there. */
static void forget(void) { below_length = 0, record = -1; }

/* Counts and records from now on calls on files below `directory`; call number `k` goes wrong. */
void faults_begin(const char *directory, int how, int error, long k, const char *record_to) {
  snprintf(below, sizeof below, "%s", directory);
  pthread_atfork(NULL, NULL, forget);
  mode = how, error_number = error, chosen = k, count = 0;
  if (record_to[0]) record = open(record_to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  below_length = strlen(below);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static ssize_t put(int file, const void *bytes, size_t n) { return REAL(write)(file, bytes, n); }

/* A line of the record. */
void faults_note(const char *kind, const char *first, const char *second, const void *bytes,
                 size_t n) {
  char line[3 * PATH_MAX];
  if (record < 0) return;
  int length = snprintf(line, sizeof line, "%s\t%s\t%s\t%zu\n", kind, first, second, n);
  if (put(record, line, length) != length || (n && put(record, bytes, n) != (ssize_t)n)) abort();
}

static int counted(const char *path, char *whole) {
  char parent[PATH_MAX], *slash;
  if (!below_length) return 0;
  if (path[0] == '/') snprintf(whole, PATH_MAX, "%s", path);
  else {
    if (!getcwd(parent, sizeof parent)) return 0;
    snprintf(whole, PATH_MAX, "%s/%s", parent, path);
  }
  slash = whole + below_length;
  return !strncmp(whole, below, below_length) && (*slash == '/' || !*slash);
}

static int counted_file(int file, char *whole) {
  char link[64];
  if (!below_length || file == record) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, whole, PATH_MAX - 1);
  if (length < 0) return 0;
  whole[length] = 0;
  return counted(whole, whole + PATH_MAX);
}

/* The record ends with how many calls there were. */
void _exit(int code) {
  char number[32];
  snprintf(number, sizeof number, "%ld", count);
  faults_note("end", number, "", "", 0);
  REAL(_exit)(code);
  abort();
}

/* Whether the call that is about to be made is the one that goes wrong by an error. */
static int fails(void) {
  if (++count != chosen) return 0;
  if (mode == KILL) kill(getpid(), SIGKILL);
  if (mode != FAIL) return 0;
  errno = error_number;
  return 1;
}

#define PATHS char whole[2 * PATH_MAX], other[2 * PATH_MAX]; (void)other

static int opened(const char *path, int flags, mode_t permissions) {
  PATHS;
  int writes = (flags & O_ACCMODE) != O_RDONLY;
  if (!writes || !counted(path, whole)) return REAL(open)(path, flags, permissions);
  if (fails()) return -1;
  struct stat found;
  int there = stat(whole, &found) == 0;
  int file = REAL(open)(path, flags, permissions);
  if (file >= 0 && !there) faults_note("create", whole, "", "", 0);
  if (file >= 0 && there && (flags & O_TRUNC)) faults_note("truncate", whole, "0", "", 0);
  return file;
}

#define OPEN(name)                                                   \
  int name(const char *path, int flags, ...) {                       \
    va_list rest;                                                    \
    va_start(rest, flags);                                           \
    mode_t permissions = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                                    \
    return opened(path, flags, permissions);                         \
  }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void *bytes, size_t n) {
  PATHS;
  if (file > 2 && counted_file(file, whole)) {
    if (fails()) return -1;
    if (mode == SHORT && count == chosen && n > 1) n /= 2;
    ssize_t done = put(file, bytes, n);
    if (done > 0) faults_note("write", whole, "", bytes, done);
    return done;
  }
  ssize_t done = put(file, bytes, n);
  if (done > 0 && (file == 1 || file == 2)) faults_note("say", "", "", bytes, done);
  return done;
}

int fsync(int file) {
  PATHS;
  int ours = counted_file(file, whole);
  if (ours && fails()) return -1;
  int done = REAL(fsync)(file);
  if (ours && !done) faults_note("fsync", whole, "", "", 0);
  return done;
}

int ftruncate64(int file, off64_t length) {
  PATHS;
  int ours = counted_file(file, whole);
  if (ours && fails()) return -1;
  int done = REAL(ftruncate64)(file, length);
  snprintf(other, sizeof other, "%lld", (long long)length);
  if (ours && !done) faults_note("truncate", whole, other, "", 0);
  return done;
}

int rename(const char *from, const char *to) {
  PATHS;
  int ours = counted(from, whole) && counted(to, other);
  if (ours && fails()) return -1;
  int done = REAL(rename)(from, to);
  if (ours && !done) faults_note("rename", whole, other, "", 0);
  return done;
}

int unlink(const char *path) {
  PATHS;
  int ours = counted(path, whole);
  if (ours && fails()) return -1;
  int done = REAL(unlink)(path);
  if (ours && !done) faults_note("unlink", whole, "", "", 0);
  return done;
}

int mkdir(const char *path, mode_t permissions) {
  PATHS;
  int ours = counted(path, whole);
  if (ours && fails()) return -1;
  int done = REAL(mkdir)(path, permissions);
  if (ours && !done) faults_note("mkdir", whole, "", "", 0);
  return done;
}
