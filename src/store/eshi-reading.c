/* eshi-reading.c: how Japanese text is read aloud, by MeCab where it is installed.
 *
 * MeCab is looked for when the program runs and not linked: few need it, and its dictionary is tens of megabytes. Only
 * the three functions that have been the same since its first release are called.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <dlfcn.h>
#include <string.h>

#include "eshi-reading-private.h"

#define LIBRARY "libmecab.so.2"

typedef struct _Mecab Mecab;

struct _EshiReader
{
  void       *library;
  Mecab      *mecab;
  void       (*destroy) (Mecab *mecab);
  const char *(*parse)  (Mecab *mecab, const char *text, size_t n_bytes);
};

/* The reading is the eighth feature of ipadic, and MeCab calls it %f[7]. The dictionary must be one in UTF-8. */
static const char *const options[] = {
  "eshi", "--node-format=%f[7]", "--unk-format=\\s", "--eos-format=",
};

EshiReader *
_eshi_reader_new (void)
{
  g_autoptr(EshiReader) self = g_new0 (EshiReader, 1);
  Mecab *(*create) (int argc, char **argv) = NULL;
  const char *probe = NULL;

  if (g_strcmp0 (g_getenv ("ESHI_MECAB"), "no") == 0)
    return NULL;
  self->library = dlopen (LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (self->library == NULL)
    return NULL;

  *(void **) &create = dlsym (self->library, "mecab_new");
  *(void **) &self->destroy = dlsym (self->library, "mecab_destroy");
  *(void **) &self->parse = dlsym (self->library, "mecab_sparse_tostr2");
  if (create == NULL || self->destroy == NULL || self->parse == NULL)
    return NULL;
  self->mecab = create (G_N_ELEMENTS (options), (char **) options);
  if (self->mecab == NULL)
    return NULL;

  /* A dictionary in another encoding, or with other features, reads nonsense. */
  probe = self->parse (self->mecab, "猫", strlen ("猫"));
  if (probe == NULL || !g_str_has_prefix (probe, "ネコ"))
    return NULL;

  return g_steal_pointer (&self);
}

void
_eshi_reader_free (EshiReader *self)
{
  if (self->mecab != NULL)
    self->destroy (self->mecab);
  if (self->library != NULL)
    dlclose (self->library);
  g_free (self);
}

char *
_eshi_reader_read (EshiReader *self,
                   const char *text)
{
  const char *reading = self->parse (self->mecab, text, strlen (text));

  return g_strdup (reading != NULL && g_utf8_validate (reading, -1, NULL) ? reading : "");
}
