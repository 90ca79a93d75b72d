/* test-planted.cpp: that the emulation finds what it is there to find: kernels with one mistake each, in three orders.
 *
 * Speaks TAP by itself. A mistake that needs a sanitizer is skipped without it. Each trial is a process: finding a
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
int cuStreamCreateWithPriority (void **stream, unsigned flags, int priority);
int cuStreamSynchronize (void *stream);
int cuModuleGetFunction (void **function, void *module, const char *name);
int cuMemcpyDtoHAsync_v2 (void *dst, unsigned long long src, size_t bytes, void *stream);
int cuLaunchKernel (void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                    unsigned block_y, unsigned block_z, unsigned shared_bytes, void *stream, void **params, void **extra);
}

/* The first race ends the process. */
#if defined (__SANITIZE_THREAD__)
extern "C" const char *
__tsan_default_options ()
{
  return "halt_on_error=1:exitcode=66";
}
#endif

namespace
{

#if defined (__SANITIZE_ADDRESS__)
constexpr bool has_asan = true;
#else
constexpr bool has_asan = false;
#endif

#if defined (__SANITIZE_THREAD__)
constexpr bool has_tsan = true;
#else
constexpr bool has_tsan = false;
#endif

constexpr unsigned N_THREADS = 64;

/* How a trial ends. */
enum Verdict
{
  SOUND = 0,
  FOUND = 70, /* the emulation's own finding */
  NOT_A_NUMBER = 71,
  OTHER = 99, /* AddressSanitizer's */
  RACE = 66,  /* ThreadSanitizer's */
};

struct Planted
{
  const char *name;
  Verdict     expected;
  bool        host_pointer = false; /* pass an address of the host's instead of the device's */
  bool        race = false;         /* ThreadSanitizer finds it too */
};

const Planted all[] = {
  { "planted_sound", SOUND, false },
  { "planted_no_barrier", NOT_A_NUMBER, false, true },
  { "planted_race", RACE, false, true },
  { "planted_same_place", RACE, false, true },
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
  cuStreamCreateWithPriority (&stream, 0, 0);
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
  for (Verdict known : { SOUND, NOT_A_NUMBER, FOUND, RACE })
    if (WEXITSTATUS (status) == known)
      return known;
  return OTHER;
}

/* The sanitizer without which @planted is not found, or NULL. */
const char *
get_missing (const Planted &planted)
{
  if (planted.expected == OTHER && !has_asan)
    return "AddressSanitizer";
  return planted.expected == RACE && !has_tsan ? "ThreadSanitizer" : nullptr;
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
        int expected = planted.race && has_tsan ? RACE : planted.expected;
        const char *missing = get_missing (planted);
        bool right = missing != nullptr || run_apart (planted, order) == expected;

        n_wrong += !right;
        std::printf ("%s %d %s%s in order %s%s%s\n", right ? "ok" : "not ok", ++number, planted.name,
                     planted.host_pointer ? " with a pointer of the host's" : "", order,
                     missing != nullptr ? " # SKIP needs " : "", missing != nullptr ? missing : "");
        std::fflush (stdout);
      }
  std::printf ("1..%d\n", number);
  return n_wrong > 0;
}
