/* emu-grid.h: runs a kernel's grid on the processor, one CUDA thread at a time, and says what a device would not say.
 *
 * Each CUDA thread of a block has a stack of its own, and runs until it waits for others: at a barrier or in an
 * operation of its warp. Which of the threads that can run goes on is decided by a strict order (EMU_ORDER: asc, desc,
 * or a number, the seed of a random one), so one thread gets as far ahead of the others as the code lets it: a missing
 * barrier then reads what was never written. Blocks run one after the other, in that order too. Shared memory is new for
 * every block and holds NaN.
 *
 * In a build with ThreadSanitizer each CUDA thread is a thread to it, so that a race within a block is found whatever the
 * order and whatever comes out.
 *
 * Not modelled: speed, registers, caches, blocks at the same time, fast arithmetic, rounding within tensor cores, the
 * text of inline assembler.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace emu
{

struct Index
{
  unsigned x, y, z;
};

/* Says what a kernel did wrong, where, and ends the program. */
[[noreturn]] void fail (const char *format, ...) __attribute__ ((format (printf, 1, 2)));

/* Of the CUDA thread that runs. */
const Index &thread_index ();
const Index &block_index ();
const Index &block_size ();
const Index &grid_size ();

/* The block's dynamic shared memory, aligned to 16. */
void *shared_memory ();

/* All threads of the block that have not ended meet here; @line must be the same for all. */
void barrier (int line);

/* All lanes of @mask meet; the last to come calls @work with what each lane brought, [32], NULL for lanes that are not
 * in @mask, and all go on. Lanes that call something else meanwhile, or have ended, are a mistake. */
typedef void (*WarpWork) (void **brought);
void warp_together (unsigned mask, WarpWork work, void *mine, int line);

/* Runs @body for each thread of the grid. */
void run_grid (const char *name, Index grid, Index block, size_t shared_bytes, const std::function<void ()> &body);

} /* namespace emu */
