/* eshi-cpu-amx-tiles.h: the tile registers of AMX, as the loops of this directory use them.
 *
 * Eight tiles of 16 rows of 64 bytes. A product adds a [16, 32] bf16 tile times a [32, 16] one, given as pairs of rows
 * (element 2 · i + j of row i's column n is at [i][2 · n + j]), to a [16, 16] f32 tile.
 *
 * The registers belong to a thread and are part of what the kernel saves for it, so each parallel region configures them
 * at its beginning and gives them up at its end; oneDNN does the same.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>
#include <immintrin.h>
#include <string.h>

#define ESHI_AMX_ROWS  16 /* of a tile */
#define ESHI_AMX_DEPTH 32 /* bf16 elements in a row */
#define ESHI_AMX_BYTES 1024
#define ESHI_AMX_TILES 8

/* What LDTILECFG reads (Intel's manual, volume 1, 18.2). */
typedef struct
{
  guint8  palette;
  guint8  start_row;
  guint8  reserved[14];
  guint16 row_bytes[16];
  guint8  rows[16];
} EshiAmxConfig;

G_STATIC_ASSERT (sizeof (EshiAmxConfig) == 64);

/* Whole tiles, all eight of them; @rows and @row_bytes, nullable, have those of each. */
static inline __attribute__ ((always_inline, unused)) void
eshi_amx_configure (const guint8 *rows,
                    const guint8 *row_bytes)
{
  EshiAmxConfig config = { .palette = 1 };

  for (guint i = 0; i < ESHI_AMX_TILES; i++)
    {
      config.row_bytes[i] = row_bytes != NULL ? row_bytes[i] : 64;
      config.rows[i] = rows != NULL ? rows[i] : ESHI_AMX_ROWS;
    }
  __asm__ volatile ("" : : "r" (&config) : "memory"); /* GCC 12 believes that only the first bytes are read */
  _tile_loadconfig (&config);
}

/* Between plain writes and _tile_loadd() of what they wrote: GCC 12 does not know that the latter reads memory. */
static inline __attribute__ ((always_inline, unused)) void
eshi_amx_finish_writes (void)
{
  __asm__ volatile ("" : : : "memory");
}

static inline __attribute__ ((always_inline, unused)) void
eshi_amx_release (void)
{
  _tile_release ();
}
