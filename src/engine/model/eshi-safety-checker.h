/* eshi-safety-checker.h: Stable Diffusion's safety checker: CLIP's tower for pictures, and vectors it must not come near.
 *
 * It is no promise: the reference errs in both directions, and this errs with it. It never changes a picture; what is
 * done with its judgement is up to who asked.
 *
 * Thread: that of the backend.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-net.h"
#include "eshi-safety-scores.h"

G_BEGIN_DECLS

typedef struct _EshiSafetyChecker EshiSafetyChecker;

/**
 * eshi_safety_checker_load:
 * @folder: "…/safety_checker"
 *
 * Reads the config, maps the weights, and checks that all are there and have the right shape; computes nothing yet. Keys
 * that the config lacks are those of the published checker, CLIP ViT-L/14 (304 million parameters).
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED, as sentences.
 *
 * Returns: (transfer full)
 */
EshiSafetyChecker *eshi_safety_checker_load    (const char         *folder,
                                                GError            **error);
void               eshi_safety_checker_free    (EshiSafetyChecker  *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiSafetyChecker, eshi_safety_checker_free)

/* Calls @func with every weight that the published checker has. */
void               eshi_safety_checker_foreach_weight (EshiNetWeightFunc func,
                                                gpointer            user_data);

EshiWeights       *eshi_safety_checker_get_weights (EshiSafetyChecker *self);

/**
 * eshi_safety_checker_prepare:
 * @backend: borrowed; must live until eshi_safety_checker_release()
 *
 * Packs the weights for @backend, 1.2 GB in f32 for the published checker; nothing to do when that is done already. It
 * computes in f32 on every backend, because the limits are drawn to a thousandth.
 *
 * Errors: those of eshi_graph_prepare(); MODEL_INVALID when the file has become shorter.
 */
gboolean           eshi_safety_checker_prepare (EshiSafetyChecker  *self,
                                                EshiBackend        *backend,
                                                GCancellable       *cancellable,
                                                GError            **error);

/* Gives the memory of eshi_safety_checker_prepare() back; before the backend is closed. */
void               eshi_safety_checker_release (EshiSafetyChecker  *self);

/**
 * eshi_safety_checker_check:
 * @rgb: [height, width, 3] u8, the finished picture
 * @scores: (out): the judgement
 *
 * After eshi_safety_checker_prepare(). Polls @cancellable before every op. The published checker does 160 GFLOP.
 *
 * Errors: those of eshi_clip_picture_crop() and eshi_graph_run(); FAILED when the tower gives no finite numbers.
 */
gboolean           eshi_safety_checker_check   (EshiSafetyChecker  *self,
                                                const guint8       *rgb,
                                                guint               width,
                                                guint               height,
                                                GCancellable       *cancellable,
                                                EshiSafetyScores   *scores,
                                                GError            **error);

G_END_DECLS
