/* eshi-window-private.h: the window's own files among themselves.
 *
 * eshi-window.c builds the window and follows the session; -actions.c is what can be done with a picture; -models.c
 * finds models and their tokenizers; -keys.c is the keyboard; -input.c brings the input picture and the mask; -views.c
 * joins the studio, the gallery and the queue; -queue.c says what becomes of the queue; -seeds.c brings the contact
 * sheet of seeds; -rerun.c says whether a picture that was painted again is the same; -steps.c shows a picture's steps;
 * -first.c greets the first run; -manager.c opens the list of models, and -download.c offers one from the hub;
 * -preferences.c opens the settings; -desktop.c does what other programs ask for; -import.c takes in a folder of
 * pictures; -notices.c says what is wrong with the history, and what has no file.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-canvas.h"
#include "eshi-filmstrip.h"
#include "eshi-gallery.h"
#include "eshi-input-store.h"
#include "eshi-mask-bar.h"
#include "eshi-mask-layer.h"
#include "eshi-notice-bar.h"
#include "eshi-progress-row.h"
#include "eshi-prompt-panel.h"
#include "eshi-queue-view.h"
#include "eshi-seed-store.h"
#include "eshi-seeds-view.h"
#include "eshi-steps-view.h"
#include "eshi-studio.h"
#include "eshi-style-thumbs.h"
#include "eshi-views.h"
#include "eshi-window.h"

#include <eshi-hub-download.h>

G_BEGIN_DECLS

struct _EshiWindow
{
  AdwApplicationWindow parent_instance;

  /* Template Widgets */
  AdwLeaflet *leaflet;
  GtkWidget *panel_page;
  GtkWidget *picture_page;
  EshiPromptPanel *panel;
  AdwToastOverlay *toasts;
  AdwWindowTitle *title;
  EshiStudio *studio;
  GtkStack *stack;
  GtkWidget *first_card;        /* of the first run */
  AdwStatusPage *no_model_page;
  EshiCanvas *canvas;
  EshiMaskBar *mask_bar;
  GtkStack *foot;               /* progress while painting, else what to do with the picture */
  GtkWidget *picture_bar;
  GtkWidget *resume_button;
  EshiProgressRow *progress_row;
  EshiFilmstrip *filmstrip;
  GMenu *model_menu;
  GMenuModel *picture_menu;
  GMenuModel *primary_menu;

  /* Borrowed References */
  EshiViews *views;             /* the frame, and in it the leaflet and the gallery */
  AdwBin *gallery_place;
  AdwBin *queue_place;
  EshiGallery *gallery;         /* NULL before the first frame; see _eshi_window_fill_views() */
  EshiQueueView *queue_view;    /* the same */
  EshiSeedsView *seeds;         /* in the stack beside the canvas; NULL before the first sheet */
  EshiStepsView *steps;         /* likewise; NULL before it is first wanted */
  EshiNoticeBar *notices;       /* below the header */
  GtkMenuButton *model_button;
  AdwToast *saved_toast;        /* weak */
  AdwToast *queue_toast;        /* weak; offers to continue what an earlier run has left */
  GtkWidget *error_dialog;      /* weak */
  GtkPopover *popover;          /* weak; the picture menu while it is open */

  /* Owned References */
  EshiSession *session;
  EshiDraft *draft;
  EshiStyleThumbs *style_thumbs;
  GCancellable *cancellable;    /* cancelled when the window goes */
  GPtrArray *models;            /* of EshiModelInfo; NULL until they were looked for */
  EshiMaskLayer *mask_layer;    /* the canvas's */
  EshiInputStore *input_store;
  EshiSeedStore *seed_store;    /* NULL before the first frame */
  EshiInput *earlier_input;     /* what was replaced or removed: can come back */
  EshiPicture *mask_return;     /* that was shown before the mask was painted */
  GCancellable *importing;      /* while a folder of pictures is being read */
  char *import_complaint;       /* the first of that folder; NULL for none */
  GCancellable *input_loading;  /* of the picture that is being read; NULL when none is */
  EshiJob *interrupted;         /* that was cancelled last: can be resumed */
  EshiPicture *trashed;         /* taken away, its file still there: can come back */
  EshiHubDownload *download;    /* of the model that is offered; NULL before that */
  char *model_name;             /* of the model that paints; NULL for none */
  char *wanted_model;           /* chosen before it was known */
  GPtrArray *requests;          /* of GVariant: asked for before it was known which models there are; NULL for none */

  gint64 composed_at;           /* when a word stopped being composed, by the monotonic clock; 0 for never */
  guint trashed_position;
  guint inhibit_cookie;
  guint pending_source;         /* waits for a commit before it generates */
  guint quit_confirmed : 1;     /* pictures without files were asked about */
  guint arrange_source;
  guint fill_source;
  guint following : 1;          /* the canvas shows what is being painted */
  guint selecting : 1;          /* the filmstrip's selection is being set by us */
  guint generate_pending : 1;
  guint wide : 1;
  guint painting_mask : 1;      /* the canvas shows the input picture and its mask */
  guint restored : 1;           /* settings came from the draft */
  guint seeds_wanted : 1;       /* as soon as it is known what an earlier run has left of them */
};

/* eshi-window.c */
void         _eshi_window_show_again     (EshiWindow         *self,
                                          EshiPicture        *picture);
/* What is painted over a picture of the history comes from that. */
void         _eshi_window_generate       (EshiWindow         *self,
                                          const EshiSettings *settings);
/* The same for what comes from picture @parent of the history. */
void         _eshi_window_generate_from  (EshiWindow         *self,
                                          const EshiSettings *settings,
                                          gint64              parent,
                                          EshiRelation        relation);
void         _eshi_window_toast          (EshiWindow         *self,
                                          const char         *text);
EshiPicture *_eshi_window_get_picture    (EshiWindow         *self);
void         _eshi_window_show_error     (EshiWindow         *self,
                                          const char         *heading,
                                          const GError       *error,
                                          const char         *about);

/* eshi-window-actions.c */
void         _eshi_window_add_actions    (EshiWindow         *self);
void         _eshi_window_update_actions (EshiWindow         *self);
void         _eshi_window_empty_trash    (EshiWindow         *self);
/* @parts: "all", "prompt" or "seed" */
void         _eshi_window_take_over_settings (EshiWindow         *self,
                                              const EshiSettings *settings,
                                              const char         *parts);

/* eshi-window-desktop.c */
void         _eshi_window_add_desktop    (EshiWindow         *self);
void         _eshi_window_run_requests   (EshiWindow         *self);
void         _eshi_window_show_opened    (EshiWindow         *self,
                                          GFile              *file,
                                          EshiImage          *image,
                                          const EshiSettings *settings,
                                          const char         *model_name);

/* eshi-window-input.c */
void         _eshi_window_init_input     (EshiWindow         *self);
void         _eshi_window_end_mask       (EshiWindow         *self,
                                          gboolean            go_back);
void         _eshi_window_take_settings  (EshiWindow         *self,
                                          const EshiSettings *settings,
                                          EshiSettingsParts   parts,
                                          GFile              *file);
void         _eshi_window_take_file      (EshiWindow         *self,
                                          GFile              *file,
                                          const GError       *error);
void         _eshi_window_update_input   (EshiWindow         *self);
/* Returns: id of the picture of the history that @settings start from; 0 for none */
gint64       _eshi_window_get_input_parent (EshiWindow         *self,
                                            const EshiSettings *settings);

/* eshi-window-models.c */
void         _eshi_window_find_models    (EshiWindow         *self);
void         _eshi_window_choose_model   (EshiWindow         *self,
                                          const char         *path,
                                          gboolean            adopt);

/* eshi-window-download.c */
void         _eshi_window_add_download   (EshiWindow         *self);
/* Opens the offer of a model above @parent, and returns its window. */
GtkWidget   *_eshi_window_offer_model    (EshiWindow         *self,
                                          GtkWindow          *parent);
/* Shows the model's name on its button, and how far a download is. */
void         _eshi_window_label_model    (EshiWindow         *self);

/* eshi-window-first.c */
void         _eshi_window_add_first      (EshiWindow         *self);
/* Shows or hides the first run's card, by which models there are. */
void         _eshi_window_update_first   (EshiWindow         *self);

/* eshi-window-manager.c */
void         _eshi_window_add_manager    (EshiWindow         *self);
void         _eshi_window_append_manager (EshiWindow         *self,
                                          GMenu              *menu);
/* Paints with the model in @path from now on, as soon as it is among the models. */
void         _eshi_window_want_model     (EshiWindow         *self,
                                          const char         *path);
/* There are other models now than before. */
void         _eshi_window_models_changed (EshiWindow         *self);

/* eshi-window-preferences.c */
void         _eshi_window_add_preferences (EshiWindow        *self);

/* eshi-window-import.c */
void         _eshi_window_add_import     (EshiWindow         *self);

/* eshi-window-views.c */
void         _eshi_window_add_views      (EshiWindow         *self);
/* Makes the gallery, the queue's view and what the panel has folded away, once. */
void         _eshi_window_fill_views     (EshiWindow         *self);
/* The same, bit by bit, while nothing else is to be done. */
void         _eshi_window_fill_views_later (EshiWindow       *self);
gboolean     _eshi_window_shows_studio   (EshiWindow         *self);

/* eshi-window-queue.c */
void         _eshi_window_follow_queue   (EshiWindow         *self);
/* After the job being painted was cancelled, while it is still the queue's current one. */
void         _eshi_window_show_interrupted (EshiWindow       *self);
/* See eshi_session_resume_picture(). */
void         _eshi_window_resume_picture (EshiWindow         *self,
                                          const EshiSettings *settings,
                                          gint64              id);
/* @place: of a job that was just added */
void         _eshi_window_tell_place     (EshiWindow         *self,
                                          guint               place);

/* eshi-window-rerun.c */
void         _eshi_window_follow_reruns (EshiWindow         *self);

/* eshi-window-steps.c */
void         _eshi_window_add_steps      (EshiWindow         *self);
void         _eshi_window_update_foot    (EshiWindow         *self);
/* Reads the file of @picture on a thread, then shows it in the studio, step by step. @settings: how it was made */
void         _eshi_window_show_steps_of  (EshiWindow         *self,
                                          const EshiSettings *settings,
                                          const EshiHistoryPicture *picture);

/* eshi-window-seeds.c */
void         _eshi_window_add_seeds      (EshiWindow         *self);
/* Looks for the sheet that an earlier run has left, once. */
void         _eshi_window_load_seeds     (EshiWindow         *self);

/* eshi-window-notices.c */
void         _eshi_window_add_notices    (EshiWindow         *self);
/* Returns: whether pictures have no file, and closing the window waits for an answer */
gboolean     _eshi_window_ask_about_unsaved (EshiWindow      *self);

/* eshi-window-keys.c */
void         _eshi_window_add_keys       (EshiWindow         *self);

G_END_DECLS
