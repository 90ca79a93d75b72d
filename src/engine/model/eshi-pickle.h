/* eshi-pickle.h: what a pickle says, as a tree; never what it asks for.
 *
 * A pickle is a program for a small stack machine that may call any function of Python. This reader runs the machine
 * but calls nothing: a call becomes an object that remembers what was to be called with which arguments. Refuses
 * instructions that PyTorch does not write, pickles beyond fixed limits, and those that name functions with which
 * programs are run.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-model-file.h"

G_BEGIN_DECLS

typedef struct _EshiPickle EshiPickle;
typedef struct _EshiPickleValue EshiPickleValue;

typedef enum
{
  ESHI_PICKLE_INERT,      /* None, floats, numbers beyond 64 bits: nothing that a reader of weights asks for */
  ESHI_PICKLE_BOOL,       /* integer */
  ESHI_PICKLE_INT,        /* integer */
  ESHI_PICKLE_TEXT,       /* text: a string or bytes */
  ESHI_PICKLE_GLOBAL,     /* text: "module name" */
  ESHI_PICKLE_TUPLE,      /* items */
  ESHI_PICKLE_LIST,       /* items */
  ESHI_PICKLE_SET,        /* items */
  ESHI_PICKLE_DICT,       /* items: key, value, key, value, …; an OrderedDict too */
  ESHI_PICKLE_OBJECT,     /* items: what was to be called, the tuple of its arguments; of a ParameterDict its state, too */
  ESHI_PICKLE_PERSISTENT, /* items: the tuple that names a storage */
} EshiPickleType;

/**
 * EshiPickleValue:
 * @depth: levels of items below, at the time it was made
 * @text: [n_text] bytes of any content, not terminated
 * @items: (nullable): of EshiPickleValue; values may occur at several places, and even inside themselves
 *
 * All of it belongs to the EshiPickle, and @text mostly to the bytes it was read from.
 */
struct _EshiPickleValue
{
  EshiPickleType  type;
  guint           depth;
  gint64          integer;
  const char     *text;
  gsize           n_text;
  GPtrArray      *items;
};

/**
 * eshi_pickle_parse:
 * @data: [size] bytes, which outlive the pickle
 * @file: what messages call the file
 * @used: (out) (optional): bytes up to the end of the pickle; without it, bytes after the end are an error
 *
 * Thread: any. Takes at most some hundred bytes of memory for each of @size. Error: MODEL_INVALID.
 *
 * Returns: (transfer full): free with eshi_pickle_free()
 */
EshiPickle            *eshi_pickle_parse       (const guint8           *data,
                                                gsize                   size,
                                                const char             *file,
                                                gsize                  *used,
                                                GError                **error);

void                   eshi_pickle_free        (EshiPickle             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiPickle, eshi_pickle_free)

/* What the pickle is of. (transfer none) */
const EshiPickleValue *eshi_pickle_get_root    (EshiPickle             *self);

/* Whether it names functions or classes other than those of plain PyTorch and numpy files. */
gboolean               eshi_pickle_has_unknown (EshiPickle             *self);

/* All values of the type PERSISTENT; (element-type EshiPickleValue) (transfer none). */
const GPtrArray       *eshi_pickle_get_persistent (EshiPickle          *self);

/* Items of @value; 0 for values without. */
guint                  eshi_pickle_value_get_n (const EshiPickleValue  *value);

/* Item @index of @value if it is there and has the type @type; (nullable) (transfer none). */
const EshiPickleValue *eshi_pickle_value_get   (const EshiPickleValue  *value,
                                                guint                   index,
                                                EshiPickleType          type);

/* Whether the text of @value is @text. */
gboolean               eshi_pickle_value_is    (const EshiPickleValue  *value,
                                                const char             *text);

/* The last value under the key @key of a dict; (nullable) (transfer none). */
const EshiPickleValue *eshi_pickle_dict_lookup (const EshiPickleValue  *value,
                                                const char             *key);

G_END_DECLS
