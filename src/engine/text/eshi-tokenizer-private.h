/* eshi-tokenizer-private.h: what a kind of tokenizer fills in. Only files of this folder include it.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <json-glib/json-glib.h>

#include "eshi-tokenizer.h"

G_BEGIN_DECLS

/* Pieces that are commas, at most. */
#define ESHI_MAX_COMMAS 4

typedef struct
{
  /* Appends the ids of @text, [length] bytes, to @ids; no marks around them, no padding. @words: (nullable): more
   * strings that are ids. @spans: (nullable): as eshi_sentencepiece_encode() does; left alone where not @traces. */
  void (*encode) (const EshiTokenizer *self,
                  const char          *text,
                  gsize                length,
                  GArray              *words,
                  GArray              *ids,
                  GArray              *spans);

  /* (transfer full): @word as it looks where encode() compares it with @words; NULL for a kind that compares ids. */
  char *(*fold)  (const EshiTokenizer *self,
                  const char          *word);

  /* Whether spans are known, so that stretches of different weight can be encoded in one go. */
  gboolean traces;

  void (*free)   (EshiTokenizer       *self);
} EshiTokenizerClass;

struct _EshiTokenizer
{
  const EshiTokenizerClass *class;
  guint                     vocab_size;
  guint                     max_length;
  gint32                    start_id; /* before each text; −1 for none */
  gint32                    end_id;
  gint32                    pad_id;
  gboolean                  ends_once; /* a text that spells out the end mark gets no second one */
  gint32                    commas[ESHI_MAX_COMMAS]; /* ids after which a long text is best cut; −1 for none */
};

/* A string that is an id wherever it stands in a text. */
typedef struct
{
  char   *text;
  gsize   length;
  gint32  id;
} EshiSpecial;

/**
 * _eshi_tokenizer_frame:
 * @ids: [n_ids] without marks
 * @window: ids to append; 0 for as many as there are, and the marks
 * @out: (element-type gint32): the ids with the marks around them, cut and padded, are appended to it
 */
void               _eshi_tokenizer_frame          (const EshiTokenizer *self,
                                                   const gint32        *ids,
                                                   gsize                n_ids,
                                                   gsize                window,
                                                   GArray              *out);

/* Reads a whole regular file of at most @max_bytes. Errors: MODEL_MISSING, MODEL_INVALID, or GLib's own. */
GBytes            *_eshi_tokenizer_read_file      (const char  *path,
                                                   gsize        max_bytes,
                                                   GError     **error);

/* @bytes as JSON whose root is an object. Returns: (transfer full) (nullable): %NULL when damaged or nested too deep. */
JsonParser        *_eshi_tokenizer_parse_json     (GBytes      *bytes);

/* A small JSON file, with an object as its root. Errors: MODEL_MISSING, MODEL_INVALID. Returns: (transfer full) */
JsonParser        *_eshi_tokenizer_load_config    (const char  *path,
                                                   GError     **error);

/* A token is a string, or an object with the string inside. @node: (nullable). %NULL when it is neither. */
const char        *_eshi_tokenizer_get_token_text (JsonNode    *node);

/* Numbers only; anything else counts as absent. */
gint64             _eshi_tokenizer_get_int        (JsonObject  *config,
                                                   const char  *key,
                                                   gint64       fallback);

/* Returns: (transfer full) (element-type EshiSpecial): an empty list, for the two below. */
GArray            *_eshi_specials_new             (void);

/* @text is copied; it must not be empty. */
void               _eshi_specials_add             (GArray      *specials,
                                                   const char  *text,
                                                   gint32       id);

/* The longest special string that @text, [length] bytes, starts with. %NULL for none. */
const EshiSpecial *_eshi_specials_match           (GArray      *specials,
                                                   const char  *text,
                                                   gsize        length);

/* @config_path: (nullable): its tokenizer_config.json, if there is one. */
EshiTokenizer     *_eshi_t5_tokenizer_new         (const char  *model_path,
                                                   const char  *config_path,
                                                   GError     **error);

/* @folder: has vocab.json, and should have merges.txt; tokenizer_config.json and special_tokens_map.json if it likes. */
EshiTokenizer     *_eshi_clip_tokenizer_new       (const char  *folder,
                                                   GError     **error);

G_END_DECLS
