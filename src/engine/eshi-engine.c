/* eshi-engine.c: the engine as an object: signals and properties around the worker.
 *
 * Holds no model and knows no backend; that is the painter's.
 *
 * SPDX-License-Identifier: MIT
 */

#include "config.h"

#include "eshi-backend-registry.h"
#include "eshi-engine-private.h"
#include "eshi-pipeline-painter.h"
#include "eshi-worker.h"

struct _EshiEngine
{
  GObject     parent_instance;

  EshiWorker *worker; /* owned */
  gboolean    busy;   /* as notified last */
};

enum
{
  PROP_0,
  PROP_BUSY,
  N_PROPS,
};

enum
{
  SIGNAL_EVENT,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (EshiEngine, eshi_engine, G_TYPE_OBJECT)

static gboolean
is_busy (EshiEngine *self)
{
  return self->worker != NULL && _eshi_worker_get_n_pending (self->worker) > 0;
}

static void
update_busy (EshiEngine *self)
{
  gboolean busy = is_busy (self);

  if (self->busy == busy)
    return;

  self->busy = busy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void
event_cb (EshiEvent *event,
          gpointer   user_data)
{
  EshiEngine *self = g_object_ref (user_data);

  g_signal_emit (self, signals[SIGNAL_EVENT], 0, event);
  update_busy (self);
  g_object_unref (self);
}

static void
eshi_engine_dispose (GObject *object)
{
  EshiEngine *self = ESHI_ENGINE (object);

  g_clear_pointer (&self->worker, _eshi_worker_stop);

  G_OBJECT_CLASS (eshi_engine_parent_class)->dispose (object);
}

static void
eshi_engine_get_property (GObject    *object,
                          guint       prop_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  EshiEngine *self = ESHI_ENGINE (object);

  switch (prop_id)
    {
    case PROP_BUSY:
      g_value_set_boolean (value, is_busy (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
eshi_engine_class_init (EshiEngineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = eshi_engine_dispose;
  object_class->get_property = eshi_engine_get_property;

  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE,
                                                G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[SIGNAL_EVENT] = g_signal_new ("event", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                        G_TYPE_NONE, 1, ESHI_TYPE_EVENT);
}

static void
eshi_engine_init (EshiEngine *self)
{
}

EshiEngine *
_eshi_engine_new_with_painter (EshiPainter *painter)
{
  EshiEngine *self = g_object_new (ESHI_TYPE_ENGINE, NULL);

  self->worker = _eshi_worker_new (painter, event_cb, self);

  return self;
}

EshiEngine *
eshi_engine_new (const char *backend,
                 guint       n_threads)
{
  return eshi_engine_new_with_precision (backend, n_threads, NULL);
}

EshiEngine *
eshi_engine_new_with_precision (const char *backend,
                                guint       n_threads,
                                const char *precision)
{
  _eshi_backend_registry_init ();

  return _eshi_engine_new_with_painter (_eshi_pipeline_painter_new (backend, n_threads, precision));
}

guint64
eshi_engine_submit (EshiEngine   *self,
                    EshiRequest  *request,
                    GCancellable *cancellable)
{
  guint64 id = 0;

  g_return_val_if_fail (ESHI_IS_ENGINE (self), 0);
  g_return_val_if_fail (request != NULL, 0);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), 0);
  g_return_val_if_fail (self->worker != NULL, 0);

  id = _eshi_worker_submit (self->worker, request, cancellable);
  update_busy (self);

  return id;
}

void
eshi_engine_cancel (EshiEngine *self,
                    guint64     id)
{
  g_return_if_fail (ESHI_IS_ENGINE (self));
  g_return_if_fail (self->worker != NULL);

  _eshi_worker_cancel (self->worker, id);
}

guint
eshi_engine_get_n_pending (EshiEngine *self)
{
  g_return_val_if_fail (ESHI_IS_ENGINE (self), 0);

  return self->worker != NULL ? _eshi_worker_get_n_pending (self->worker) : 0;
}

char *
eshi_engine_describe_devices (void)
{
  _eshi_backend_registry_init ();

  return _eshi_backend_registry_describe ();
}
