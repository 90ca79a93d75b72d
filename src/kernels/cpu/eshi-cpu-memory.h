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

/* Writes @weight in @form to @dst [bytes]. */
typedef gboolean (*EshiCpuPackFunc)     (const EshiTensor        *weight,
                                         void                    *dst,
                                         gpointer                 user_data,
                                         GError                 **error);

EshiCpuWeights *eshi_cpu_weights_new    (void);
void            eshi_cpu_weights_free   (EshiCpuWeights          *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiCpuWeights, eshi_cpu_weights_free)

/* @weight in @form: the one that exists, or a new one that @pack writes. Give each back with
 * eshi_cpu_weights_release(). */
EshiCpuPacked  *eshi_cpu_weights_get    (EshiCpuWeights          *self,
                                         const EshiTensor        *weight,
                                         GBytes                  *form,
                                         gsize                    bytes,
                                         EshiCpuPackFunc          pack,
                                         gpointer                 user_data,
                                         GError                 **error);

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

G_END_DECLS
