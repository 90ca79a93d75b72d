/* eshi-cpu-simd-table.h: the functions that one variant's table is made of.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-cpu-kernels.h"

void   ESHI_CPU_NAME (eshi_cpu_activation)       (void *dst, const void *src, gsize n, EshiActivation act,
                                                  gboolean bf16);
void   ESHI_CPU_NAME (eshi_cpu_convert)          (void *dst, const void *src, gsize n, gboolean to_bf16);
void   ESHI_CPU_NAME (eshi_cpu_widen)            (float *dst, const void *src, gsize n, EshiDType dtype);
void   ESHI_CPU_NAME (eshi_cpu_guidance)         (void *dst, const void *a, const void *b, float scale, gsize n,
                                                  gboolean bf16);
void   ESHI_CPU_NAME (eshi_cpu_geglu)            (void *dst, const void *src, gsize rows, gsize co, gboolean bf16);
gsize  ESHI_CPU_NAME (eshi_cpu_group_norm_bytes) (const EshiCpuNorm *p);
void   ESHI_CPU_NAME (eshi_cpu_group_norm)       (const EshiCpuNorm *p);
void   ESHI_CPU_NAME (eshi_cpu_layer_norm)       (const EshiCpuNorm *p);
gsize  ESHI_CPU_NAME (eshi_cpu_attention_bytes)  (const EshiCpuAttention *p);
void   ESHI_CPU_NAME (eshi_cpu_attention)        (const EshiCpuAttention *p);
void   ESHI_CPU_NAME (eshi_cpu_gemv)             (const EshiCpuGemv *p);
void   ESHI_CPU_NAME (eshi_cpu_product)          (const EshiCpuProduct *p);
gsize  ESHI_CPU_NAME (eshi_cpu_winograd_bytes)   (const EshiCpuWinograd *p);
void   ESHI_CPU_NAME (eshi_cpu_winograd)         (const EshiCpuWinograd *p);
double ESHI_CPU_NAME (eshi_cpu_bf16_gain)        (void);
