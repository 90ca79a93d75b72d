/* eshi-prompt-panel.c: the words and the settings of the next picture, and the button that paints it.
 *
 * It knows nothing of the engine's work: it hands out settings, and takes settings.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-prompt-panel.h"

#include "eshi-expert-row.h"
#include "eshi-input-row.h"
#include "eshi-options.h"
#include "eshi-prompt-view.h"
#include "eshi-seed-row.h"
#include "eshi-style-chips.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define MAX_SIZES 8
#define DEFAULT_SIDE 512
#define SIDE_MIN 64
#define SIDE_MAX 2048
#define SIDE_STEP 8
#define UNFOLD_MS 350          /* the toolkit's animation, and a little */
#define AREA_FACTOR 2.25   /* of the model's own size, up to which an input picture keeps its size */

typedef struct
{
  int width;
  int height;
} Size;

struct _EshiPromptPanel
{
  AdwBin parent_instance;

  /* Template Widgets */
  EshiPromptView *prompt;
  EshiPromptView *negative_prompt;
  EshiStyleChips *chips;
  GtkLabel *token_count;
  GtkExpander *negative_expander;
  AdwComboRow *size_row;
  AdwComboRow *sampler_row;
  EshiSeedRow *seed_row;
  EshiInputRow *input_row;
  AdwBin *expert_place;
  GtkScrolledWindow *scroller;
  GtkAdjustment *steps;
  GtkAdjustment *guidance;
  GtkAdjustment *n_images;
  GtkButton *generate;

  EshiExpertRow *expert_row;    /* NULL until the window is there */

  /* Owned References */
  EshiSettings *expert_settings; /* (nullable): what expert_row shall show once it is there */
  char *model_path;
  EshiTokens *tokens;
  GStrv history;
  char *history_text;      /* what stood there before the history was looked at */

  Size sizes[MAX_SIZES];
  guint n_sizes;
  guint reveal_source;
  int history_position;    /* −1: not in the history */
  guint loading : 1;       /* widgets are being set by us: no `changed` */
  guint composing : 1;
};

enum
{
  PROP_0,
  PROP_COMPOSING,
  N_PROPS,
};

enum
{
  CHANGED,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiPromptPanel, eshi_prompt_panel, ADW_TYPE_BIN)

static void
emit_changed (EshiPromptPanel *self)
{
  g_assert (ESHI_IS_PROMPT_PANEL (self));

  if (!self->loading)
    g_signal_emit (self, signals[CHANGED], 0);
}

/* --- the ruler of pieces ----------------------------------------------------------------------------------------- */

/* Setting a tooltip has GTK ask the X server three times where the pointer is, which is too much for every key. */
static void
set_tooltip (GtkWidget  *widget,
             const char *text)
{
  if (g_strcmp0 (gtk_widget_get_tooltip_text (widget), text) != 0)
    gtk_widget_set_tooltip_text (widget, text);
}

static void
show_token_count (EshiPromptPanel *self,
                  gsize            count,
                  gsize            limit)
{
  g_autofree char *text = g_strdup_printf ("%" G_GSIZE_FORMAT "/%" G_GSIZE_FORMAT, count, limit);
  g_autofree char *label = g_strdup_printf (_("%s pieces"), text);

  gtk_label_set_text (self->token_count, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->token_count), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  if (count > limit)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->token_count), "warning");
      set_tooltip (GTK_WIDGET (self->token_count),
                   _("The model reads only as much; the dimmed words are left out"));
    }
  else
    {
      gtk_widget_remove_css_class (GTK_WIDGET (self->token_count), "warning");
      set_tooltip (GTK_WIDGET (self->token_count),
                   _("Pieces of words that the model reads, and how many it can read"));
    }
}

static void
count_tokens (EshiPromptPanel *self)
{
  g_autofree char *seen = NULL;
  gsize count;
  gsize limit = 0;
  gssize overflow = -1;

  gtk_widget_set_visible (GTK_WIDGET (self->token_count), self->tokens != NULL);
  if (self->tokens == NULL)
    return;
  seen = eshi_prompt_view_dup_seen_text (self->prompt);
  count = eshi_tokens_measure (self->tokens, seen, NULL, &limit, &overflow);
  show_token_count (self, count, limit);
  if (!eshi_prompt_view_get_composing (self->prompt))
    eshi_prompt_view_dim_after (self->prompt, overflow < 0 ? -1 : (int) g_utf8_strlen (seen, overflow));
}

/* --- callbacks --------------------------------------------------------------------------------------------------- */

static void
on_prompt_text_changed_cb (EshiPromptPanel *self)
{
  g_assert (ESHI_IS_PROMPT_PANEL (self));

  count_tokens (self);
  emit_changed (self);
}

static void
on_composing_cb (EshiPromptPanel *self)
{
  gboolean composing;

  g_assert (ESHI_IS_PROMPT_PANEL (self));

  composing = eshi_prompt_view_get_composing (self->prompt) || eshi_prompt_view_get_composing (self->negative_prompt);
  if (composing == self->composing)
    return;
  self->composing = composing;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COMPOSING]);
}

static void
on_submit_cb (EshiPromptPanel *self)
{
  g_assert (ESHI_IS_PROMPT_PANEL (self));

  gtk_widget_activate_action (GTK_WIDGET (self), "win.generate", NULL);
}

/* --- sizes and samplers ------------------------------------------------------------------------------------------ */

static guint
add_size (EshiPromptPanel *self,
          int              width,
          int              height)
{
  GtkStringList *list = GTK_STRING_LIST (adw_combo_row_get_model (self->size_row));
  g_autofree char *label = NULL;

  for (guint i = 0; i < self->n_sizes; i++)
    {
      if (self->sizes[i].width == width && self->sizes[i].height == height)
        return i;
    }
  /* The last place is for a size that a picture brought along. */
  if (self->n_sizes == MAX_SIZES)
    {
      gtk_string_list_remove (list, MAX_SIZES - 1);
      self->n_sizes--;
    }
  label = g_strdup_printf ("%d × %d", width, height);
  /* Before the list, whose first entry is chosen as soon as it is there. */
  self->sizes[self->n_sizes++] = (Size) { width, height };
  gtk_string_list_append (list, label);
  return self->n_sizes - 1;
}

static int
round_side (double side)
{
  return MIN (((int) side + 31) / 32 * 32, SIDE_MAX);
}

static void
fill_sizes (EshiPromptPanel *self,
            int              width,
            int              height)
{
  GtkStringList *list = GTK_STRING_LIST (adw_combo_row_get_model (self->size_row));

  gtk_string_list_splice (list, 0, self->n_sizes, NULL);
  self->n_sizes = 0;
  add_size (self, width, height);
  add_size (self, round_side (width * 1.5), height);
  add_size (self, width, round_side (height * 1.5));
  add_size (self, round_side (width * 1.25), height);
  add_size (self, width, round_side (height * 1.25));
  add_size (self, round_side (width * 1.5), round_side (height * 1.5));
}

static gboolean
is_side (int side)
{
  return side >= SIDE_MIN && side <= SIDE_MAX && side % SIDE_STEP == 0;
}

static int
fit_side (double side)
{
  return CLAMP ((int) (side / SIDE_STEP + 0.5) * SIDE_STEP, SIDE_MIN, SIDE_MAX);
}

/* A size in the input picture's proportions: its own if the model can paint that, else with as many pixels as the
 * model's own size has. */
static void
adopt_image_size (EshiPromptPanel *self)
{
  EshiImage *image = eshi_input_get_image (eshi_input_row_get_input (self->input_row));
  double own_area = (double) self->sizes[0].width * self->sizes[0].height;
  double area;
  int width;
  int height;

  if (image == NULL)
    return;
  width = eshi_image_get_width (image);
  height = eshi_image_get_height (image);
  area = (double) width * height;
  if (!is_side (width) || !is_side (height) || area > own_area * AREA_FACTOR)
    {
      double scale = sqrt (own_area / area);

      width = fit_side (width * scale);
      height = fit_side (height * scale);
    }
  adw_combo_row_set_selected (self->size_row, add_size (self, width, height));
}

static void
on_size_cb (EshiPromptPanel *self)
{
  guint selected = adw_combo_row_get_selected (self->size_row);

  g_assert (ESHI_IS_PROMPT_PANEL (self));

  if (selected < self->n_sizes)
    eshi_input_row_set_size (self->input_row, self->sizes[selected].width, self->sizes[selected].height);
  emit_changed (self);
}

static void
fill_samplers (EshiPromptPanel *self)
{
  g_autoptr(GtkStringList) list = gtk_string_list_new (NULL);
  guint n_samplers;
  const EshiSampler *samplers = eshi_samplers (&n_samplers);

  for (guint i = 0; i < n_samplers; i++)
    gtk_string_list_append (list, samplers[i].label);
  adw_combo_row_set_model (self->sampler_row, G_LIST_MODEL (list));
}

static const char *
get_sampler_id (EshiPromptPanel *self)
{
  guint n_samplers;
  const EshiSampler *samplers = eshi_samplers (&n_samplers);
  guint selected = adw_combo_row_get_selected (self->sampler_row);

  return selected < n_samplers ? samplers[selected].id : NULL;
}

static void
on_sampler_cb (EshiPromptPanel *self)
{
  g_assert (ESHI_IS_PROMPT_PANEL (self));

  if (self->expert_row != NULL)
    eshi_expert_row_set_sampler (self->expert_row, get_sampler_id (self));
  emit_changed (self);
}

/* What the expert row says, or would say. */
static void
fill_expert_settings (EshiPromptPanel *self,
                      EshiSettings    *settings)
{
  if (self->expert_row != NULL)
    eshi_expert_row_fill_settings (self->expert_row, settings);
  else if (self->expert_settings != NULL)
    eshi_expert_row_copy_settings (settings, self->expert_settings);
}

static void
load_expert_settings (EshiPromptPanel    *self,
                      const EshiSettings *settings)
{
  if (self->expert_row != NULL)
    {
      eshi_expert_row_load_settings (self->expert_row, settings);
      return;
    }
  g_clear_pointer (&self->expert_settings, eshi_settings_free);
  self->expert_settings = eshi_settings_copy (settings);
}

static void
select_sampler (EshiPromptPanel *self,
                const char      *name)
{
  guint n_samplers;
  const EshiSampler *samplers = eshi_samplers (&n_samplers);
  const EshiSampler *sampler = name != NULL ? eshi_sampler_find (name) : NULL;

  if (sampler != NULL)
    adw_combo_row_set_selected (self->sampler_row, (guint) (sampler - samplers));
}

/* --- the object -------------------------------------------------------------------------------------------------- */

static void
eshi_prompt_panel_dispose (GObject *object)
{
  g_clear_handle_id (&ESHI_PROMPT_PANEL (object)->reveal_source, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (object), ESHI_TYPE_PROMPT_PANEL);
  G_OBJECT_CLASS (eshi_prompt_panel_parent_class)->dispose (object);
}

static void
eshi_prompt_panel_finalize (GObject *object)
{
  EshiPromptPanel *self = ESHI_PROMPT_PANEL (object);

  g_clear_pointer (&self->expert_settings, eshi_settings_free);
  g_clear_pointer (&self->model_path, g_free);
  g_clear_pointer (&self->tokens, eshi_tokens_free);
  g_clear_pointer (&self->history, g_strfreev);
  g_clear_pointer (&self->history_text, g_free);
  G_OBJECT_CLASS (eshi_prompt_panel_parent_class)->finalize (object);
}

static void
eshi_prompt_panel_get_property (GObject    *object,
                                guint       prop_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  EshiPromptPanel *self = ESHI_PROMPT_PANEL (object);

  switch (prop_id)
    {
    case PROP_COMPOSING:
      g_value_set_boolean (value, self->composing);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-prompt-panel.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, prompt);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, negative_prompt);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, chips);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, token_count);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, negative_expander);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, size_row);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, sampler_row);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, seed_row);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, input_row);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, expert_place);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, scroller);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, steps);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, guidance);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, n_images);
  gtk_widget_class_bind_template_child (widget_class, EshiPromptPanel, generate);
  gtk_widget_class_bind_template_callback (widget_class, on_prompt_text_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_composing_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_submit_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_size_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_sampler_cb);
  gtk_widget_class_bind_template_callback (widget_class, emit_changed);
}

static void
eshi_prompt_panel_class_init (EshiPromptPanelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_prompt_panel_dispose;
  object_class->finalize = eshi_prompt_panel_finalize;
  object_class->get_property = eshi_prompt_panel_get_property;

  properties[PROP_COMPOSING] =
    g_param_spec_boolean ("composing", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                   0, NULL, NULL, NULL, G_TYPE_NONE, 0);

  g_type_ensure (ESHI_TYPE_PROMPT_VIEW);
  g_type_ensure (ESHI_TYPE_STYLE_CHIPS);
  g_type_ensure (ESHI_TYPE_SEED_ROW);
  g_type_ensure (ESHI_TYPE_INPUT_ROW);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
eshi_prompt_panel_init (EshiPromptPanel *self)
{
  self->loading = TRUE;
  self->history_position = -1;
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (eshi_input_row_get_input (self->input_row), "changed", G_CALLBACK (emit_changed), self,
                           G_CONNECT_SWAPPED);
  eshi_style_chips_set_buffer (self->chips, gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->prompt)));
  fill_samplers (self);
  fill_sizes (self, DEFAULT_SIDE, DEFAULT_SIDE);
  count_tokens (self);
  self->loading = FALSE;
}

GtkWidget *
eshi_prompt_panel_new (void)
{
  return g_object_new (ESHI_TYPE_PROMPT_PANEL, NULL);
}

gboolean
eshi_prompt_panel_fill (EshiPromptPanel *self)
{
  g_return_val_if_fail (ESHI_IS_PROMPT_PANEL (self), FALSE);

  if (self->expert_row != NULL)
    return FALSE;

  self->expert_row = ESHI_EXPERT_ROW (eshi_expert_row_new ());
  eshi_expert_row_set_sampler (self->expert_row, get_sampler_id (self));
  if (self->expert_settings != NULL)
    eshi_expert_row_load_settings (self->expert_row, self->expert_settings);
  g_clear_pointer (&self->expert_settings, eshi_settings_free);
  g_signal_connect_object (self->expert_row, "changed", G_CALLBACK (emit_changed), self, G_CONNECT_SWAPPED);
  adw_bin_set_child (self->expert_place, GTK_WIDGET (self->expert_row));

  return TRUE;
}

gboolean
eshi_prompt_panel_get_composing (EshiPromptPanel *self)
{
  g_return_val_if_fail (ESHI_IS_PROMPT_PANEL (self), FALSE);

  return self->composing;
}

gboolean
eshi_prompt_panel_get_seed_locked (EshiPromptPanel *self)
{
  g_return_val_if_fail (ESHI_IS_PROMPT_PANEL (self), FALSE);

  return eshi_seed_row_get_locked (self->seed_row);
}

void
eshi_prompt_panel_set_seed_locked (EshiPromptPanel *self,
                                   gboolean         locked)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  eshi_seed_row_set_locked (self->seed_row, locked);
}

EshiSettings *
eshi_prompt_panel_dup_settings (EshiPromptPanel *self)
{
  EshiSettings *settings;
  guint size;

  g_return_val_if_fail (ESHI_IS_PROMPT_PANEL (self), NULL);

  settings = eshi_settings_new ();
  g_free (settings->prompt);
  g_free (settings->negative_prompt);
  g_free (settings->sampler);
  settings->prompt = eshi_prompt_view_dup_text (self->prompt);
  settings->negative_prompt = eshi_prompt_view_dup_text (self->negative_prompt);
  settings->sampler = g_strdup (get_sampler_id (self));
  settings->model = g_strdup (self->model_path);
  size = adw_combo_row_get_selected (self->size_row);
  if (size < self->n_sizes)
    {
      settings->width = self->sizes[size].width;
      settings->height = self->sizes[size].height;
    }
  settings->steps = (int) gtk_adjustment_get_value (self->steps);
  settings->guidance = gtk_adjustment_get_value (self->guidance);
  settings->n_images = (int) gtk_adjustment_get_value (self->n_images);
  settings->seed = eshi_seed_row_get_seed (self->seed_row);
  fill_expert_settings (self, settings);
  settings->strength = eshi_input_get_strength (eshi_input_row_get_input (self->input_row));
  settings->paste = eshi_input_get_paste (eshi_input_row_get_input (self->input_row));
  return settings;
}

EshiSettings *
eshi_prompt_panel_take_settings (EshiPromptPanel *self)
{
  EshiSettings *settings;

  g_return_val_if_fail (ESHI_IS_PROMPT_PANEL (self), NULL);

  settings = eshi_prompt_panel_dup_settings (self);
  eshi_options_fill_settings (settings);
  eshi_input_fill_settings (eshi_input_row_get_input (self->input_row), settings);
  /* Picture i uses seed + i, and the last one must still be a seed. */
  settings->seed = MIN (eshi_seed_row_take (self->seed_row), ESHI_SEED_MAX - (guint) (settings->n_images - 1));
  self->history_position = -1;
  return settings;
}

static void
load_rest (EshiPromptPanel    *self,
           const EshiSettings *settings)
{
  if (settings->width > 0 && settings->height > 0)
    adw_combo_row_set_selected (self->size_row, add_size (self, settings->width, settings->height));
  if (settings->steps > 0)
    gtk_adjustment_set_value (self->steps, settings->steps);
  if (settings->guidance > 0)
    gtk_adjustment_set_value (self->guidance, settings->guidance);
  gtk_adjustment_set_value (self->n_images, settings->n_images);
  select_sampler (self, settings->sampler);
}

EshiInputRow *
eshi_prompt_panel_get_input_row (EshiPromptPanel *self)
{
  g_return_val_if_fail (ESHI_IS_PROMPT_PANEL (self), NULL);

  return self->input_row;
}

EshiStyleChips *
eshi_prompt_panel_get_chips (EshiPromptPanel *self)
{
  g_return_val_if_fail (ESHI_IS_PROMPT_PANEL (self), NULL);

  return self->chips;
}

/* The row has unfolded: all of it is scrolled into sight. */
static gboolean
on_unfolded_cb (gpointer user_data)
{
  EshiPromptPanel *self = ESHI_PROMPT_PANEL (user_data);
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scroller);
  double y = 0;

  self->reveal_source = 0;
  gtk_widget_translate_coordinates (GTK_WIDGET (self->input_row), GTK_WIDGET (self->scroller), 0, 0, NULL, &y);
  gtk_adjustment_clamp_page (adjustment, gtk_adjustment_get_value (adjustment) + y,
                             gtk_adjustment_get_value (adjustment) + y +
                               gtk_widget_get_height (GTK_WIDGET (self->input_row)));
  return G_SOURCE_REMOVE;
}

void
eshi_prompt_panel_reveal_input (EshiPromptPanel *self)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  eshi_input_row_set_expanded (self->input_row, TRUE);
  if (self->reveal_source == 0)
    self->reveal_source = g_timeout_add (UNFOLD_MS, on_unfolded_cb, self);
}

void
eshi_prompt_panel_take_image (EshiPromptPanel *self,
                              EshiImage       *image,
                              const char      *name)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));
  g_return_if_fail (image != NULL);

  self->loading = TRUE;
  eshi_input_set_image (eshi_input_row_get_input (self->input_row), image, name, NULL);
  adopt_image_size (self);
  self->loading = FALSE;
  eshi_prompt_panel_reveal_input (self);
  emit_changed (self);
}

void
eshi_prompt_panel_load_settings (EshiPromptPanel    *self,
                                 const EshiSettings *settings,
                                 EshiSettingsParts   parts)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));
  g_return_if_fail (settings != NULL);

  self->loading = TRUE;
  if ((parts & ESHI_SETTINGS_PROMPT) != 0)
    {
      /* With the rest, LoRAs come into its list. */
      g_autofree char *prompt = (parts & ESHI_SETTINGS_REST) != 0 ? g_strdup (settings->prompt)
                                                                  : eshi_settings_dup_full_prompt (settings);
      gboolean has_negative = settings->negative_prompt != NULL && settings->negative_prompt[0] != '\0';

      eshi_prompt_view_set_text (self->prompt, prompt);
      eshi_prompt_view_set_text (self->negative_prompt, settings->negative_prompt);
      if (has_negative)
        gtk_expander_set_expanded (self->negative_expander, TRUE);
    }
  if ((parts & ESHI_SETTINGS_SEED) != 0)
    {
      eshi_seed_row_set_seed (self->seed_row, (guint) settings->seed);
      eshi_seed_row_set_locked (self->seed_row, TRUE);
    }
  if ((parts & ESHI_SETTINGS_REST) != 0)
    {
      load_rest (self, settings);
      load_expert_settings (self, settings);
      eshi_input_load_settings (eshi_input_row_get_input (self->input_row), settings);
    }
  self->loading = FALSE;
  emit_changed (self);
}

void
eshi_prompt_panel_set_model (EshiPromptPanel     *self,
                             const EshiModelInfo *model,
                             gboolean             adopt)
{
  g_autoptr(EshiSettings) kept = NULL;

  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  g_clear_pointer (&self->model_path, g_free);
  if (model == NULL)
    return;
  kept = eshi_prompt_panel_dup_settings (self);
  self->model_path = model->embedded ? NULL : g_strdup (model->path);
  self->loading = TRUE;
  fill_sizes (self, model->width > 0 ? model->width : DEFAULT_SIDE, model->height > 0 ? model->height : DEFAULT_SIDE);
  if (adopt)
    {
      adw_combo_row_set_selected (self->size_row, 0);
      gtk_adjustment_set_value (self->steps, model->steps);
      gtk_adjustment_set_value (self->guidance, model->guidance);
      select_sampler (self, model->sampler);
      adopt_image_size (self);
    }
  else
    {
      load_rest (self, kept);
    }
  self->loading = FALSE;
  emit_changed (self);
}

void
eshi_prompt_panel_set_tokens (EshiPromptPanel *self,
                              EshiTokens      *tokens)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  g_clear_pointer (&self->tokens, eshi_tokens_free);
  self->tokens = tokens;
  count_tokens (self);
}

void
eshi_prompt_panel_set_history (EshiPromptPanel   *self,
                               const char *const *prompts)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  g_strfreev (self->history);
  self->history = g_strdupv ((GStrv) prompts);
  self->history_position = -1;
}

void
eshi_prompt_panel_step_history (EshiPromptPanel *self,
                                gboolean         older)
{
  int n_prompts;
  int position;

  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  n_prompts = self->history != NULL ? (int) g_strv_length (self->history) : 0;
  position = CLAMP (self->history_position + (older ? 1 : -1), -1, n_prompts - 1);
  if (position == self->history_position || eshi_prompt_view_get_composing (self->prompt))
    return;
  if (self->history_position < 0)
    {
      g_free (self->history_text);
      self->history_text = eshi_prompt_view_dup_text (self->prompt);
    }
  self->history_position = position;
  eshi_prompt_view_set_text (self->prompt, position < 0 ? self->history_text : self->history[position]);
}

void
eshi_prompt_panel_roll_seed (EshiPromptPanel *self)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  eshi_seed_row_roll (self->seed_row);
}

void
eshi_prompt_panel_focus_prompt (EshiPromptPanel *self)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  gtk_widget_grab_focus (GTK_WIDGET (self->prompt));
}

void
eshi_prompt_panel_select_prompt (EshiPromptPanel *self)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  if (!eshi_prompt_panel_get_composing (self))
    gtk_widget_activate_action (GTK_WIDGET (self->prompt), "selection.select-all", NULL);
}

void
eshi_prompt_panel_set_obstacle (EshiPromptPanel *self,
                                const char      *sentence)
{
  g_return_if_fail (ESHI_IS_PROMPT_PANEL (self));

  gtk_widget_set_tooltip_text (GTK_WIDGET (self->generate),
                               sentence != NULL ? sentence : _("Paint a Picture (Ctrl+Enter)"));
}
