/* fuzz-lora.c: LoRA names of any bytes: always a role, and a layer that the network has, or none.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-lora-names.h"
#include "fuzz-driver.h"

static EshiLoraTable *
get_table (void)
{
  static EshiLoraTable *table = NULL;

  if (table == NULL)
    {
      table = eshi_lora_table_new ();
      eshi_lora_table_add ("down_blocks.0.resnets.0.conv1.weight", ESHI_SHAPE4 (1, 1, 3, 3), table);
      eshi_lora_table_add ("up_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0.weight", ESHI_SHAPE2 (1, 1), table);
      eshi_lora_table_add_original_names (table);
    }
  return table;
}

/* The same bytes as a name in a file, and as a name in a network. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *layer = g_strconcat (text, ".weight", NULL);
  g_auto(EshiLoraName) name = { 0 };
  g_autoptr(EshiLoraTable) other = eshi_lora_table_new ();

  eshi_lora_name_parse (&name, text);
  g_assert_cmpint (name.role, <=, ESHI_LORA_FOREIGN);
  g_assert_cmpint (name.part, <, ESHI_LORA_N_PARTS);
  g_assert_true ((name.kind != NULL) == (name.role == ESHI_LORA_REFUSED));
  g_assert_true ((name.module == NULL) == (name.role == ESHI_LORA_STRANGE || name.role == ESHI_LORA_REFUSED));
  if (name.module != NULL)
    {
      const char *weight = eshi_lora_table_lookup (get_table (), name.module);

      g_assert_true (weight == NULL || g_str_has_suffix (weight, ".weight"));
    }

  eshi_lora_table_add (layer, ESHI_SHAPE2 (1, 1), other);
  eshi_lora_table_add_original_names (other);
  return 0;
}
