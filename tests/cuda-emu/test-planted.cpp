/* test-planted.cpp: that the emulation finds what it is there to find: kernels with one mistake each, in three orders.
 *
 * Speaks TAP by itself. A mistake that needs AddressSanitizer is skipped without it. Each trial is a process: finding a
 * mistake ends it.
 *
 * SPDX-License-Identifier: MIT
 */

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <sys/wait.h>
#include <unistd.h>

#include "emu-control.h"

extern "C" {
int cuCtxSetCurrent (void *context);
int cuMemAlloc_v2 (unsigned long long *address, size_t bytes);
int cuStreamCreate (void **stream, unsigned flags);
int cuStreamSynchronize (void *stream);
int cuModuleGetFunction (void **function, void *module, const char *name);
int cuMemcpyDtoHAsync_v2 (void *dst, unsigned long long src, size_t bytes, void *stream);
int cuLaunchKernel (void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                    unsigned block_y, unsigned block_z, unsigned shared_bytes, void *stream, void **params, void **extra);
}

namespace
{

#if defined (__SANITIZE_ADDRESS__)
constexpr bool has_sanitizer = true;
#else
constexpr bool has_sanitizer = false;
#endif

constexpr unsigned N_THREADS = 64;

/* How a trial ends. */
enum Verdict
{
  SOUND = 0,
  FOUND = 70, /* the emulation's own finding */
  NOT_A_NUMBER = 71,
  OTHER = 99, /* the sanitizer's */
};

struct Planted
{
  const char *name;
  Verdict     expected;
  bool        host_pointer; /* pass an address of the host's instead of the device's */
};

const Planted all[] = {
  { "planted_sound", SOUND, false },
  { "planted_no_barrier", NOT_A_NUMBER, false },
  { "planted_uninitialised", NOT_A_NUMBER, false },
  { "planted_two_barriers", FOUND, false },
  { "planted_mixed", FOUND, false },
  { "planted_lane_gone", FOUND, false },
  { "planted_unaligned_matrix", FOUND, false },
  { "planted_sound", FOUND, true },
  { "planted_beyond_end", OTHER, false },
  { "planted_beyond_shared", OTHER, false },
};

/* Runs one kernel on one block and looks at what it wrote. */
Verdict
run (const Planted &planted)
{
  float result[N_THREADS] = {};
  unsigned long long dst = 0;
  void *stream = nullptr;
  void *function = nullptr;
  void *params[] = { &dst };

  cuCtxSetCurrent (result);
  cuMemAlloc_v2 (&dst, sizeof result);
  cuStreamCreate (&stream, 0);
  cuModuleGetFunction (&function, nullptr, planted.name);
  if (planted.host_pointer)
    dst = reinterpret_cast<uintptr_t> (result);
  cuLaunchKernel (function, 1, 1, 1, N_THREADS, 1, 1, sizeof result, stream, params, nullptr);
  cuMemcpyDtoHAsync_v2 (result, dst, sizeof result, stream);
  cuStreamSynchronize (stream);
  for (float value : result)
    if (std::isnan (value))
      return NOT_A_NUMBER;
  return SOUND;
}

int
run_apart (const Planted &planted,
           const char    *order)
{
  pid_t child = fork ();
  int status = 0;

  if (child == 0)
    {
      setenv ("EMU_ORDER", order, 1);
      std::_Exit (run (planted));
    }
  waitpid (child, &status, 0);
  if (!WIFEXITED (status))
    return OTHER;
  return WEXITSTATUS (status) == SOUND || WEXITSTATUS (status) == NOT_A_NUMBER || WEXITSTATUS (status) == FOUND
             ? WEXITSTATUS (status)
             : OTHER;
}

} /* namespace */

int
main ()
{
  int number = 0;
  int n_wrong = 0;

  for (const Planted &planted : all)
    for (const char *order : { "asc", "desc", "5" })
      {
        bool skipped = planted.expected == OTHER && !has_sanitizer;
        int verdict = skipped ? OTHER : run_apart (planted, order);
        bool right = verdict == planted.expected;

        n_wrong += !right;
        std::printf ("%s %d %s%s in order %s%s\n", right ? "ok" : "not ok", ++number, planted.name,
                     planted.host_pointer ? " with a pointer of the host's" : "", order,
                     skipped ? " # SKIP needs AddressSanitizer" : "");
        std::fflush (stdout);
      }
  std::printf ("1..%d\n", number);
  return n_wrong > 0;
}
