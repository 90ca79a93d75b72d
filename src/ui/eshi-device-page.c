/* eshi-device-page.c: the page of the settings that says what computes, and how fast.
 *
 * Opens nothing that paints: a choice is written to the options, and the session follows those.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-device-page.h"

#include "eshi-options.h"
#include "eshi-preferences.h"
#include "eshi-test-log.h"

#include <glib/gi18n-lib.h>

#define N_PICTURES 24   /* looked at for the speed */

struct _EshiDevicePage
{
  AdwPreferencesPage parent_instance;

  /* Template Widgets */
  AdwPreferencesGroup *devices;
  GtkCheckButton *automatic;
  AdwActionRow *automatic_row;
  AdwActionRow *type_row;
  GtkLabel *type;
  AdwActionRow *speed_row;
  GtkLabel *speed;
  AdwComboRow *precision;
  GtkSpinButton *threads;

  /* Owned References */
  GHashTable *checks;           /* backend → its GtkCheckButton, borrowed */
  GCancellable *cancellable;    /* cancelled when the page goes */
  GCancellable *typing;         /* of the question for the type that is on its way; NULL when none is */
};

static const char *const precisions[] = { "auto", "f32", "half", NULL };

G_DEFINE_FINAL_TYPE (EshiDevicePage, eshi_device_page, ADW_TYPE_PREFERENCES_PAGE)

/* --- the type of numbers ------------------------------------------------------------------------------------------ */

typedef struct
{
  char *device;    /* NULL: automatic */
  char *precision;
} Wish;

static void
wish_free (gpointer data)
{
  Wish *wish = data;

  g_free (wish->device);
  g_free (wish->precision);
  g_free (wish);
}

static void
find_type_in_thread (GTask        *task,
                     gpointer      source,
                     gpointer      task_data,
                     GCancellable *cancellable)
{
  const Wish *wish = task_data;
  GError *error = NULL;
  const char *type = eshi_device_find_type (wish->device, wish->precision, &error);

  if (type == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, (gpointer) type, NULL);
}

static const char *
words_for_type (const char *type)
{
  if (g_strcmp0 (type, "f32") == 0)
    return _("full precision (f32)");
  if (g_strcmp0 (type, "bf16") == 0)
    return _("half precision (bf16)");
  return _("half precision (f16)");
}

static void
on_type_cb (GObject      *source,
            GAsyncResult *result,
            gpointer      user_data)
{
  EshiDevicePage *self = ESHI_DEVICE_PAGE (source);
  g_autoptr(GError) error = NULL;
  const char *type = g_task_propagate_pointer (G_TASK (result), &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->typing);
  gtk_label_set_text (self->type, type != NULL ? words_for_type (type) : "");
  adw_action_row_set_subtitle (self->type_row, error != NULL ? error->message : NULL);
  eshi_test_log ("TYPE %s", type != NULL ? type : error->message);
}

/* What it would be with the options as they are. */
static void
ask_for_type (EshiDevicePage *self)
{
  GSettings *options = eshi_options_get ();
  Wish *wish = g_new0 (Wish, 1);
  g_autoptr(GTask) task = NULL;

  g_assert (ESHI_IS_DEVICE_PAGE (self));

  wish->device = g_settings_get_string (options, ESHI_OPTION_DEVICE);
  wish->precision = g_settings_get_string (options, ESHI_OPTION_PRECISION);
  if (g_str_equal (wish->device, "auto"))
    g_clear_pointer (&wish->device, g_free);
  g_cancellable_cancel (self->typing);
  g_clear_object (&self->typing);
  self->typing = g_cancellable_new ();
  task = g_task_new (self, self->typing, on_type_cb, NULL);
  g_task_set_source_tag (task, ask_for_type);
  g_task_set_task_data (task, wish, wish_free);
  g_task_run_in_thread (task, find_type_in_thread);
}

/* --- the devices -------------------------------------------------------------------------------------------------- */

static const char *
words_for_backend (const char *backend)
{
  if (g_strcmp0 (backend, "cuda") == 0)
    return _("Graphics Card (CUDA)");
  if (g_strcmp0 (backend, "cpu") == 0)
    return _("Processor (CPU)");
  return _("Plain Arithmetic, Slow");
}

static char *
describe (const EshiDevice *device)
{
  GString *text = g_string_new (device->name);

  if (device->features != NULL && device->features[0] != '\0')
    g_string_append_printf (text, "\n%s", device->features);
  if (device->memory_bytes > 0)
    {
      g_autofree char *size = g_format_size_full (device->memory_bytes, G_FORMAT_SIZE_IEC_UNITS);

      g_string_append_printf (text, "\n%s", size);
    }

  return g_string_free (text, FALSE);
}

static void
on_device_toggled_cb (GtkCheckButton *check)
{
  const char *backend = g_object_get_data (G_OBJECT (check), "eshi-backend");

  if (gtk_check_button_get_active (check))
    g_settings_set_string (eshi_options_get (), ESHI_OPTION_DEVICE, backend);
}

static void
adopt_check (EshiDevicePage *self,
             GtkCheckButton *check,
             const char     *backend)
{
  g_object_set_data_full (G_OBJECT (check), "eshi-backend", g_strdup (backend), g_free);
  g_hash_table_insert (self->checks, g_strdup (backend), check);
  g_signal_connect (check, "toggled", G_CALLBACK (on_device_toggled_cb), NULL);
}

static void
add_device (EshiDevicePage   *self,
            const EshiDevice *device)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *check = gtk_check_button_new ();
  const char *name = words_for_backend (device->backend);
  g_autofree char *details = device->refusal != NULL ? g_strdup (device->refusal) : describe (device);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), name);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), details);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 0);
  gtk_check_button_set_group (GTK_CHECK_BUTTON (check), self->automatic);
  gtk_widget_set_valign (check, GTK_ALIGN_CENTER);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), check);
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (row), check);
  gtk_widget_set_sensitive (check, device->refusal == NULL);
  adopt_check (self, GTK_CHECK_BUTTON (check), device->backend);
  adw_preferences_group_add (self->devices, row);
}

static void
follow_device (EshiDevicePage *self)
{
  g_autofree char *device = g_settings_get_string (eshi_options_get (), ESHI_OPTION_DEVICE);
  GtkCheckButton *check;

  g_assert (ESHI_IS_DEVICE_PAGE (self));

  check = g_hash_table_lookup (self->checks, device);
  if (check != NULL)
    gtk_check_button_set_active (check, TRUE);
}

static void
list_devices_in_thread (GTask        *task,
                        gpointer      source,
                        gpointer      task_data,
                        GCancellable *cancellable)
{
  g_task_return_pointer (task, eshi_device_list (), (GDestroyNotify) g_ptr_array_unref);
}

static void
on_devices_cb (GObject      *source,
               GAsyncResult *result,
               gpointer      user_data)
{
  EshiDevicePage *self = ESHI_DEVICE_PAGE (source);
  g_autoptr(GPtrArray) devices = g_task_propagate_pointer (G_TASK (result), NULL);
  gboolean alone = TRUE;

  for (guint i = 0; devices != NULL && i < devices->len; i++)
    {
      const EshiDevice *device = devices->pdata[i];
      gboolean plain = g_str_equal (device->backend, "ref");

      if (device->chosen)
        adw_action_row_set_subtitle (self->automatic_row, words_for_backend (device->backend));
      /* The plain one is of use only where there is no other. */
      if (!plain || (alone && device->refusal == NULL))
        add_device (self, device);
      alone = alone && device->refusal != NULL;
    }
  follow_device (self);
  eshi_test_log ("DEVICES %u", devices != NULL ? devices->len : 0);
}

/* --- speed -------------------------------------------------------------------------------------------------------- */

static gboolean
is_like (const EshiHistoryPicture *a,
         const EshiHistoryPicture *b)
{
  return a->settings->width == b->settings->width && a->settings->height == b->settings->height &&
         g_strcmp0 (a->model_name, b->model_name) == 0 && g_strcmp0 (a->backend, b->backend) == 0;
}

static gboolean
is_timed (const EshiHistoryPicture *picture)
{
  return picture->seconds > 0.0 && picture->settings->steps > 0 && !picture->interrupted;
}

static int
compare_seconds (gconstpointer a,
                 gconstpointer b)
{
  const double *x = a;
  const double *y = b;

  return (*x > *y) - (*x < *y);
}

/* Index of the newest picture that was timed; their number if none was. */
static guint
find_timed (GPtrArray *pictures)
{
  guint i = 0;

  while (i < pictures->len && !is_timed (pictures->pdata[i]))
    i++;

  return i;
}

double
_eshi_device_page_measure (GPtrArray *pictures,
                           guint     *n_measured)
{
  g_autoptr(GArray) seconds = g_array_new (FALSE, FALSE, sizeof (double));
  guint newest = find_timed (pictures);

  for (guint i = newest; i < pictures->len; i++)
    {
      const EshiHistoryPicture *picture = pictures->pdata[i];
      double each = is_timed (picture) ? picture->seconds / picture->settings->steps : 0.0;

      if (each > 0.0 && is_like (picture, pictures->pdata[newest]))
        g_array_append_val (seconds, each);
    }
  *n_measured = seconds->len;
  if (seconds->len == 0)
    return 0.0;
  g_array_sort (seconds, compare_seconds);

  return g_array_index (seconds, double, seconds->len / 2);
}

static void
show_speed (EshiDevicePage *self,
            GPtrArray      *pictures)
{
  const EshiHistoryPicture *newest = NULL;
  guint n = 0;
  double seconds = _eshi_device_page_measure (pictures, &n);
  g_autofree char *words = NULL;
  g_autofree char *details = NULL;

  if (n == 0)
    return;
  newest = pictures->pdata[find_timed (pictures)];
  words = g_strdup_printf (_("%.2f s"), seconds);
  details = g_strdup_printf (_("The time of a whole picture divided by its steps; last pictures of %d × %d with %s: %u"),
                             newest->settings->width, newest->settings->height,
                             newest->model_name != NULL ? newest->model_name : "?", n);
  gtk_label_set_text (self->speed, words);
  adw_action_row_set_subtitle (self->speed_row, details);
  eshi_test_log ("SPEED %.3f %u", seconds, n);
}

static void
on_pictures_cb (GObject      *source,
                GAsyncResult *result,
                gpointer      user_data)
{
  g_autoptr(EshiDevicePage) self = user_data;
  g_autoptr(EshiHistoryPage) page = eshi_history_find_finish (ESHI_HISTORY (source), result, NULL);

  if (page != NULL && !g_cancellable_is_cancelled (self->cancellable))
    show_speed (self, page->pictures);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

static gboolean
on_threads_output_cb (EshiDevicePage *self)
{
  int n = (int) gtk_adjustment_get_value (gtk_spin_button_get_adjustment (self->threads));
  g_autofree char *text = n > 0 ? g_strdup_printf ("%d", n) : g_strdup (_("Automatic"));

  if (g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (self->threads)), text) != 0)
    gtk_editable_set_text (GTK_EDITABLE (self->threads), text);
  return TRUE;
}

/* Anything but a number is automatic. */
static int
on_threads_input_cb (EshiDevicePage *self,
                     double         *value)
{
  *value = (double) g_ascii_strtoll (gtk_editable_get_text (GTK_EDITABLE (self->threads)), NULL, 10);
  return TRUE;
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static void
eshi_device_page_dispose (GObject *object)
{
  EshiDevicePage *self = ESHI_DEVICE_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_cancellable_cancel (self->typing);
  gtk_widget_dispose_template (GTK_WIDGET (self), ESHI_TYPE_DEVICE_PAGE);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->typing);
  g_clear_pointer (&self->checks, g_hash_table_unref);
  G_OBJECT_CLASS (eshi_device_page_parent_class)->dispose (object);
}

static void
eshi_device_page_class_init (EshiDevicePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = eshi_device_page_dispose;
  gtk_widget_class_set_template_from_resource (widget_class, "/io/github/eshi_app/Eshi/ui/eshi-device-page.ui");
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, devices);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, automatic);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, automatic_row);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, type_row);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, type);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, speed_row);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, speed);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, precision);
  gtk_widget_class_bind_template_child (widget_class, EshiDevicePage, threads);
  gtk_widget_class_bind_template_callback (widget_class, on_threads_output_cb);
  gtk_widget_class_bind_template_callback (widget_class, on_threads_input_cb);
}

static void
eshi_device_page_init (EshiDevicePage *self)
{
  GSettings *options = eshi_options_get ();
  g_autoptr(GTask) task = NULL;

  self->cancellable = g_cancellable_new ();
  self->checks = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gtk_widget_init_template (GTK_WIDGET (self));
  adopt_check (self, self->automatic, "auto");
  gtk_spin_button_set_range (self->threads, 0, g_get_num_processors ());
  g_settings_bind (options, ESHI_OPTION_THREADS, gtk_spin_button_get_adjustment (self->threads), "value",
                   G_SETTINGS_BIND_DEFAULT);
  _eshi_preferences_bind_choice (self->precision, ESHI_OPTION_PRECISION, precisions);
  g_signal_connect_object (options, "changed::" ESHI_OPTION_DEVICE, G_CALLBACK (follow_device), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (options, "changed::" ESHI_OPTION_DEVICE, G_CALLBACK (ask_for_type), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (options, "changed::" ESHI_OPTION_PRECISION, G_CALLBACK (ask_for_type), self,
                           G_CONNECT_SWAPPED);
  task = g_task_new (self, self->cancellable, on_devices_cb, NULL);
  g_task_set_source_tag (task, eshi_device_page_init);
  g_task_run_in_thread (task, list_devices_in_thread);
  ask_for_type (self);
}

void
eshi_device_page_set_session (EshiDevicePage *self,
                              EshiSession    *session)
{
  EshiHistoryQuery query = { .limit = N_PICTURES };

  g_return_if_fail (ESHI_IS_DEVICE_PAGE (self));
  g_return_if_fail (ESHI_IS_SESSION (session));

  eshi_history_find_async (eshi_session_get_history (session), &query, NULL, on_pictures_cb, g_object_ref (self));
}
