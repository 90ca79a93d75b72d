/* eshi-sha256.h: SHA-256 of files of gigabytes, seven times as fast as GLib's where the processor has instructions for it.
 *
 * For telling files apart; keeps no secrets, so it takes no care of what a clock could learn.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define ESHI_SHA256_BLOCK 64

/**
 * EshiSha256:
 * @state: the eight words
 * @rest: bytes that do not fill a block yet
 * @n_bytes: of all so far
 *
 * To be set by eshi_sha256_init(), and to be copied at will.
 */
typedef struct
{
  guint32 state[8];
  guint8  rest[ESHI_SHA256_BLOCK];
  guint64 n_bytes;
} EshiSha256;

void  eshi_sha256_init   (EshiSha256   *self);

/* Takes the [n] bytes at @data in. Thread: any, one at a time. */
void  eshi_sha256_update (EshiSha256   *self,
                          const guint8 *data,
                          gsize         n);

/* Ends the message; @self is of no use afterwards. Returns: (transfer full): 64 hexadecimal digits. */
char *eshi_sha256_finish (EshiSha256   *self);

/* As eshi_sha256_update(), without the processor's own instructions: for its test. */
void  _eshi_sha256_update_plainly (EshiSha256   *self,
                                   const guint8 *data,
                                   gsize         n);

G_END_DECLS
