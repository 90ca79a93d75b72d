/* fuzz-picture-texts.c: picture files of any content: refused with an error, or texts that are UTF-8 and settings that
 * can be judged.
 *
 * Each text is also read as each kind of settings, because a spoilt file seldom reaches the readers behind its check
 * sums.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-picture-texts.h"
#include "fuzz-driver.h"

static const char *const keywords[] = {
  "eshi", "parameters", "invokeai_metadata", "sd-metadata", "prompt", "Dream", "UserComment",
};

static void
check_settings (GHashTable *texts)
{
  g_autoptr(EshiPictureSettings) found = eshi_picture_settings_new_from_texts (texts);

  if (found->settings == NULL)
    return;

  g_assert_true (g_utf8_validate (found->settings->prompt, -1, NULL));
  g_assert_true (g_utf8_validate (found->settings->negative_prompt, -1, NULL));
  eshi_settings_validate (found->settings, NULL);
}

static void
check_as_text (const guint8 *data,
               gsize         size)
{
  g_autofree char *raw = g_strndup ((const char *) data, size);
  g_autofree char *text = g_utf8_make_valid (raw, -1);

  for (guint i = 0; i < G_N_ELEMENTS (keywords); i++)
    {
      g_autoptr(GHashTable) texts = g_hash_table_new (g_str_hash, g_str_equal);

      g_hash_table_insert (texts, (char *) keywords[i], text);
      check_settings (texts);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr(GBytes) file = g_bytes_new_static (data, size);
  g_autoptr(GHashTable) exif = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) texts = _eshi_picture_texts_read (file, &error);

  if (texts != NULL)
    check_settings (texts);
  else
    g_assert_true (error != NULL && error->domain == ESHI_ERROR);
  _eshi_exif_read_texts (data, size, exif);
  check_settings (exif);
  check_as_text (data, size);

  return 0;
}
