/* eshi-cpu-memory.h: aligned memory, the workspace that ops share, and weights packed once for all their users.
 *
 * Knows tensors, not ops. Used from the engine's thread alone.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-error.h"
#include "eshi-tensor.h"

G_BEGIN_DECLS

typedef struct _EshiCpuPacked EshiCpuPacked;
typedef struct _EshiCpuWeights EshiCpuWeights;

/* @size bytes aligned to 64, in huge pages where that is worth it; free with free(). OUT_OF_MEMORY. */
void           *eshi_cpu_memory_alloc   (gsize                    size,
                                         GError                 **error);

/* Whether weights had better be kept in 16 bits: by what the system says it can spare, or by the environment's
 * ESHI_CPU_WEIGHTS, "narrow" or "wide". */
gboolean        eshi_cpu_memory_is_scarce (void);

/* Writes @weight in @form to @dst [bytes]. */
typedef gboolean (*EshiCpuPackFunc)     (const EshiTensor        *weight,
                                         void                    *dst,
                                         gpointer                 user_data,
                                         GError                 **error);

/* @save_memory: weights of 16 bits that are wanted in f32 stay narrow; see eshi_cpu_weights_get_wide(). */
EshiCpuWeights *eshi_cpu_weights_new    (gboolean                 save_memory);
void            eshi_cpu_weights_free   (EshiCpuWeights          *self);

/* Memory for @bytes, aligned to 64, until the next call of this or of eshi_cpu_weights_drop_scratch(): for what lies between
 * a weight and its form. OUT_OF_MEMORY. */
void           *eshi_cpu_weights_scratch      (EshiCpuWeights    *self,
                                               gsize              bytes,
                                               GError           **error);
void            eshi_cpu_weights_drop_scratch (EshiCpuWeights    *self);

/* As told to eshi_cpu_weights_new(). */
gboolean        eshi_cpu_weights_save_memory (EshiCpuWeights     *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiCpuWeights, eshi_cpu_weights_free)

/* @weight in @form: the one that exists, or a new one that @pack writes; its file's pages are given up then. Give each
 * back with eshi_cpu_weights_release(). */
EshiCpuPacked  *eshi_cpu_weights_get    (EshiCpuWeights          *self,
                                         const EshiTensor        *weight,
                                         GBytes                  *form,
                                         gsize                    bytes,
                                         EshiCpuPackFunc          pack,
                                         gpointer                 user_data,
                                         GError                 **error);

/* As eshi_cpu_weights_get(), for a form that is f32 values and nothing else, in any order. Where memory is to be saved
 * and the weight is f16 or bf16, the form's values are kept in that type: to be widened before every use. */
EshiCpuPacked  *eshi_cpu_weights_get_wide (EshiCpuWeights        *self,
                                           const EshiTensor      *weight,
                                           GBytes                *form,
                                           gsize                  bytes,
                                           EshiCpuPackFunc        pack,
                                           gpointer               user_data,
                                           GError               **error);

/* @weight as f32 in its own layout. */
EshiCpuPacked  *eshi_cpu_weights_get_f32 (EshiCpuWeights         *self,
                                          const EshiTensor       *weight,
                                          GError                **error);

/* @weight as it is, but aligned and in memory of our own. */
EshiCpuPacked  *eshi_cpu_weights_get_copy (EshiCpuWeights        *self,
                                           const EshiTensor      *weight,
                                           GError               **error);
void            eshi_cpu_weights_release (EshiCpuWeights         *self,
                                          EshiCpuPacked          *packed);

/* Valid until the release; NULL for NULL. */
const void     *eshi_cpu_packed_data    (const EshiCpuPacked     *packed);

/* How many values of eshi_cpu_packed_data() are to be widened to f32; 0 if none. Their type: F16 or BF16. */
gsize           eshi_cpu_packed_narrow_count (const EshiCpuPacked *packed);
EshiDType       eshi_cpu_packed_narrow_dtype (const EshiCpuPacked *packed);

G_END_DECLS
