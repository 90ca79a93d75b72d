/* test-networks.c: the three networks on filled weights against numbers that the reference implementation computed.
 *
 * Every case runs on each backend. The expected values are diffusers 0.8.1's and CLIP's, run in f32 on the same weights;
 * tests/golden/README.md has the rule.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "backends.h"
#include "eshi-scheduler.h"
#include "fill.h"
#include "taps.h"

typedef struct
{
  const char    *backend;
  EshiPrecision  precision;
} Runner;

/* Sums of rounding errors in f32 differ with their order: measured 2e-5 of a value and 5e-5 of a sum at most. */
static const TapLimits f32_limits = { 1e-4, 2e-4 };

static const EshiUnetConfig unet_full = {
  .sample_size = 64,
  .in_channels = 4,
  .out_channels = 4,
  .n_levels = 4,
  .block_out_channels = { 320, 640, 1280, 1280 },
  .layers_per_block = { 2, 2, 2, 2 },
  .down_attention = { TRUE, TRUE, TRUE, FALSE },
  .up_attention = { FALSE, TRUE, TRUE, TRUE },
  .n_heads = { 8, 8, 8, 8 },
  .cross_attention_dim = 768,
  .norm_num_groups = 32,
  .norm_eps = 1e-5f,
};

static const EshiVaeConfig vae_full = {
  .n_levels = 4,
  .block_out_channels = { 128, 256, 512, 512 },
  .layers_per_block = 2,
  .latent_channels = 4,
  .norm_num_groups = 32,
  .sample_size = 512,
  .scaling_factor = 0.18215,
  .mid_attention = TRUE,
  .quant_conv = TRUE,
  .post_quant_conv = TRUE,
};

static const EshiTextConfig text_full = {
  .vocab_size = 32000,
  .hidden_size = 768,
  .intermediate_size = 3072,
  .n_layers = 12,
  .n_heads = 12,
  .max_positions = 77,
  .layer_norm_eps = 1e-5f,
  .act = ESHI_ACT_QUICK_GELU,
};

static EshiUnetConfig
tiny_unet_config (void)
{
  static const guint channels[] = { 32, 64, 128, 128 };
  EshiUnetConfig config = unet_full;

  memcpy (config.block_out_channels, channels, sizeof channels);
  config.cross_attention_dim = 64;
  return config;
}

static EshiVaeConfig
tiny_vae_config (void)
{
  static const guint channels[] = { 32, 64, 64, 64 };
  EshiVaeConfig config = vae_full;

  memcpy (config.block_out_channels, channels, sizeof channels);
  return config;
}

static EshiTextConfig
tiny_text_config (void)
{
  EshiTextConfig config = text_full;

  config.vocab_size = 100;
  config.hidden_size = 64;
  config.intermediate_size = 256;
  config.n_layers = 2;
  config.n_heads = 4;
  return config;
}

static void
prepare (EshiGraph *graph)
{
  g_autoptr(GError) error = NULL;

  eshi_graph_prepare (graph, NULL, &error);
  g_assert_no_error (error);
}

static void
upload (EshiGraph  *graph,
        EshiTensor *x,
        const void *data)
{
  g_autoptr(GError) error = NULL;

  eshi_graph_upload (graph, x, data, &error);
  g_assert_no_error (error);
}

static void
run (EshiGraph *graph)
{
  g_autoptr(GError) error = NULL;

  eshi_graph_run (graph, NULL, &error);
  g_assert_no_error (error);
}

/* A UNet's two graphs for latents [1, 16, 8, 4] and a context of @tokens. */
typedef struct
{
  EshiGraph       *context_graph;
  EshiGraph       *graph;
  EshiUnetContext  context;
  EshiTensor      *latents;
  EshiTensor      *timestep;
  EshiTensor      *output;
} UnetRig;

static void
unet_rig_init (UnetRig     *self,
               EshiBackend *backend,
               EshiUnet    *unet,
               guint        tokens,
               Taps        *taps)
{
  guint d = eshi_unet_get_config (unet)->cross_attention_dim;
  g_autofree float *context = g_new (float, tokens * d);
  g_autofree float *latents = g_new (float, 4 * 16 * 8);
  EshiTensor *input = NULL;
  EshiTensor *x = NULL;

  self->context_graph = eshi_graph_new (backend);
  input = eshi_graph_input (self->context_graph, "context", ESHI_DTYPE_F32, ESHI_SHAPE3 (1, tokens, d));
  eshi_unet_build_context (unet, self->context_graph, input, &self->context);
  prepare (self->context_graph);
  fill_input ("input:context", context, tokens * d);
  upload (self->context_graph, input, context);
  run (self->context_graph);

  self->graph = eshi_graph_new (backend);
  self->latents = eshi_graph_input (self->graph, "latents", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 16, 8, 4));
  self->timestep = eshi_graph_input (self->graph, "timestep", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  x = eshi_unet_build_step (unet, self->graph, self->latents, self->timestep, &self->context,
                            taps == NULL ? NULL : taps_cb, taps);
  if (taps != NULL)
    taps_output (taps, self->graph, x);
  self->output = eshi_graph_output (self->graph, "output", x, ESHI_DTYPE_F32);
  prepare (self->graph);
  fill_input_image ("input:latent", latents, 4, 16, 8);
  upload (self->graph, self->latents, latents);
}

static void
unet_rig_clear (UnetRig *self)
{
  eshi_graph_free (self->graph);
  eshi_graph_free (self->context_graph);
  eshi_unet_context_clear (&self->context);
}

static void
unet_rig_run (UnetRig *self,
              double   timestep)
{
  float t = (float) timestep;

  upload (self->graph, self->timestep, &t);
  run (self->graph);
}

/* The taps at @first's timestep, then only the output at the times of @others. */
static void
check_unet (const Runner         *runner,
            EshiUnet             *unet,
            guint                 tokens,
            const TapExpectation *expectations,
            guint                 n_expectations,
            const TapExpectation *others)
{
  static const double times[] = { 978.6122448979592, 1 };
  EshiBackend *backend = open_backend (runner->backend, runner->precision);
  Taps taps = { expectations, n_expectations };
  UnetRig rig;

  if (backend == NULL)
    return;

  unet_rig_init (&rig, backend, unet, tokens, &taps);
  unet_rig_run (&rig, 981);
  taps_check (&taps, rig.graph, &f32_limits);

  for (guint i = 0; i < G_N_ELEMENTS (times); i++)
    {
      Taps other = { &others[i], 1, { rig.output } };

      unet_rig_run (&rig, times[i]);
      taps_check (&other, rig.graph, &f32_limits);
    }

  unet_rig_clear (&rig);
  close_backend (backend);
}

static void
test_unet_tiny (gconstpointer data)
{
  static const TapExpectation expectations[] = {
    { "time_embedding", 4, { -.046709, .124546, .273704, -.189272 }, .82702, .344889 },
    { "conv_in", 4, { -.526685, .385321, -.165622, -.019437 }, 80.60048, .908259 },
    { "down_blocks.0.resnets.0", 4, { -.531042, .239732, -.828907, -.386861 }, 14.57949, 1.063574 },
    { "down_blocks.0.attentions.0", 4, { -.326243, -.231547, 1.291244, .540430 }, -40.51719, 1.836135 },
    { "down_blocks.0", 1, { 1.656739 }, 134.17779, 2.312782 },
    { "down_blocks.1", 1, { -2.619132 }, 109.08617, 2.761801 },
    { "down_blocks.2", 1, { -1.607000 }, -5.68525, 2.692021 },
    { "down_blocks.3", 1, { -1.643323 }, -2.90760, 2.759532 },
    { "mid_block", 4, { -2.093561, 1.293314, -.589515, 6.507356 }, -41.36532, 3.179646 },
    { "up_blocks.0", 1, { -2.459946 }, -147.75467, 2.129099 },
    { "up_blocks.1", 1, { .639565 }, -314.44501, 2.906899 },
    { "up_blocks.2", 1, { -4.060400 }, 1205.07808, 3.177045 },
    { "up_blocks.3", 1, { -.209058 }, 869.82768, 2.744786 },
    { "output", 4, { -.417499, -.037067, 1.188788, -.098859 }, -4.82542, .591902 },
  };
  static const TapExpectation others[] = {
    { "output", 4, { -.439020, -.014815, 1.176446, -.117904 }, -5.77427, .591981 },
    { "output", 4, { -.422929, -.020479, 1.252202, .000366 }, -6.08542, .597378 },
  };
  EshiUnetConfig config = tiny_unet_config ();
  g_autoptr(EshiUnet) unet = fill_new_unet (&config);

  check_unet (data, unet, 7, expectations, G_N_ELEMENTS (expectations), others);
}

static void
test_unet_full (gconstpointer data)
{
  static const TapExpectation expectations[] = {
    { "time_embedding", 4, { -.610741, .258827, .784603, .200653 }, 24.49527, .400615 },
    { "conv_in", 4, { -.526685, .385321, -.165622, -.019437 }, 147.18808, .908853 },
    { "down_blocks.0.resnets.0", 4, { .123628, .524776, -.643551, -.434986 }, -114.68248, 1.084039 },
    { "down_blocks.0.attentions.0", 4, { -1.755559, 1.310253, -.945597, .748512 }, -91.76337, 1.665812 },
    { "down_blocks.0", 2, { -.544939, -2.013449 }, -223.52680, 2.112940 },
    { "down_blocks.1", 2, { -2.154170, -1.156443 }, -553.01020, 2.530250 },
    { "down_blocks.2", 2, { 1.632289, 1.963526 }, -104.94295, 2.389704 },
    { "down_blocks.3", 2, { 1.345994, 1.461424 }, -116.12880, 2.440053 },
    { "mid_block", 4, { 1.064838, 1.944728, 2.153427, 2.548244 }, -29.12050, 2.886808 },
    { "up_blocks.0", 2, { -1.824055, -1.831535 }, 127.30674, 1.861137 },
    { "up_blocks.1", 2, { .514863, .195963 }, 1785.05757, 3.008455 },
    { "up_blocks.2", 2, { -2.233646, -3.015026 }, 1792.45621, 3.103865 },
    { "up_blocks.3", 2, { 1.664371, .562578 }, 2405.53961, 2.624907 },
    { "output", 4, { .168414, -.473767, -.517467, .018482 }, -25.50507, .566426 },
  };
  static const TapExpectation others[] = {
    { "output", 4, { .221317, -.506855, -.418970, .078416 }, -10.18538, .558477 },
    { "output", 4, { .147951, -.666227, -.681838, -.306569 }, 31.52287, .543451 },
  };
  g_autoptr(EshiUnet) unet = fill_new_unet (&unet_full);

  check_unet (data, unet, 77, expectations, G_N_ELEMENTS (expectations), others);
}

/* The output at t = 981, f32 [16, 8, 4]. */
static float *
run_unet (EshiBackend *backend,
          EshiUnet    *unet,
          guint        tokens)
{
  float *output = g_new (float, 16 * 8 * 4);
  g_autoptr(GError) error = NULL;
  UnetRig rig;

  unet_rig_init (&rig, backend, unet, tokens, NULL);
  unet_rig_run (&rig, 981);
  eshi_graph_download (rig.graph, rig.output, output, &error);
  g_assert_no_error (error);
  unet_rig_clear (&rig);
  return output;
}

/* Both contexts in one graph, latents [2, 8, 8, 4], and guidance at the end. */
typedef struct
{
  EshiGraph       *context_graph;
  EshiGraph       *graph;
  EshiUnetContext  context;
  EshiTensor      *latents;
  EshiTensor      *timestep;
  EshiTensor      *output;
} GuidedRig;

static void
guided_rig_init (GuidedRig   *self,
                 EshiBackend *backend,
                 EshiUnet    *unet)
{
  static const float guidance = 7.5f;
  float contexts[2][7 * 64];
  EshiTensor *input = NULL;
  EshiTensor *scale = NULL;
  EshiTensor *x = NULL;

  self->context_graph = eshi_graph_new (backend);
  input = eshi_graph_input (self->context_graph, "context", ESHI_DTYPE_F32, ESHI_SHAPE3 (2, 7, 64));
  eshi_unet_build_context (unet, self->context_graph, input, &self->context);
  prepare (self->context_graph);
  fill_input ("input:uncond", contexts[0], G_N_ELEMENTS (contexts[0]));
  fill_input ("input:context", contexts[1], G_N_ELEMENTS (contexts[1]));
  upload (self->context_graph, input, contexts);
  run (self->context_graph);

  self->graph = eshi_graph_new (backend);
  self->latents = eshi_graph_input (self->graph, "latents", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 8, 8, 4));
  self->timestep = eshi_graph_input (self->graph, "timestep", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  scale = eshi_graph_input (self->graph, "guidance", ESHI_DTYPE_F32, ESHI_SHAPE1 (1));
  x = eshi_unet_build_step (unet, self->graph, self->latents, self->timestep, &self->context, NULL, NULL);
  x = eshi_graph_guidance (self->graph, "guidance", x, scale);
  self->output = eshi_graph_output (self->graph, "output", x, ESHI_DTYPE_F32);
  prepare (self->graph);
  upload (self->graph, scale, &guidance);
}

static void
guided_rig_clear (GuidedRig *self)
{
  eshi_graph_free (self->graph);
  eshi_graph_free (self->context_graph);
  eshi_unet_context_clear (&self->context);
}

/* Call @i of @scheduler on @x, [4, 8, 8]. */
static void
guided_rig_step (GuidedRig     *self,
                 EshiScheduler *scheduler,
                 guint          i,
                 float         *x)
{
  const EshiShape shape = ESHI_SHAPE4 (1, 8, 8, 4);
  float scale = (float) eshi_scheduler_get_input_scale (scheduler, i);
  float t = (float) eshi_scheduler_get_timestep (scheduler, i);
  float pixels[256];
  float noise[256];
  g_autofree float *planes = NULL;
  g_autoptr(GError) error = NULL;

  for (guint p = 0; p < 64; p++)
    for (guint c = 0; c < 4; c++)
      pixels[4 * p + c] = x[64 * c + p] * scale;
  upload (self->graph, self->latents, pixels);
  upload (self->graph, self->timestep, &t);
  run (self->graph);
  eshi_graph_download (self->graph, self->output, noise, &error);
  g_assert_no_error (error);
  planes = to_channels_first (noise, &shape);
  eshi_scheduler_step (scheduler, i, planes, x, NULL, NULL);
}

/* Guided denoising with the sampler that japanese-stable-diffusion recommends, against the reference's trajectory. */
static void
test_trajectory (gconstpointer data)
{
  static const TapExpectation expectations[] = {
    { "t = 999", 4, { 25.773417, 41.999496, 11.088657, -62.224319 }, 425.88096, 32.905748 },
    { "t = 749.25", 4, { 28.181793, 41.916130, 11.826092, -62.468815 }, 452.16856, 32.585185 },
    { "t = 499.5", 4, { 28.420143, 41.893959, 11.621738, -62.304283 }, 457.01995, 32.640739 },
    { "t = 249.75", 4, { 28.542347, 41.814877, 11.414962, -62.203194 }, 460.02508, 32.667120 },
    { "t = 0", 4, { 28.547873, 41.811764, 11.405918, -62.198765 }, 460.15606, 32.668412 },
  };
  const Runner *runner = data;
  const EshiSchedulerConfig scheduler_config = ESHI_SCHEDULER_CONFIG_INIT;
  EshiUnetConfig config = tiny_unet_config ();
  g_autoptr(EshiUnet) unet = fill_new_unet (&config);
  EshiBackend *backend = open_backend (runner->backend, runner->precision);
  g_autoptr(EshiRng) rng = eshi_rng_new (ESHI_RNG_CPU, 42);
  g_autoptr(EshiScheduler) scheduler = eshi_scheduler_new ("lms", &scheduler_config, 5, 256, NULL);
  g_autofree float *x = g_new (float, 256);
  GuidedRig rig;

  if (backend == NULL)
    return;

  guided_rig_init (&rig, backend, unet);
  eshi_rng_fill_normal (rng, x, 256);
  for (guint i = 0; i < 256; i++)
    x[i] *= (float) eshi_scheduler_get_init_noise_sigma (scheduler);

  for (guint i = 0; i < G_N_ELEMENTS (expectations); i++)
    {
      guided_rig_step (&rig, scheduler, i, x);
      taps_check_values (&expectations[i], x, 256, &f32_limits);
    }

  guided_rig_clear (&rig);
  close_backend (backend);
}

/* Half precision points where f32 points. bf16 keeps 8 bits, so each of some hundred roundings on the longest path moves
 * a value by up to 2⁻⁹; if they add up like noise, 100 · 2⁻¹⁸ / 3 of the output's power is wrong, and the cosine is about
 * 1 − 1e-4. Ten times that would mean that some step rounds more often than it has to. */
static void
check_half (const Runner *runner,
            EshiUnet     *unet,
            guint         tokens)
{
  EshiBackend *exact = open_backend (runner->backend, ESHI_PRECISION_F32);
  EshiBackend *half = NULL;
  g_autofree float *a = NULL;
  g_autofree float *b = NULL;
  double aa = 0;
  double ab = 0;
  double bb = 0;

  if (exact == NULL)
    return;
  a = run_unet (exact, unet, tokens);
  close_backend (exact);

  half = open_backend (runner->backend, ESHI_PRECISION_HALF);
  if (half == NULL)
    return;
  b = run_unet (half, unet, tokens);
  close_backend (half);

  for (guint i = 0; i < 16 * 8 * 4; i++)
    {
      aa += (double) a[i] * a[i];
      ab += (double) a[i] * b[i];
      bb += (double) b[i] * b[i];
    }
  g_test_message ("1 - cosine: %.2e, length: %+.2e", 1 - ab / sqrt (aa * bb), sqrt (bb / aa) - 1);
  g_assert_cmpfloat (ab / sqrt (aa * bb), >=, 0.999);
  g_assert_cmpfloat_with_epsilon (sqrt (bb / aa), 1.0, 0.02);
}

static void
test_unet_tiny_half (gconstpointer data)
{
  EshiUnetConfig config = tiny_unet_config ();
  g_autoptr(EshiUnet) unet = fill_new_unet (&config);

  check_half (data, unet, 7);
}

static void
test_unet_full_half (gconstpointer data)
{
  g_autoptr(EshiUnet) unet = fill_new_unet (&unet_full);

  check_half (data, unet, 77);
}

/* Runs the autoencoder both ways: image [1, 64, 48, 3], z [1, 8, 6, 4]. */
static void
check_vae (const Runner         *runner,
           EshiVae              *vae,
           const TapExpectation *mean,
           const TapExpectation *logvar,
           const TapExpectation *decoded)
{
  EshiBackend *backend = open_backend (runner->backend, runner->precision);
  float image[64 * 48 * 3];
  float z[8 * 6 * 4];
  float moments[2 * G_N_ELEMENTS (z)];
  float halves[2][G_N_ELEMENTS (z)];
  const EshiShape latent_shape = ESHI_SHAPE4 (1, 8, 6, 4);
  g_autoptr(EshiGraph) graph = NULL;
  g_autofree float *mean_planes = NULL;
  g_autofree float *logvar_planes = NULL;
  Taps taps = { decoded, 1 };
  EshiTensor *input = NULL;
  EshiTensor *output = NULL;
  g_autoptr(GError) error = NULL;

  if (backend == NULL)
    return;

  fill_input_image ("input:image", image, 3, 64, 48);
  for (guint i = 0; i < G_N_ELEMENTS (image); i++)
    image[i] = CLAMP (image[i], -1.0f, 1.0f);
  graph = eshi_graph_new (backend);
  input = eshi_graph_input (graph, "image", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 64, 48, 3));
  output = eshi_graph_output (graph, "moments", eshi_vae_build_encoder (vae, graph, input, NULL, NULL), ESHI_DTYPE_F32);
  prepare (graph);
  upload (graph, input, image);
  run (graph);
  eshi_graph_download (graph, output, moments, &error);
  g_assert_no_error (error);
  eshi_vae_split_moments (moments, 8 * 6, 4, halves[0], halves[1]);
  mean_planes = to_channels_first (halves[0], &latent_shape);
  logvar_planes = to_channels_first (halves[1], &latent_shape);
  taps_check_values (mean, mean_planes, G_N_ELEMENTS (z), &f32_limits);
  taps_check_values (logvar, logvar_planes, G_N_ELEMENTS (z), &f32_limits);

  g_clear_pointer (&graph, eshi_graph_free);
  fill_input_image ("input:z", z, 4, 8, 6);
  graph = eshi_graph_new (backend);
  input = eshi_graph_input (graph, "z", ESHI_DTYPE_F32, ESHI_SHAPE4 (1, 8, 6, 4));
  taps_output (&taps, graph, eshi_vae_build_decoder (vae, graph, input, NULL, NULL));
  prepare (graph);
  upload (graph, input, z);
  run (graph);
  taps_check (&taps, graph, &f32_limits);

  g_clear_pointer (&graph, eshi_graph_free);
  close_backend (backend);
}

static void
test_vae_tiny (gconstpointer data)
{
  static const TapExpectation mean = { "mean", 4, { -.588903, -.285113, .442498, -.311967 }, -8.72572, .499682 };
  static const TapExpectation logvar = { "logvar", 4, { .030794, .078320, -.346712, -.155119 }, 22.81117, .482555 };
  static const TapExpectation decoded = { "output", 4, { -.021376, .137821, .248635, .162289 }, 160.10175, .652895 };
  EshiVaeConfig config = tiny_vae_config ();
  g_autoptr(EshiVae) vae = fill_new_vae (&config);

  check_vae (data, vae, &mean, &logvar, &decoded);
}

static void
test_vae_full (gconstpointer data)
{
  static const TapExpectation mean = { "mean", 4, { .187740, .379260, .115460, .108353 }, 9.71678, .665202 };
  static const TapExpectation logvar = { "logvar", 4, { -.488697, -.404283, .011837, -.862314 }, 11.74626, .538904 };
  static const TapExpectation decoded = { "output", 4, { .094327, -.033556, -.137787, -.182810 }, -464.46687, .574374 };
  g_autoptr(EshiVae) vae = fill_new_vae (&vae_full);

  check_vae (data, vae, &mean, &logvar, &decoded);
}

static void
check_text (const Runner         *runner,
            EshiTextEncoder      *text,
            const gint32         *ids,
            guint                 n_ids,
            guint                 clip_skip,
            const TapExpectation *expectations,
            guint                 n_expectations)
{
  EshiBackend *backend = open_backend (runner->backend, runner->precision);
  g_autoptr(EshiGraph) graph = NULL;
  Taps taps = { expectations, n_expectations };
  EshiTensor *input = NULL;

  if (backend == NULL)
    return;

  graph = eshi_graph_new (backend);
  input = eshi_graph_input (graph, "ids", ESHI_DTYPE_I32, ESHI_SHAPE2 (1, n_ids));
  taps_output (&taps, graph, eshi_text_encoder_build (text, graph, input, clip_skip, taps_cb, &taps));
  prepare (graph);
  upload (graph, input, ids);
  run (graph);
  taps_check (&taps, graph, &f32_limits);

  g_clear_pointer (&graph, eshi_graph_free);
  close_backend (backend);
}

static void
test_text_tiny (gconstpointer data)
{
  static const gint32 ids[] = { 4, 40, 41, 42, 43, 2, 3 };
  static const TapExpectation expectations[] = {
    { "output", 4, { -.367981, -.325087, 1.124587, -1.425863 }, 9.55315, 1.012361 },
  };
  EshiTextConfig config = tiny_text_config ();
  g_autoptr(EshiTextEncoder) text = fill_new_text_encoder (&config);

  check_text (data, text, ids, G_N_ELEMENTS (ids), 1, expectations, G_N_ELEMENTS (expectations));
}

static void
test_text_full (gconstpointer data)
{
  static const TapExpectation expectations[] = {
    { "text_model.embeddings", 4, { .086910, .006537, -.043244, .019098 }, 35.65920, .050913 },
    { "text_model.encoder.layers.0", 4, { -2.149131, .824773, .409798, -.052759 }, 992.49738, .884951 },
    { "output", 4, { 1.621940, .664143, -1.204530, -.048250 }, 87.56614, 1.001453 },
  };
  static const TapExpectation skipped[] = {
    { "output", 4, { 1.385705, .412262, -.642336, .479468 }, 87.89521, .999950 },
  };
  /* 猫の肖像画 油絵 */
  gint32 ids[77] = { 9, 4324, 10, 16655, 9, 2073, 1623, 2 };
  g_autoptr(EshiTextEncoder) text = fill_new_text_encoder (&text_full);

  for (guint i = 8; i < G_N_ELEMENTS (ids); i++)
    ids[i] = 3;
  check_text (data, text, ids, G_N_ELEMENTS (ids), 1, expectations, G_N_ELEMENTS (expectations));
  check_text (data, text, ids, G_N_ELEMENTS (ids), 2, skipped, G_N_ELEMENTS (skipped));
}

/* The fill rule itself, so that a mistake in it is not taken for one in a network. */
static void
test_fill (void)
{
  float latent[4];

  g_assert_cmphex (fill_hash ("conv_in.weight"), ==, G_GUINT64_CONSTANT (0x1ce69906bdc574a7));
  fill_input ("input:latent", latent, 4);
  g_assert_cmpfloat_with_epsilon (latent[0], -.74538797, 1e-7);
  g_assert_cmpfloat_with_epsilon (latent[1], .96090859, 1e-7);
  g_assert_cmpfloat_with_epsilon (latent[2], -.82900065, 1e-7);
  g_assert_cmpfloat_with_epsilon (latent[3], .63648480, 1e-7);
}

typedef struct
{
  guint  n_tensors;
  gint64 n_parameters;
} Count;

static void
count_cb (const char *name,
          EshiShape   shape,
          gpointer    user_data)
{
  Count *count = user_data;

  count->n_tensors++;
  count->n_parameters += eshi_shape_count (&shape);
}

/* Numbers of tensors and parameters of the published models. */
static void
test_counts (void)
{
  EshiUnetConfig tiny_unet = tiny_unet_config ();
  EshiVaeConfig tiny_vae = tiny_vae_config ();
  Count count = { 0 };

  eshi_unet_foreach_weight (&unet_full, count_cb, &count);
  g_assert_cmpuint (count.n_tensors, ==, 686);
  g_assert_cmpint (count.n_parameters, ==, 859520964);

  count = (Count) { 0 };
  eshi_unet_foreach_weight (&tiny_unet, count_cb, &count);
  g_assert_cmpuint (count.n_tensors, ==, 686);
  g_assert_cmpint (count.n_parameters, ==, 8605284);

  count = (Count) { 0 };
  eshi_vae_foreach_weight (&vae_full, ESHI_VAE_DECODER | ESHI_VAE_ENCODER, count_cb, &count);
  g_assert_cmpuint (count.n_tensors, ==, 248);
  g_assert_cmpint (count.n_parameters, ==, 83653863);

  count = (Count) { 0 };
  eshi_vae_foreach_weight (&tiny_vae, ESHI_VAE_DECODER | ESHI_VAE_ENCODER, count_cb, &count);
  g_assert_cmpuint (count.n_tensors, ==, 244);
  g_assert_cmpint (count.n_parameters, ==, 1732679);

  count = (Count) { 0 };
  eshi_text_encoder_foreach_weight (&text_full, count_cb, &count);
  g_assert_cmpuint (count.n_tensors, ==, 196);
  g_assert_cmpint (count.n_parameters, ==, 109691136);
}

int
main (int   argc,
      char *argv[])
{
  static const Runner runners[] = {
    { "ref", ESHI_PRECISION_F32 },
    { "cpu", ESHI_PRECISION_F32 },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/eshi/networks/fill", test_fill);
  g_test_add_func ("/eshi/networks/counts", test_counts);

  for (guint i = 0; i < G_N_ELEMENTS (runners); i++)
    {
      static const struct
      {
        const char *name;
        GTestDataFunc func;
      } cases[] = {
        { "text/tiny", test_text_tiny },
        { "text/full", test_text_full },
        { "vae/tiny", test_vae_tiny },
        { "vae/full", test_vae_full },
        { "unet/tiny", test_unet_tiny },
        { "unet/full", test_unet_full },
        { "trajectory", test_trajectory },
      };

      for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree char *path = g_strdup_printf ("/eshi/networks/%s/%s", runners[i].backend, cases[j].name);

          g_test_add_data_func (path, &runners[i], cases[j].func);
        }
    }

  /* The reference backend knows f32 only. */
  g_test_add_data_func ("/eshi/networks/cpu/unet/tiny-half", &runners[1], test_unet_tiny_half);
  g_test_add_data_func ("/eshi/networks/cpu/unet/full-half", &runners[1], test_unet_full_half);
  return g_test_run ();
}
