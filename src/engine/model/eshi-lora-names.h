/* eshi-lora-names.h: what the tensors of a LoRA file are called, in every family of files, and which layer each means.
 *
 * Names of layers are compared with "_" in place of ".", as kohya's files write them. Such a name cannot be taken apart
 * again ("to_out_0", "time_emb_proj"), so it is only ever looked up in a table made from the network itself.
 * Knows nothing of files or values.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-tensor.h"

G_BEGIN_DECLS

/* The network that a tensor belongs to. */
typedef enum
{
  ESHI_LORA_UNET,
  ESHI_LORA_TEXT,
  ESHI_LORA_N_PARTS,
} EshiLoraPart;

/**
 * EshiLoraRole:
 * @ESHI_LORA_DOWN: first of the two factors, [r, in, …]
 * @ESHI_LORA_UP: second, [out, r, …]
 * @ESHI_LORA_ALPHA: the number that is divided by r
 * @ESHI_LORA_STRANGE: nothing that is known
 * @ESHI_LORA_REFUSED: known, and of a kind that cannot be merged as factors
 * @ESHI_LORA_FOREIGN: of a text encoder that only Stable Diffusion XL has
 */
typedef enum
{
  ESHI_LORA_DOWN,
  ESHI_LORA_UP,
  ESHI_LORA_ALPHA,
  ESHI_LORA_STRANGE,
  ESHI_LORA_REFUSED,
  ESHI_LORA_FOREIGN,
} EshiLoraRole;

/**
 * EshiLoraName:
 * @role: what the tensor is; the rest is set for DOWN, UP and ALPHA only, but @kind
 * @part: whose layer it changes
 * @module: (nullable): the layer, with "_" for "."
 * @kind: (nullable): REFUSED: what people call such files: "DoRA"; static
 */
typedef struct
{
  EshiLoraRole  role;
  EshiLoraPart  part;
  char         *module;
  const char   *kind;
} EshiLoraName;

/* Reads @key, any text, into @self. Never fails: what is not understood is STRANGE. Thread: any. */
void           eshi_lora_name_parse  (EshiLoraName *self,
                                      const char   *key);
void           eshi_lora_name_clear  (EshiLoraName *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiLoraName, eshi_lora_name_clear)

typedef struct _EshiLoraTable EshiLoraTable;

EshiLoraTable *eshi_lora_table_new   (void);
void           eshi_lora_table_free  (EshiLoraTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiLoraTable, eshi_lora_table_free)

/* Adds the layer of weight @name, "conv_in.weight", unless that is a bias or a norm. An EshiNetWeightFunc: @table is an
 * EshiLoraTable. */
void           eshi_lora_table_add   (const char    *name,
                                      EshiShape      shape,
                                      gpointer       table);

/* Adds the names that the original Stable Diffusion has for the layers added so far, where they are a UNet's. */
void           eshi_lora_table_add_original_names (EshiLoraTable *self);

/* The weight, "conv_in.weight", of the layer @module, "conv_in"; NULL if there is none. (transfer none) */
const char    *eshi_lora_table_lookup (EshiLoraTable *self,
                                       const char    *module);

G_END_DECLS
