/* eshi-pipeline-private.h: what the files of a pipeline share: the loaded parts, and the graphs that are kept.
 *
 * eshi-pipeline.c       loading, judging parameters, the public calls
 * eshi-pipeline-checkpoint.c  the same from a single file
 * eshi-pipeline-text.c  prompts to contexts
 * eshi-pipeline-embeddings.c  textual inversions that prompts name
 * eshi-pipeline-graphs.c  one graph per shape, the last few kept
 * eshi-pipeline-start.c  pictures that start from another picture
 * eshi-pipeline-inpaint.c  what a UNet for inpainting is given besides
 * eshi-pipeline-vae-swap.c  which VAE is in use
 * eshi-pipeline-taesd.c  TAESD, which shows unfinished pictures
 * eshi-pipeline-vae.c   between pixels and latents, whole or in tiles
 * eshi-pipeline-lora.c  LoRAs into the weights, and out again
 * eshi-pipeline-guard.c  the safety checker and the watermark
 * eshi-pipeline-run.c   the steps of one picture
 * eshi-pipeline-preview.c  looks at unfinished pictures
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-checkpoint.h"
#include "eshi-graph.h"
#include "eshi-latent-rgb.h"
#include "eshi-pipeline-embeddings.h"
#include "eshi-pipeline.h"
#include "eshi-safety-checker.h"
#include "eshi-prompt-chunks.h"
#include "eshi-scheduler.h"
#include "eshi-taesd.h"
#include "eshi-text-encoder.h"
#include "eshi-tokenizer.h"
#include "eshi-unet.h"
#include "eshi-vae.h"

G_BEGIN_DECLS

/* Encodes one text at a time. */
typedef struct
{
  EshiGraph  *graph;     /* NULL until needed */
  guint       clip_skip; /* of the graph */
  EshiTensor *input;     /* i32 [1, tokens]: ids; or f32 [1, tokens, d]: their rows */
  EshiTensor *hidden;    /* f32 [1, tokens, d] */
} EshiTextGraph;

/* Keys and values of the cross attentions, for one context or for two (without and with the prompt). Counted by
 * reference: step graphs of several sizes read the same one. */
typedef struct
{
  gboolean         guided;
  guint            n_chunks;
  EshiGraph       *graph;
  EshiTensor      *input;   /* f32 [1 or 2, n_chunks · tokens, d] */
  EshiUnetContext  context;
  char            *key;     /* what was uploaded last; NULL if nothing was */
} EshiContextGraph;

/* One prediction for latents of one size. */
typedef struct
{
  guint       height;   /* of the latents */
  guint       width;
  gboolean    guided;
  EshiContextGraph *context; /* outlives the graph, which reads it */
  EshiGraph  *graph;
  EshiTensor *latents;  /* f32 [1 or 2, h, w, 4, or 9 for inpainting] */
  EshiTensor *timestep; /* f32 [1] */
  EshiTensor *guidance; /* f32 [1]; NULL unless guided */
  EshiTensor *output;   /* f32 [1, h, w, 4] */
  double      flops;
} EshiStepGraph;

/* The decoder for latents of one size. */
typedef struct
{
  guint       height;   /* of the latents */
  guint       width;
  gboolean    exact;    /* f32 whatever the backend's type */
  EshiGraph  *graph;
  EshiTensor *z;        /* f32 [1, h, w, 4] */
  EshiTensor *image;    /* f32 [1, H, W, 3] */
  EshiTensor *pixels;   /* u8 [1, H, W, 3]; NULL in TAESD's, whose image is 0 to 1 */
  double      flops;
  double      seconds;  /* that the last run took, of those that were waited for at once; 0 before it */
} EshiDecodeGraph;

struct _EshiPipeline
{
  /* borrowed */
  EshiBackend         *backend;

  /* owned: the model */
  char                *path;
  char                *folder;  /* the same, for people */
  EshiCheckpoint      *checkpoint; /* NULL where the model is a folder */
  EshiTokenizer       *tokenizer;
  EshiTextEncoder     *text;
  EshiUnet            *unet;
  gboolean             ema;     /* whether @unet is the running average */
  EshiVae             *vae;
  EshiVae             *encoder; /* NULL until needed */
  EshiVae             *own_vae; /* the model's own while another is in use; else NULL */
  EshiVae             *own_encoder;
  char                *vae_key; /* which one is in use; NULL for the own */
  gboolean             tiled;   /* whether this call's pictures go through the VAE in tiles */
  guint64              tiled_from; /* pixels of a picture that was too large for the VAE to take whole; 0: none was */
  gboolean             split;   /* whether the halves of guidance run one after the other: memory was short for both */
  EshiSchedulerConfig  scheduler_config;
  const char          *sampler; /* static: the model's own */
  EshiRgbParams        rgb;
  gboolean             has_rgb;
  gboolean             has_checker; /* whether the model brings a safety checker */
  EshiSafetyChecker   *checker;     /* NULL unless the last call wanted it */

  /* owned: the LoRAs that are merged into the model's weights */
  char                *lora_key;     /* NULL: none */
  char                *lora_note;    /* (nullable) */
  gboolean             lora_in_text; /* whether the text encoder's weights are changed too */

  /* owned: what was made for earlier calls */
  EshiTextGraph        text_graphs[2]; /* by what they read: ids, or rows */
  EshiEmbeddings      *embeddings;     /* NULL until needed */
  GQueue              *hidden;   /* of EshiHidden, newest first */
  GPtrArray           *steps;    /* of EshiStepGraph, newest first */
  GPtrArray           *decoders; /* of EshiDecodeGraph, newest first */

  /* owned: of the last file that was asked for; NULL until needed, and where it is of no use */
  EshiTaesd           *taesd;
  char                *taesd_key;
  EshiDecodeGraph     *taesd_graph;
  char                *taesd_told; /* what was said of it last */
};

/* The prompts of a call, cut into chunks, at each of its steps. */
typedef struct
{
  GPtrArray *texts;      /* of EshiPromptChunks: each different text once */
  guint      n_chunks;   /* of each of them */
  guint      n_prompts;  /* 1; with guidance 2, the negative prompt before the prompt */
  guint      n_steps;    /* 1 where nothing changes */
  guint     *steps;      /* [n_steps, n_prompts]: indices in texts */
  GPtrArray *embeddings; /* names of those that the texts use */

  /* NULL until they are encoded */
  GPtrArray *keys;       /* utf8: what tells the values of each text from others */
  float     *values;     /* [texts, n_chunks · tokens, d] */
  float     *shown;      /* [n_prompts, n_chunks · tokens, d]: those that a context holds */
  gsize      n_values;   /* of a text */
  guint      shown_step;
} EshiReading;

/* eshi-pipeline-text.c. Cuts @params' prompts into chunks; @self is to be cleared. Errors: INVALID_ARGUMENT where they are
 * too long, or take too many forms; whatever is wrong with a textual inversion that they name. */
gboolean         _eshi_reading_init         (EshiReading               *self,
                                             EshiPipeline              *pipeline,
                                             const EshiPipelineParams  *params,
                                             GError                   **error);
void             _eshi_reading_clear        (EshiReading         *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiReading, _eshi_reading_clear)

/* Tokens of a chunk. */
guint            _eshi_pipeline_n_tokens    (EshiPipeline        *self);
guint            _eshi_pipeline_factor      (EshiPipeline        *self);

/* eshi-pipeline-checkpoint.c. Opens part @index of a single file: tokenizer, text encoder, UNet, VAE; in this order. */
gboolean         _eshi_pipeline_load_checkpoint_part (EshiPipeline *self,
                                             guint                index,
                                             GError             **error);

/* Encodes all texts of @self. */
gboolean         _eshi_reading_encode       (EshiReading               *self,
                                             EshiPipeline              *pipeline,
                                             const EshiPipelineParams  *params,
                                             GCancellable              *cancellable,
                                             GError                   **error);

/* Makes @context hold the prompts of the first step. */
gboolean         _eshi_reading_begin        (EshiReading               *self,
                                             EshiContextGraph          *context,
                                             GCancellable              *cancellable,
                                             GError                   **error);

/* Makes @context, which held the prompts of another step, hold those of step @step, from 0. Allocates nothing. */
gboolean         _eshi_reading_show         (EshiReading               *self,
                                             EshiContextGraph          *context,
                                             guint                      step,
                                             GCancellable              *cancellable,
                                             GError                   **error);

/* Whether half @half is the same text in steps @step and @other. */
gboolean         _eshi_reading_has_same_half (const EshiReading        *self,
                                             guint                      step,
                                             guint                      other,
                                             guint                      half);

/* Makes @context, which holds one prompt only, hold that of half @half of guidance: 0 without the prompt, 1 with it. */
gboolean         _eshi_reading_show_half    (EshiReading               *self,
                                             EshiContextGraph          *context,
                                             guint                      step,
                                             guint                      half,
                                             GCancellable              *cancellable,
                                             GError                   **error);

void             _eshi_pipeline_text_clear  (EshiPipeline        *self);

/* Forgets the prompts and the text encoder's graph, because its weights change. */
void             _eshi_pipeline_text_reset  (EshiPipeline        *self);

/* eshi-pipeline-lora.c. Makes the weights those of @params' LoRAs; after an error there are none of them, or those that
 * were there before. Errors: those of eshi_lora_open() and eshi_lora_merge(); INVALID_ARGUMENT for a weight. */
gboolean         _eshi_pipeline_apply_loras (EshiPipeline              *self,
                                             const EshiPipelineParams  *params,
                                             GError                   **error);

/* eshi-pipeline-guard.c. Whether the model in @folder brings a safety checker: model_index.json names one, and there is a
 * folder for it. A single file brings none. */
gboolean         _eshi_guard_find_checker   (const char          *folder);

/* Replaces AUTO in @params, whose size is known. Errors: UNSUPPORTED for a checker that the model does not bring;
 * INVALID_ARGUMENT for a watermark in a picture that is too small, or another value. */
gboolean         _eshi_guard_resolve        (EshiPipeline        *self,
                                             EshiPipelineParams  *params,
                                             GError             **error);

/* Opens the checker's files if @params want it, and closes them if not: what is wrong with them is said before anything
 * is painted. Errors: those of eshi_safety_checker_load(). */
gboolean         _eshi_guard_open           (EshiPipeline              *self,
                                             const EshiPipelineParams  *params,
                                             GError                   **error);

/* Lets the checker judge @rgb, [height, width, 3] u8 of @params' size, and blackens it, or hides the watermark in it.
 * The checker's weights stay packed until _eshi_guard_release(). Errors: those of eshi_safety_checker_prepare() and
 * eshi_safety_checker_check(). */
gboolean         _eshi_guard_apply          (EshiPipeline              *self,
                                             const EshiPipelineParams  *params,
                                             guint8                    *rgb,
                                             gboolean                  *withheld,
                                             GCancellable              *cancellable,
                                             GError                   **error);
void             _eshi_guard_release        (EshiPipeline        *self);

/* eshi-pipeline-graphs.c. Each returns a prepared graph that the pipeline keeps; NULL with @error set. */
EshiTextGraph   *_eshi_pipeline_get_text    (EshiPipeline        *self,
                                             guint                clip_skip,
                                             gboolean             rows,
                                             GCancellable        *cancellable,
                                             GError             **error);
EshiStepGraph   *_eshi_pipeline_get_step    (EshiPipeline        *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             guided,
                                             guint                n_chunks,
                                             GCancellable        *cancellable,
                                             GError             **error);
EshiDecodeGraph *_eshi_pipeline_get_decoder (EshiPipeline        *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             exact,
                                             GCancellable        *cancellable,
                                             GError             **error);
void             _eshi_pipeline_graphs_clear (EshiPipeline       *self);

/* Frees the graphs that read the UNet's weights. */
void             _eshi_pipeline_unet_graphs_clear (EshiPipeline  *self);

/* Begins to decode @z, f32 [h, w, 4] as post_quant_conv takes it. It may be done when this returns, or be under way in the
 * backend's lane at the side. */
gboolean         _eshi_decode_graph_start   (EshiDecodeGraph     *self,
                                             const float         *z,
                                             GCancellable        *cancellable,
                                             GError             **error);

/* Waits for what was begun last: into @rgb (nullable), [H, W, 3] u8, and @image (nullable), f32. */
gboolean         _eshi_decode_graph_collect (EshiDecodeGraph     *self,
                                             guint8              *rgb,
                                             float               *image,
                                             GError             **error);

/* Decodes @z, f32 [h, w, 4] as post_quant_conv takes it, into @rgb (nullable), [H, W, 3] u8, and @image (nullable), f32. */
gboolean         _eshi_decode_graph_run     (EshiDecodeGraph     *self,
                                             const float         *z,
                                             guint8              *rgb,
                                             float               *image,
                                             GCancellable        *cancellable,
                                             GError             **error);

/* eshi-pipeline-taesd.c. Whether previews are made by TAESD where there is one. */
gboolean         _eshi_pipeline_wants_taesd (EshiPipeline              *self,
                                             const EshiPipelineParams  *params);

/* TAESD's graph for latents of this size, which the pipeline keeps until the next call of this; its z is that of
 * eshi_taesd_clamp(), its image 0 to 1 with overshoot. NULL, after telling @callbacks (nullable) why, where it cannot be. */
EshiDecodeGraph *_eshi_pipeline_get_taesd   (EshiPipeline                *self,
                                             const EshiPipelineParams    *params,
                                             const EshiPipelineCallbacks *callbacks,
                                             guint                        height,
                                             guint                        width,
                                             GCancellable                *cancellable);
void             _eshi_pipeline_taesd_clear (EshiPipeline        *self);

/* What tells the file or folder @path (nullable) from what was there before: path, size and time. (transfer full) (nullable) */
char            *_eshi_pipeline_make_file_key (const char        *path);

/* eshi-pipeline-vae-swap.c. Makes the VAE at @path (nullable: the model's own) the one in use. After an error it is the
 * one that was. Errors: those of eshi_vae_file_load(); UNSUPPORTED where it makes another number of pixels of a latent. */
gboolean         _eshi_pipeline_use_vae     (EshiPipeline        *self,
                                             const char          *path,
                                             GError             **error);

/* The encoder of the VAE in use, opened when it is first needed. NULL with @error set. */
EshiVae         *_eshi_pipeline_get_encoder (EshiPipeline        *self,
                                             GError             **error);

/* Told that @part, 0-1, of what the VAE does for a picture is done. */
typedef void (*EshiVaePartFunc) (double   part,
                                 gpointer user_data);

/* eshi-pipeline-vae.c. The graph that decodes a picture of these latents, or where that is done in tiles its first tile;
 * @n_tiles: (out): of the picture. NULL with @error set. */
EshiDecodeGraph *_eshi_pipeline_get_first_decoder (EshiPipeline  *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             exact,
                                             guint               *n_tiles,
                                             GCancellable        *cancellable,
                                             GError             **error);

/* Decodes @z, f32 [height, width, 4] as post_quant_conv takes it, into @rgb, [H, W, 3] u8, and @image, the same as f32.
 * @exact: in f32, whatever the backend's type. @func: (nullable). */
gboolean         _eshi_pipeline_decode      (EshiPipeline        *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             exact,
                                             const float         *z,
                                             guint8              *rgb,
                                             float               *image,
                                             EshiVaePartFunc      func,
                                             gpointer             user_data,
                                             GCancellable        *cancellable,
                                             GError             **error);

/* Encodes @pixels, f32 [H, W, 3] in −1 to 1, into @mean and @logvar, f32 [4, height, width]; always in f32. @func:
 * (nullable). Errors: UNSUPPORTED and MODEL_INVALID where the model has no encoder; OUT_OF_MEMORY; FAILED where it gives
 * no finite numbers. */
gboolean         _eshi_pipeline_encode      (EshiPipeline        *self,
                                             guint                height,
                                             guint                width,
                                             const float         *pixels,
                                             float               *mean,
                                             float               *logvar,
                                             EshiVaePartFunc      func,
                                             gpointer             user_data,
                                             GCancellable        *cancellable,
                                             GError             **error);

/* What a UNet for inpainting is given beside the latents. */
typedef struct
{
  gsize  n_pixels; /* of the latents */
  float *mean;     /* [4, h, w]: what the encoder says about the image without what is painted over */
  float *logvar;   /* [4, h, w] */
  float *latents;  /* [4, h, w]: scratch */
  float *extra;    /* [h, w, 5]: 1 where it is painted; then latents drawn from these, times the scaling factor */
} EshiInpaint;

/* What a picture starts from when it is not noise alone: the image in the picture's size, and its latents. */
typedef struct
{
  guint        width;    /* of the latents */
  guint        height;
  guint        factor;
  guint8      *rgb;      /* [H, W, 3]; NULL where there is no image */
  float       *mean;     /* [4, h, w]: what the encoder says about the latents; NULL where noise alone is started from */
  float       *logvar;   /* [4, h, w] */
  float       *clean;    /* [4, h, w]: drawn from these, times the scaling factor */
  float       *noise;    /* [4, h, w]: what was added to the start, and is again */
  float       *noisy;    /* [4, h, w]: scratch */
  float       *repaint;  /* [h, w], 0-1; NULL without a mask */
  guint8      *feather;  /* [H, W]: how much of the new picture is used; NULL unless pasting */
  EshiInpaint  inpaint;  /* empty unless the UNet is for inpainting */
} EshiStart;

/* eshi-pipeline-inpaint.c. Encodes the image @rgb, [H, W, 3] (nullable), without what the mask of @params covers, which is
 * everything where there is none. Errors: as _eshi_pipeline_encode(). */
gboolean         _eshi_inpaint_init         (EshiInpaint               *self,
                                             EshiPipeline              *pipeline,
                                             const EshiPipelineParams  *params,
                                             const guint8              *rgb,
                                             EshiVaePartFunc            func,
                                             gpointer                   user_data,
                                             GCancellable              *cancellable,
                                             GError                   **error);
void             _eshi_inpaint_clear        (EshiInpaint         *self);

/* Draws the image's latents; after everything else that a picture draws before its first call. */
void             _eshi_inpaint_draw         (EshiInpaint         *self,
                                             double               scaling_factor,
                                             EshiRng             *rng);

/* @x, [4, h, w], times @scale, and the rest, into @pixels, [h, w, 9]. */
void             _eshi_inpaint_join         (const EshiInpaint   *self,
                                             const float         *x,
                                             float                scale,
                                             float               *pixels);

/* eshi-pipeline-start.c. Resizes and encodes the image of @params, which have been resolved; without one, does nothing.
 * @func: (nullable): told how far the encoding is.
 * Errors: UNSUPPORTED and MODEL_INVALID where the model has no encoder, OUT_OF_MEMORY, FAILED. */
gboolean         _eshi_start_init           (EshiStart                 *self,
                                             EshiPipeline              *pipeline,
                                             const EshiPipelineParams  *params,
                                             EshiVaePartFunc            func,
                                             gpointer                   user_data,
                                             GCancellable              *cancellable,
                                             GError                   **error);
void             _eshi_start_clear          (EshiStart           *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiStart, _eshi_start_clear)

/* For a start with latents: draws them and then the noise of picture @index of @params, in the reference's order, and sets
 * @x, [4, h, w], to where call @first begins; to the clean latents if that is behind the last call. */
void             _eshi_start_draw           (EshiStart           *self,
                                             const EshiScheduler *scheduler,
                                             guint                first,
                                             double               scaling_factor,
                                             const EshiPipelineParams *params,
                                             guint                index,
                                             EshiRng             *rng,
                                             float               *x);

/* eshi-pipeline-variation.c. Draws the noise that picture @index of @params starts from out of @rng, and turns it
 * towards the variation's, which has a generator of its own. @noise: [4, height, width]. */
void             _eshi_variation_draw       (const EshiPipelineParams *params,
                                             guint                index,
                                             guint                height,
                                             guint                width,
                                             EshiRng             *rng,
                                             float               *noise);

/* Turns @noise by the part @strength of the way towards @other; both [4, height, width]. */
void             _eshi_variation_turn       (double               strength,
                                             guint                height,
                                             guint                width,
                                             const float         *other,
                                             float               *noise);

/* The seed of picture @index: with a variation, only that one's seed goes up. */
guint64          _eshi_variation_get_seed   (const EshiPipelineParams *params,
                                             guint                index);

/* After call @call: sets what the mask leaves alone in @x back to the image, as noisy as that call was. */
void             _eshi_start_keep           (EshiStart           *self,
                                             const EshiScheduler *scheduler,
                                             guint                call,
                                             float               *x);

/* Puts the image's own pixels back into @rgb, [H, W, 3], where they were to stay. */
void             _eshi_start_paste          (const EshiStart     *self,
                                             guint8              *rgb);

/* eshi-pipeline-run.c. Paints all pictures of @params, which have been resolved. @reading and @start are theirs. */
gboolean         _eshi_pipeline_run         (EshiPipeline                 *self,
                                             const EshiPipelineParams     *params,
                                             EshiReading                  *reading,
                                             EshiStart                    *start,
                                             const EshiPipelineCallbacks  *callbacks,
                                             GCancellable                 *cancellable,
                                             EshiPipelineResult           *result,
                                             GError                      **error);

/* Whether two graphs of these sizes fit into what memory is free, the VAE's as self->tiled says. Error: OUT_OF_MEMORY. */
gboolean         _eshi_pipeline_check_memory (EshiPipeline       *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             guided,
                                             GError             **error);

/* eshi-pipeline-memory.c. Whether a step of @params predicts both halves of guidance at once. */
gboolean         _eshi_pipeline_is_paired   (EshiPipeline              *self,
                                             const EshiPipelineParams  *params);

/* Whether such steps are followed by others that predict the half with the prompt alone. */
gboolean         _eshi_pipeline_stops_guiding (EshiPipeline              *self,
                                             const EshiPipelineParams  *params);

/* After memory was too short for the graphs of @params for the @n_tries-th time: frees what earlier calls left; then
 * changes to tiles, if there are many; then to halves one after the other. FALSE where there is no smaller way. Graphs
 * that the caller has in hand are gone. */
gboolean         _eshi_pipeline_shrink      (EshiPipeline        *self,
                                             EshiPipelineParams  *params,
                                             guint                n_tries);

/* Bytes that a picture of these latents may still use; 0 where that is unknown. */
guint64          _eshi_pipeline_get_free_memory (EshiPipeline    *self);

/* What AUTO means for a picture of these latents, if @available bytes are free (0: unknown): ON only where it is larger
 * than 512 × 512 pixels and than a tile, does not fit whole, and fits in tiles. */
EshiSwitch       _eshi_pipeline_choose_tiling (EshiPipeline      *self,
                                             guint                height,
                                             guint                width,
                                             gboolean             guided,
                                             guint64              available);

/* f32 [c, h·w] ↔ [h·w, c]; the first way times @scale. */
void             _eshi_planes_to_pixels     (float               *dst,
                                             const float         *src,
                                             gsize                n_pixels,
                                             guint                channels,
                                             float                scale);
void             _eshi_pixels_to_planes     (float               *dst,
                                             const float         *src,
                                             gsize                n_pixels,
                                             guint                channels);

G_END_DECLS
