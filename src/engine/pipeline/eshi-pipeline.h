/* eshi-pipeline.h: a loaded model that paints: text in, perhaps a picture too, pictures out, on one backend.
 *
 * It has no thread and no queue: every call runs in the caller's thread, which must be the one that opened the backend,
 * and reports through callbacks in that same thread. It never writes a picture file.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include <gio/gio.h>

#include "eshi-backend.h"
#include "eshi-emphasis.h"
#include "eshi-rng-kind.h"
#include "eshi-preview-kind.h"
#include "eshi-switch.h"

G_BEGIN_DECLS

typedef struct _EshiPipeline EshiPipeline;

/**
 * EshiPipelineStage:
 * @ESHI_PIPELINE_LOADING: opening and checking files, packing weights
 * @ESHI_PIPELINE_READING: the prompt is tokenized and encoded, and the image that it starts from
 * @ESHI_PIPELINE_PAINTING: steps
 * @ESHI_PIPELINE_FINISHING: the latents are decoded
 */
typedef enum
{
  ESHI_PIPELINE_LOADING,
  ESHI_PIPELINE_READING,
  ESHI_PIPELINE_PAINTING,
  ESHI_PIPELINE_FINISHING,
} EshiPipelineStage;

/**
 * EshiPipelineProgress:
 * @stage: what is being done
 * @fraction: 0-1 of the whole call
 * @index: which picture of the batch, from 0
 * @step: finished steps of this picture
 * @n_steps: steps of each picture
 * @seconds_left: until the call returns; negative while unknown
 * @part: 0-1 of the stage; of READING and FINISHING, in tiles, else 0
 */
typedef struct
{
  EshiPipelineStage stage;
  double            fraction;
  guint             index;
  guint             step;
  guint             n_steps;
  double            seconds_left;
  double            part;
} EshiPipelineProgress;

/**
 * EshiPipelinePicture:
 * @width: pixels
 * @height: pixels
 * @rgb: [height, width, 3] u8
 * @seed: the seed it was really painted with
 * @latents: f32 [height/8, width/8, 4], final, as the scheduler left them
 * @withheld: whether the safety checker withheld it: @rgb is all zeros then
 * @vae_redone: whether the decoder's numbers overflowed in half precision, so that it ran again in f32
 */
typedef struct
{
  guint    width;
  guint    height;
  GBytes  *rgb;
  guint64  seed;
  GBytes  *latents;
  gboolean withheld;
  gboolean vae_redone;
} EshiPipelinePicture;

typedef struct _EshiPipelineParams EshiPipelineParams;

/**
 * EshiPipelineCallbacks:
 * @progress: (nullable): after each stage, step and file
 * @preview: (nullable): a look at picture @index after @step steps: [height, width, 3] u8, valid during the call; it
 *   may be smaller than the picture. Where EshiPipelineParams.stop_after leaves a picture, it is decoded in full, whatever
 *   that costs, unless the VAE works in tiles. Whether it is set never changes the result
 * @picture: (nullable): picture @index is finished; @picture is valid during the call, its bytes may be kept by reference
 * @checkpoint: (nullable): where picture @index stands after @step steps, for EshiPipelineParams.resume; may be kept by
 *   reference. Called every @checkpoint_seconds or later, when each picture but the first begins, when the call is
 *   cancelled or its device lost while it paints, and where EshiPipelineParams.stop_after leaves a picture. Whether it is set
 *   never changes the result
 * @checkpoint_seconds: 0 for after each call of the network
 * @refused: (nullable): EshiPipelineParams.resume was of no use, for the reason @why, and all is painted from the beginning
 * @no_taesd: (nullable): TAESD was to make the previews and cannot, for the reason @why, so they are the latents' colours
 *   alone. The same reason is told once in a pipeline's life
 * @reduced: (nullable): memory is too short for what was asked for, so it is done in smaller pieces, as @params now say: the
 *   VAE in tiles, or the halves of guidance one after the other, which rounds otherwise. Told before the first step
 *
 * Called in the thread of the call that they were given to. All of them must return soon.
 */
typedef struct
{
  void     (*progress) (const EshiPipelineProgress *progress,
                        gpointer                    user_data);
  void     (*preview)  (guint                       index,
                        guint                       step,
                        guint                       width,
                        guint                       height,
                        const guint8               *rgb,
                        gpointer                    user_data);
  void     (*picture)  (guint                       index,
                        const EshiPipelinePicture  *picture,
                        gpointer                    user_data);
  gpointer user_data;
  double   checkpoint_seconds;
  void     (*checkpoint) (guint                     index,
                          guint                     step,
                          GBytes                   *state,
                          gpointer                  user_data);
  void     (*refused)  (const GError               *why,
                        gpointer                    user_data);
  void     (*no_taesd) (const GError               *why,
                        gpointer                    user_data);
  void     (*reduced)  (const EshiPipelineParams   *params,
                        gpointer                    user_data);
} EshiPipelineCallbacks;

#define ESHI_PIPELINE_MIN_SIZE 64
#define ESHI_PIPELINE_MAX_SIZE 2048
#define ESHI_PIPELINE_MAX_STEPS 1000
#define ESHI_PIPELINE_MAX_PICTURES 64
#define ESHI_PIPELINE_MAX_IMAGE_SIZE 16384
#define ESHI_PIPELINE_MAX_LORA_WEIGHT 10
#define ESHI_PIPELINE_MAX_CHUNKS 32

/**
 * EshiPipelineLora:
 * @path: a LoRA file
 * @weight: how strongly it is merged, −10 to 10; 0 changes nothing
 */
typedef struct
{
  const char *path;
  double      weight;
} EshiPipelineLora;

/**
 * EshiPipelineParams:
 * @prompt: UTF-8; may be empty
 * @negative_prompt: (nullable): UTF-8; not used when @guidance is at most 1
 * @width: pixels, a multiple of 8 from 64 to 2048; 0 for the image's, floored to a multiple of 8, or the model's own.
 *   Where only one side is 0, it follows the other in the image's proportion
 * @height: likewise
 * @steps: 1 to 1000; 0 for the recommended number
 * @guidance: up to 30; 1 or less runs the network once per step; exactly 0 for the recommended 7.5
 * @seed: of the first picture; picture i is drawn from a generator of its own with seed + i, so each of them can be
 *   painted again alone
 * @rng: algorithm that draws the noise
 * @sampler: (nullable): id of a sampler; %NULL for the model's own
 * @schedule: (nullable): id of a schedule; %NULL for the sampler's own
 * @n_pictures: 1 to 64; 0 means 1
 * @guidance_stop: the part of the steps, cut down to whole ones, that guidance takes part in; the others follow the prompt
 *   alone, as in diffusers' ClassifierFreeGuidance with this `stop`; 0 means 1
 * @clip_skip: 1 for the text encoder's last layer, 2 for the one before it; 0 means 1
 * @emphasis: how brackets in the prompts are read, and whether prompts may be longer than the text encoder's window
 * @embeddings: (nullable): folder of textual inversions; a prompt names one by its file's name without the ending, or by
 *   the word that the file gives it
 * @image: (nullable): what to start from instead of noise alone; [image_height, image_width, 3] u8, borrowed. Where the
 *   picture has another size, it is resized by Lanczos' filter
 * @image_width: pixels, 1 to 16384
 * @image_height: likewise
 * @strength: how much of @image is painted over, 0 (only encoded and decoded again) to 1
 * @mask: (nullable): where @image is painted over: 255 wholly, 0 not at all; [image_height, image_width] u8, borrowed
 * @paste: whether the pixels that @mask leaves alone are put back, with a soft edge. The reference does not, and its
 *   untouched parts are only as good as the autoencoder
 * @variation_seed: whose noise the first picture's is turned towards; picture i of a call uses @variation_seed + i
 * @variation_strength: how far, 0 (not at all) to 1 (it is that noise). Above 0 all pictures of the call use @seed itself
 * @loras: (array length=n_loras) (nullable): LoRAs to merge into the model for this call. The next call with the same
 *   ones finds them merged, one with others pays for packing the UNet's weights again
 * @safety: whether the model's safety checker looks at each finished picture and withholds those that it flags. By
 *   itself if the model brings one; asked of a model that brings none it is an error. Previews and latents
 *   are not looked at
 * @watermark: whether the invisible watermark is hidden in finished pictures, which changes their bytes. By itself where
 *   the model brings a safety checker and the picture is large enough: such models came with scripts that hid it, and
 *   their cards say so. A withheld picture is left black
 * @vae: (nullable): path of the VAE to use, see eshi_vae_file_load(); %NULL for the model's own. A call with another one
 *   than the last call's opens it and packs its weights; the UNet's stay
 * @vae_tiling: whether the VAE works in tiles; AUTO, which is 0, is resolved to what the memory asks for
 * @vae_f32: whether the decoder works in f32 at once, whatever the backend's type
 * @resume: (nullable): where to go on, from EshiPipelineCallbacks.checkpoint of a call with the same parameters on the same
 *   backend and computer, perhaps in an earlier run of the program; borrowed. The pictures before that one are left out, and
 *   the others are those of an undisturbed call, byte for byte. Anything else is refused, and all is painted
 * @preview_kind: how previews are made; never changes the result
 * @preview_every: after how many steps each time; 0, as 1, after every step
 * @taesd: (nullable): path of the TAESD for them, see eshi_taesd_load(); %NULL where there is none
 * @branch: whether @resume may be of a call with other prompts, guidance, LoRAs and seed: it goes on from there with these.
 *   Size, sampler, schedule and number of steps must be the same, or it is refused
 * @reseed: with @branch: whether noise that the sampler adds is drawn anew from @seed, not where @resume stands
 * @context: (nullable): facts about the model's files that a state must share with the call that goes on; borrowed
 * @stop_after: steps after which each picture is left unfinished: EshiPipelineCallbacks.checkpoint says where it stands,
 *   after a last preview, and there is no picture. 0, or a state that stands further: paint as always, or stop at once
 */
struct _EshiPipelineParams
{
  const char   *prompt;
  const char   *negative_prompt;
  guint         width;
  guint         height;
  guint         steps;
  double        guidance;
  guint64       seed;
  EshiRngKind   rng;
  const char   *sampler;
  const char   *schedule;
  guint         n_pictures;
  double        guidance_stop;
  guint         clip_skip;
  EshiEmphasis  emphasis;
  const char   *embeddings;
  const guint8 *image;
  guint         image_width;
  guint         image_height;
  double        strength;
  const guint8 *mask;
  gboolean      paste;
  guint64       variation_seed;
  double        variation_strength;

  const EshiPipelineLora *loras;
  guint                   n_loras;

  EshiSwitch              safety;
  EshiSwitch              watermark;
  const char             *vae;
  EshiSwitch              vae_tiling;
  gboolean                vae_f32;
  GBytes                 *resume;
  const char             *context;
  EshiPreviewKind         preview_kind;
  guint                   preview_every;
  const char             *taesd;
  guint                   stop_after;
  gboolean                branch;
  gboolean                reseed;
};

/* Seconds of wall time by stage. */
typedef struct
{
  double load;    /* weights opened and packed during this call */
  double text;    /* the image as well */
  double steps;   /* previews included */
  double preview; /* part of steps that previews took */
  double decode;
  double total;
} EshiPipelineTimings;

/**
 * EshiPipelineResult:
 * @params: what was really used, zeros replaced; strings and pixels are the caller's, or static
 * @timings: where the time went
 * @n_pictures: how many were finished, also after an error
 * @pictures: (array length=n_pictures): owned, without those that a resumed call left out; clear with
 *   eshi_pipeline_result_clear()
 */
typedef struct
{
  EshiPipelineParams   params;
  EshiPipelineTimings  timings;
  guint                n_pictures;
  EshiPipelinePicture *pictures;
} EshiPipelineResult;

void          eshi_pipeline_result_clear (EshiPipelineResult *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (EshiPipelineResult, eshi_pipeline_result_clear)

/**
 * eshi_pipeline_new:
 * @folder: a model folder with model_index.json, as diffusers writes it, or a single file (safetensors, .ckpt) that holds
 *   a whole model under CompVis' names; such a file's tokenizer is CLIP's, or a file spiece.model beside it
 * @backend: borrowed; outlives the pipeline
 * @callbacks: (nullable): for progress
 *
 * Opens and checks tokenizer, text encoder, UNet and VAE. Weights are packed for the backend later, when the first
 * picture's size is known, or by eshi_pipeline_prepare().
 *
 * Errors: MODEL_MISSING, MODEL_INVALID, UNSUPPORTED, as sentences; G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full)
 */
EshiPipeline *eshi_pipeline_new          (const char                   *folder,
                                          EshiBackend                  *backend,
                                          const EshiPipelineCallbacks  *callbacks,
                                          GCancellable                 *cancellable,
                                          GError                      **error);

/* Whether the file @path begins like one that may hold a model. Reads 16 bytes. */
gboolean      eshi_pipeline_is_checkpoint (const char                  *path);

/* Frees the graphs and unmaps the files; before the backend is closed. */
void          eshi_pipeline_free         (EshiPipeline                 *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EshiPipeline, eshi_pipeline_free)

/**
 * eshi_pipeline_resolve:
 *
 * Replaces the zeros and NULLs of @params by the model's own values and judges the rest; opens its VAE. Errors:
 * INVALID_ARGUMENT, one sentence that names the value and its range; those of eshi_vae_file_load(), and UNSUPPORTED for a
 * VAE that does not fit the model, after which the one before is still in use.
 */
gboolean      eshi_pipeline_resolve      (EshiPipeline                 *self,
                                          EshiPipelineParams           *params,
                                          GError                      **error);

/**
 * eshi_pipeline_find_embeddings:
 * @params: resolved
 *
 * Which textual inversions the prompts name; the negative one only where it is used. Errors: those of
 * eshi_pipeline_generate() that come from the prompts.
 *
 * Returns: (transfer full) (array zero-terminated=1): their files' names without the endings; %NULL with @error set
 */
char        **eshi_pipeline_find_embeddings (EshiPipeline             *self,
                                             const EshiPipelineParams *params,
                                             GError                  **error);

/**
 * eshi_pipeline_prepare:
 *
 * Builds the graphs and packs the weights that @params needs, so that eshi_pipeline_generate() starts at once.
 */
gboolean      eshi_pipeline_prepare      (EshiPipeline                 *self,
                                          const EshiPipelineParams     *params,
                                          const EshiPipelineCallbacks  *callbacks,
                                          GCancellable                 *cancellable,
                                          GError                      **error);

/**
 * eshi_pipeline_generate:
 * @params: what to paint
 * @callbacks: (nullable): who wants to hear of it
 * @cancellable: (nullable): polled before every op
 * @result: (out): also holds the pictures that were finished before an error
 *
 * Paints. The same parameters give the same bytes on the same backend and computer, whatever the callbacks.
 *
 * Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, DEVICE_LOST, UNSUPPORTED; FAILED where the model gives no finite numbers;
 * G_IO_ERROR_CANCELLED.
 */
gboolean      eshi_pipeline_generate     (EshiPipeline                 *self,
                                          const EshiPipelineParams     *params,
                                          const EshiPipelineCallbacks  *callbacks,
                                          GCancellable                 *cancellable,
                                          EshiPipelineResult           *result,
                                          GError                      **error);

/* Whether @state is of a call with @params, which are resolved, so that params.resume would not refuse it. */
gboolean      eshi_pipeline_fits         (EshiPipeline                 *self,
                                          const EshiPipelineParams     *params,
                                          GBytes                       *state);

/**
 * eshi_pipeline_set_ema:
 * @ema: whether to paint with the running average of the UNet's weights that some single files hold beside them
 *
 * Costs packing the UNet's weights again when it changes. Error: UNSUPPORTED where there is no average; all is as before
 * then.
 */
gboolean      eshi_pipeline_set_ema      (EshiPipeline                 *self,
                                          gboolean                      ema,
                                          GError                      **error);

/* Sentences about what was left out of the LoRAs that are merged now, one a line; also sent to the log.
 * (transfer none) (nullable): valid until the next call */
const char   *eshi_pipeline_get_lora_note (EshiPipeline                *self);

/* Bytes of the model's weight files. */
gsize         eshi_pipeline_get_model_bytes (EshiPipeline              *self);

G_END_DECLS
