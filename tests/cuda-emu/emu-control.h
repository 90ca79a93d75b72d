/* emu-control.h: what tests ask the stand-ins for beyond what NVIDIA's libraries offer; C and C++. Looked up with dlsym()
 * in the stand-in of libcuda.so.1, except for the two that its neighbours need.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The call number @n from now on (1: the next) returns @result instead of doing anything; 0 ends it. After a @sticky one
 * every further call but the freeing ones returns it too, until the next emu_fail_call(). */
void   emu_fail_call (int n, int result, int sticky);

/* Calls of the driver, cublasLt included, since the last emu_fail_call(). */
int    emu_count_calls (void);

/* Allocations, streams and modules that are alive. */
int    emu_count_alive (void);

/* Kernels that were launched so far. */
int    emu_count_launches (void);

/* What the driver says of itself and its device; 0 devices: none. */
void   emu_set_device (int n_devices, int major, int minor, int driver_version);

/* For the stand-in of cublasLt: whether this call is to fail and with what, 0 for no; and work for @stream. */
int    emu_next_call (void);
void   emu_enqueue (void *stream, void (*work) (void *data), void *data, size_t data_bytes);

/* The memory behind @bytes of the device's from @address on; ends the program if they are not the device's. */
void  *emu_memory (unsigned long long address, size_t bytes);

#ifdef __cplusplus
}
#endif
