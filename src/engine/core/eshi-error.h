/* eshi-error.h: the errors of the engine, and the one place that names them.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <glib.h>

#include "eshi-macros.h"

G_BEGIN_DECLS

/**
 * ESHI_ERROR:
 *
 * Domain of every error that the engine makes itself. A cancelled call reports %G_IO_ERROR_CANCELLED instead, and
 * a plain file error keeps its %G_IO_ERROR or %G_FILE_ERROR code. Messages are whole, translated sentences.
 */
#define ESHI_ERROR (eshi_error_quark ())

/**
 * EshiError:
 * @ESHI_ERROR_FAILED: none of the others
 * @ESHI_ERROR_INVALID_ARGUMENT: a parameter of a request lies outside its range
 * @ESHI_ERROR_MODEL_MISSING: no model, component or file where one was named
 * @ESHI_ERROR_MODEL_INVALID: a model file is truncated, hostile, or does not fit the network
 * @ESHI_ERROR_UNSUPPORTED: sound, but not something this program or backend can run
 * @ESHI_ERROR_OUT_OF_MEMORY: the device or the computer has too little memory
 * @ESHI_ERROR_DEVICE_LOST: the device must be opened again
 */
typedef enum
{
  ESHI_ERROR_FAILED,
  ESHI_ERROR_INVALID_ARGUMENT,
  ESHI_ERROR_MODEL_MISSING,
  ESHI_ERROR_MODEL_INVALID,
  ESHI_ERROR_UNSUPPORTED,
  ESHI_ERROR_OUT_OF_MEMORY,
  ESHI_ERROR_DEVICE_LOST,
} EshiError;

ESHI_AVAILABLE
GQuark eshi_error_quark (void);

G_END_DECLS
