/* eshi-input-store.h: the input picture and its mask, kept from run to run and through a crash.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-input.h"

G_BEGIN_DECLS

#define ESHI_TYPE_INPUT_STORE (eshi_input_store_get_type ())

/**
 * EshiInputStore:
 *
 * Two PNG files in a folder of its own, input.png and mask.png, and input.ini with the picture's name and what it is in
 * the history, written on a thread half a second after the first change. Files that cannot be read are taken as not
 * there.
 *
 * Thread: main.
 */
G_DECLARE_FINAL_TYPE (EshiInputStore, eshi_input_store, ESHI, INPUT_STORE, GObject)

/* Follows @input from now on, and puts what was kept in @folder into it unless something is there before that is read. */
EshiInputStore *eshi_input_store_new (EshiInput  *input,
                                      const char *folder);

/* Writes now, in this thread, if there is anything to write. */
void eshi_input_store_flush (EshiInputStore *self);

G_END_DECLS
