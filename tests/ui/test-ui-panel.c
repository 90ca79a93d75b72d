/* test-ui-panel.c: the panel and the widgets it is made of.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include <adwaita.h>

#include "eshi-progress-row.h"
#include "eshi-prompt-panel.h"
#include "eshi-prompt-view.h"
#include "eshi-seed-row.h"
#include "eshi-style-chips.h"

static void
count_cb (int *n)
{
  (*n)++;
}

static void
settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* --- the text view ----------------------------------------------------------------------------------------------- */

static void
test_view_composing (void)
{
  EshiPromptView *view = g_object_ref_sink (ESHI_PROMPT_VIEW (eshi_prompt_view_new ()));
  g_autofree char *committed = NULL;
  g_autofree char *seen = NULL;
  int n_notified = 0;
  int n_changed = 0;

  eshi_prompt_view_set_text (view, "黒い");
  g_signal_connect_swapped (view, "notify::composing", G_CALLBACK (count_cb), &n_notified);
  g_signal_connect_swapped (view, "text-changed", G_CALLBACK (count_cb), &n_changed);
  g_signal_emit_by_name (view, "preedit-changed", "ね");
  g_signal_emit_by_name (view, "preedit-changed", "ねこ");
  g_assert_true (eshi_prompt_view_get_composing (view));
  g_assert_cmpint (n_notified, ==, 1);
  g_assert_cmpint (n_changed, ==, 2);
  committed = eshi_prompt_view_dup_text (view);
  seen = eshi_prompt_view_dup_seen_text (view);
  g_assert_cmpstr (committed, ==, "黒い");
  g_assert_cmpstr (seen, ==, "黒いねこ");
  g_signal_emit_by_name (view, "preedit-changed", "");
  g_assert_false (eshi_prompt_view_get_composing (view));
  g_assert_cmpint (n_notified, ==, 2);
  g_assert_finalize_object (view);
}

static void
test_view_placeholder (void)
{
  EshiPromptView *view = g_object_ref_sink (ESHI_PROMPT_VIEW (eshi_prompt_view_new ()));
  int n_notified = 0;

  g_signal_connect_swapped (view, "notify::placeholder-text", G_CALLBACK (count_cb), &n_notified);
  eshi_prompt_view_set_placeholder_text (view, "何を");
  eshi_prompt_view_set_placeholder_text (view, "何を");
  g_assert_cmpint (n_notified, ==, 1);
  g_assert_cmpstr (eshi_prompt_view_get_placeholder_text (view), ==, "何を");
  g_assert_finalize_object (view);
}

/* --- style chips ------------------------------------------------------------------------------------------------- */

static void
test_chips_words (void)
{
  static const struct
  {
    const char *text;
    gboolean found;
    int start;
  } cases[] = {
    { "猫 油絵", TRUE, 2 },
    { "油絵", TRUE, 0 },
    { "猫、油絵。", TRUE, 2 },
    { "猫 油絵\n", TRUE, 2 },
    { "油絵具 油絵", TRUE, 4 },
    { "油絵具", FALSE, 0 },
    { "大油絵", FALSE, 0 },
    { "", FALSE, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int start = -1;
      int end = -1;

      g_assert_cmpint (eshi_style_chips_find_word (cases[i].text, "油絵", &start, &end), ==, cases[i].found);
      if (!cases[i].found)
        continue;
      g_assert_cmpint (start, ==, cases[i].start);
      g_assert_cmpint (end, ==, cases[i].start + 2);
    }
}

static GtkToggleButton *
find_chip (GtkWidget  *widget,
           const char *label)
{
  GtkToggleButton *found = NULL;

  if (GTK_IS_LABEL (widget) && g_strcmp0 (gtk_label_get_text (GTK_LABEL (widget)), label) == 0)
    return GTK_TOGGLE_BUTTON (gtk_widget_get_ancestor (widget, GTK_TYPE_TOGGLE_BUTTON));
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_chip (child, label);
  return found;
}

static void
assert_text (GtkTextBuffer *buffer,
             const char    *expected)
{
  g_autofree char *text = NULL;

  g_object_get (buffer, "text", &text, NULL);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_chips_toggle (void)
{
  EshiStyleChips *chips = g_object_ref_sink (ESHI_STYLE_CHIPS (eshi_style_chips_new ()));
  g_autoptr(GtkTextBuffer) buffer = gtk_text_buffer_new (NULL);
  GtkToggleButton *oil = find_chip (GTK_WIDGET (chips), "油絵");
  GtkToggleButton *print = find_chip (GTK_WIDGET (chips), "浮世絵");

  g_assert_nonnull (oil);
  g_assert_nonnull (print);
  eshi_style_chips_set_buffer (chips, buffer);
  gtk_text_buffer_set_text (buffer, "猫", -1);
  gtk_toggle_button_set_active (oil, TRUE);
  assert_text (buffer, "猫 油絵");
  gtk_toggle_button_set_active (print, TRUE);
  assert_text (buffer, "猫 油絵 浮世絵");
  gtk_toggle_button_set_active (oil, FALSE);
  assert_text (buffer, "猫 浮世絵");
  gtk_toggle_button_set_active (print, FALSE);
  assert_text (buffer, "猫");
  gtk_text_buffer_set_text (buffer, "油絵", -1);
  g_assert_true (gtk_toggle_button_get_active (oil));
  gtk_toggle_button_set_active (oil, FALSE);
  assert_text (buffer, "");
  eshi_style_chips_set_buffer (chips, NULL);
  g_assert_finalize_object (chips);
}

/* --- the seed ---------------------------------------------------------------------------------------------------- */

static void
test_seed_parse (void)
{
  guint seed = 7;

  g_assert_true (eshi_seed_row_parse (" 42 ", &seed));
  g_assert_cmpuint (seed, ==, 42);
  g_assert_true (eshi_seed_row_parse ("1234", &seed));
  g_assert_cmpuint (seed, ==, 1234);
  g_assert_true (eshi_seed_row_parse ("4294967295", &seed));
  g_assert_cmpuint (seed, ==, G_MAXUINT32);
  g_assert_false (eshi_seed_row_parse ("4294967296", &seed));
  g_assert_false (eshi_seed_row_parse ("-1", &seed));
  g_assert_false (eshi_seed_row_parse ("", &seed));
  g_assert_false (eshi_seed_row_parse ("猫", &seed));
}

static void
test_seed_take (void)
{
  EshiSeedRow *row = g_object_ref_sink (ESHI_SEED_ROW (eshi_seed_row_new ()));
  int n_notified = 0;
  guint first;

  g_signal_connect_swapped (row, "notify::locked", G_CALLBACK (count_cb), &n_notified);
  /* A number that was just chosen is used once, then drawn anew. */
  eshi_seed_row_set_seed (row, 5);
  g_assert_cmpuint (eshi_seed_row_take (row), ==, 5);
  first = eshi_seed_row_take (row);
  g_assert_cmpuint (eshi_seed_row_get_seed (row), ==, first);
  g_assert_true (first != 5 || eshi_seed_row_take (row) != 5);
  /* Locked, it stays. */
  eshi_seed_row_set_seed (row, 9);
  eshi_seed_row_set_locked (row, TRUE);
  eshi_seed_row_set_locked (row, TRUE);
  for (int i = 0; i < 3; i++)
    g_assert_cmpuint (eshi_seed_row_take (row), ==, 9);
  g_assert_cmpint (n_notified, ==, 1);
  g_assert_finalize_object (row);
}

/* --- progress ---------------------------------------------------------------------------------------------------- */

static void
test_progress (void)
{
  EshiProgressRow *row = g_object_ref_sink (ESHI_PROGRESS_ROW (eshi_progress_row_new ()));
  EshiProgress progress = { ESHI_STAGE_PAINTING, 0.24, 12, 50, 0, 1, 2.6, 0 };

  eshi_progress_row_update (row, &progress);
  g_assert_cmpstr (eshi_progress_row_get_text (row), ==, "12/50 · 3 seconds left");
  /* A wavering estimate does not rise; one that is far off does. */
  progress.seconds_left = 3.4;
  eshi_progress_row_update (row, &progress);
  g_assert_cmpstr (eshi_progress_row_get_text (row), ==, "12/50 · 3 seconds left");
  progress.seconds_left = 30;
  eshi_progress_row_update (row, &progress);
  g_assert_cmpstr (eshi_progress_row_get_text (row), ==, "12/50 · 30 seconds left");
  progress.n_images = 4;
  progress.index = 1;
  progress.seconds_left = 0.5;
  eshi_progress_row_update (row, &progress);
  g_assert_cmpstr (eshi_progress_row_get_text (row), ==, "picture 2 of 4 · 12/50 · 1 second left");
  progress.stage = ESHI_STAGE_LOADING;
  progress.fraction = 0.431;
  eshi_progress_row_update (row, &progress);
  g_assert_cmpstr (eshi_progress_row_get_text (row), ==, "Loading the model, 43 %");
  eshi_progress_row_reset (row);
  progress.stage = ESHI_STAGE_PAINTING;
  progress.n_images = 1;
  progress.seconds_left = -1;
  eshi_progress_row_update (row, &progress);
  g_assert_cmpstr (eshi_progress_row_get_text (row), ==, "12/50");
  /* Late progress of a request that was asked to stop does not hide that. */
  eshi_progress_row_set_stopping (row);
  eshi_progress_row_update (row, &progress);
  g_assert_cmpstr (eshi_progress_row_get_text (row), ==, "Stopping");
  g_assert_finalize_object (row);
}

/* --- the panel --------------------------------------------------------------------------------------------------- */

static EshiSettings *
create_settings (void)
{
  EshiSettings *settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup ("富士山 浮世絵");
  g_free (settings->negative_prompt);
  settings->negative_prompt = g_strdup ("人");
  settings->width = 320;
  settings->height = 192;
  settings->steps = 33;
  settings->guidance = 9.0;
  settings->seed = 77;
  settings->n_images = 2;
  settings->sampler = g_strdup ("ddim");
  return settings;
}

static void
test_panel_settings (void)
{
  EshiPromptPanel *panel = g_object_ref_sink (ESHI_PROMPT_PANEL (eshi_prompt_panel_new ()));
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(EshiSettings) shown = NULL;
  g_autoptr(EshiSettings) taken = NULL;
  int n_changed = 0;

  g_signal_connect_swapped (panel, "changed", G_CALLBACK (count_cb), &n_changed);
  eshi_prompt_panel_load_settings (panel, settings, ESHI_SETTINGS_ALL);
  g_assert_cmpint (n_changed, ==, 1);
  shown = eshi_prompt_panel_dup_settings (panel);
  g_assert_cmpstr (shown->prompt, ==, settings->prompt);
  g_assert_cmpstr (shown->negative_prompt, ==, settings->negative_prompt);
  g_assert_cmpint (shown->width, ==, 320);
  g_assert_cmpint (shown->height, ==, 192);
  g_assert_cmpint (shown->steps, ==, 33);
  g_assert_cmpfloat (shown->guidance, ==, 9.0);
  g_assert_cmpint (shown->n_images, ==, 2);
  g_assert_cmpstr (shown->sampler, ==, "ddim");
  g_assert_true (eshi_prompt_panel_get_seed_locked (panel));
  taken = eshi_prompt_panel_take_settings (panel);
  g_assert_cmpuint (taken->seed, ==, 77);
  settle ();
  g_assert_finalize_object (panel);
}

static void
test_panel_parts (void)
{
  EshiPromptPanel *panel = g_object_ref_sink (ESHI_PROMPT_PANEL (eshi_prompt_panel_new ()));
  g_autoptr(EshiSettings) settings = create_settings ();
  g_autoptr(EshiSettings) before = eshi_prompt_panel_dup_settings (panel);
  g_autoptr(EshiSettings) after = NULL;

  eshi_prompt_panel_load_settings (panel, settings, ESHI_SETTINGS_PROMPT);
  after = eshi_prompt_panel_dup_settings (panel);
  g_assert_cmpstr (after->prompt, ==, settings->prompt);
  g_assert_cmpint (after->steps, ==, before->steps);
  g_assert_cmpuint (after->seed, ==, before->seed);
  g_assert_false (eshi_prompt_panel_get_seed_locked (panel));
  g_assert_finalize_object (panel);
}

static void
test_panel_model (void)
{
  EshiPromptPanel *panel = g_object_ref_sink (ESHI_PROMPT_PANEL (eshi_prompt_panel_new ()));
  const EshiModelInfo small = { (char *) "/m", (char *) "m", FALSE, 128, 128, 20, 4.0, (char *) "euler" };
  const EshiModelInfo large = { (char *) "/l", (char *) "l", TRUE, 512, 512, 50, 7.5, (char *) "pndm" };
  g_autoptr(EshiSettings) first = NULL;
  g_autoptr(EshiSettings) second = NULL;

  eshi_prompt_panel_set_model (panel, &small, TRUE);
  first = eshi_prompt_panel_dup_settings (panel);
  g_assert_cmpstr (first->model, ==, "/m");
  g_assert_cmpint (first->width, ==, 128);
  g_assert_cmpint (first->steps, ==, 20);
  g_assert_cmpfloat (first->guidance, ==, 4.0);
  g_assert_cmpstr (first->sampler, ==, "euler");
  /* Settings that were restored stay; the embedded model has no path. */
  eshi_prompt_panel_set_model (panel, &large, FALSE);
  second = eshi_prompt_panel_dup_settings (panel);
  g_assert_null (second->model);
  g_assert_cmpint (second->width, ==, 128);
  g_assert_cmpint (second->steps, ==, 20);
  g_assert_finalize_object (panel);
}

static char *
dup_prompt (EshiPromptPanel *panel)
{
  g_autoptr(EshiSettings) settings = eshi_prompt_panel_dup_settings (panel);

  return g_strdup (settings->prompt);
}

static void
assert_prompt (EshiPromptPanel *panel,
               const char      *expected)
{
  g_autofree char *prompt = dup_prompt (panel);

  g_assert_cmpstr (prompt, ==, expected);
}

static void
test_panel_history (void)
{
  EshiPromptPanel *panel = g_object_ref_sink (ESHI_PROMPT_PANEL (eshi_prompt_panel_new ()));
  const char * const prompts[] = { "二", "一", NULL };
  g_autoptr(EshiSettings) settings = eshi_settings_new ();

  g_free (settings->prompt);
  settings->prompt = g_strdup ("書きかけ");
  eshi_prompt_panel_load_settings (panel, settings, ESHI_SETTINGS_PROMPT);
  eshi_prompt_panel_set_history (panel, prompts);
  eshi_prompt_panel_step_history (panel, TRUE);
  assert_prompt (panel, "二");
  eshi_prompt_panel_step_history (panel, TRUE);
  eshi_prompt_panel_step_history (panel, TRUE);
  assert_prompt (panel, "一");
  eshi_prompt_panel_step_history (panel, FALSE);
  eshi_prompt_panel_step_history (panel, FALSE);
  assert_prompt (panel, "書きかけ");
  eshi_prompt_panel_step_history (panel, FALSE);
  assert_prompt (panel, "書きかけ");
  g_assert_finalize_object (panel);
}

int
main (int   argc,
      char *argv[])
{
  g_setenv ("LANGUAGE", "C", TRUE);
  gtk_test_init (&argc, &argv, NULL);
  adw_init ();
  g_test_add_func ("/eshi/prompt-view/composing", test_view_composing);
  g_test_add_func ("/eshi/prompt-view/placeholder", test_view_placeholder);
  g_test_add_func ("/eshi/style-chips/words-stand-alone", test_chips_words);
  g_test_add_func ("/eshi/style-chips/toggle", test_chips_toggle);
  g_test_add_func ("/eshi/seed-row/parse", test_seed_parse);
  g_test_add_func ("/eshi/seed-row/take", test_seed_take);
  g_test_add_func ("/eshi/progress-row/words", test_progress);
  g_test_add_func ("/eshi/prompt-panel/settings-come-back", test_panel_settings);
  g_test_add_func ("/eshi/prompt-panel/parts", test_panel_parts);
  g_test_add_func ("/eshi/prompt-panel/model", test_panel_model);
  g_test_add_func ("/eshi/prompt-panel/history", test_panel_history);
  return g_test_run ();
}
