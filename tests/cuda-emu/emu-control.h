/* emu-control.h: what tests ask the stand-ins for beyond what NVIDIA's libraries offer; C and C++. Looked up with dlsym()
 * in the stand-ins of libcuda.so.1 and libcudnn.so.9, except for what the driver's neighbours need.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <stddef.h>

/* For emu_fail_call(). */
#define EMU_UNTIL_RELEASED 2

#ifdef __cplusplus
extern "C" {
#endif

/* The call number @n from now on (1: the next) returns @result instead of doing anything; 0 ends it. After a @sticky one
 * every further call but the freeing ones returns it too, until the next emu_fail_call(), or, if it is EMU_UNTIL_RELEASED, until
 * the context is released as well: what is broken is the context, not the device. */
void   emu_fail_call (int n, int result, int sticky);

/* Calls of the driver, cublasLt and cuDNN included, since the last emu_fail_call(). */
int    emu_count_calls (void);

/* Allocations, streams, modules, and graphs of both kinds that are alive. */
int    emu_count_alive (void);

/* Kernels that were launched so far. */
int    emu_count_launches (void);

/* What was asked of the driver so far. */
typedef struct
{
  int    n_launches, n_allocations, n_synchronizations; /* launches at once, not into a recording */
  int    n_recorded, n_replays; /* pieces of work that went into recordings; recordings that were run */
  size_t bytes_up, bytes_down; /* to the device and from it */
  int    n_waiting;            /* pieces of work, now */
} EmuCounts;

void   emu_get_counts (EmuCounts *counts);

/* How much memory the device has; and the most that was allocated at once since then. */
void   emu_set_memory (size_t bytes);
size_t emu_get_peak (void);

/* Whether the driver refuses to record. */
void   emu_refuse_recording (int refuse);

/* What the driver says of itself and its device; 0 devices: none. */
void   emu_set_device (int n_devices, int major, int minor, int driver_version);

/* In the stand-in of libcudnn.so.9: the call number @n of cuDNN from now on returns @status; all from -@n on if it is
 * negative; 0 ends it. */
void   emu_dnn_fail_call (int n, int status);

/* Calls of cuDNN since the last emu_dnn_fail_call(), convolutions enqueued so far, descriptors and handles alive. */
int    emu_dnn_count_calls (void);
int    emu_dnn_count_executed (void);
int    emu_dnn_count_alive (void);

/* For the stand-ins of cublasLt and cuDNN: whether this call is to fail and with what, 0 for no; and work for @stream. */
int    emu_next_call (void);
void   emu_enqueue (void *stream, void (*work) (void *data), void *data, size_t data_bytes);

/* The memory behind @bytes of the device's from @address on; ends the program if they are not the device's. */
void  *emu_memory (unsigned long long address, size_t bytes);

#ifdef __cplusplus
}
#endif
