/* fuzz-spiece.c: model files of any content: refused with an error, or usable.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <string.h>

#include "eshi-error.h"
#include "eshi-sentencepiece.h"
#include "fuzz-driver.h"

static const char * const texts[] = {
  "", " ", "間抜けで可愛らしい白い猫 漫画風", "ｐｏｒｔｒａｉｔ, masterpiece 8K", "か\u3099ｶﾞﾊﾟ①②③㌔ﷺ\u200b\t\n",
  "\xff\xfe\x80\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80", "😀😁▁▁ 111",
};

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) model = g_bytes_new_static (data, size);
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr(GError) error = NULL;
  g_autoptr(EshiSentencepiece) self = eshi_sentencepiece_new (model, &error);

  if (self == NULL)
    {
      g_assert_true (error != NULL && error->domain == ESHI_ERROR);
      return 0;
    }
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    eshi_sentencepiece_encode (self, texts[i], strlen (texts[i]), ids, NULL);
  for (guint i = 0; i < ids->len; i++)
    g_assert_cmpuint ((guint) g_array_index (ids, gint32, i), <, eshi_sentencepiece_get_n_pieces (self));
  return 0;
}
