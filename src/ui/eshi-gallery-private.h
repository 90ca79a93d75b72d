/* eshi-gallery-private.h: the gallery's own files among themselves.
 *
 * eshi-gallery.c builds it and follows the history; -filters.c is what is searched for; -actions.c is what can be done
 * with pictures; -marks.c is favourites, ratings and tags; -use.c is what a picture is used for; -trash.c takes them away
 * and brings them back; -files.c copies and exports them; -sheet.c puts them on one page; -large.c shows them large, and
 * compares them.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

#include "eshi-compare.h"
#include "eshi-export.h"
#include "eshi-gallery.h"
#include "eshi-history-model.h"
#include "eshi-history-scope.h"
#include "eshi-info-pane.h"
#include "eshi-thumbnail-cache.h"
#include "eshi-viewer.h"

G_BEGIN_DECLS

typedef enum
{
  ESHI_MARK_FAVOURITE,
  ESHI_MARK_RATING,
  ESHI_MARK_TAG,
} EshiMarkKind;

/* A mark of some pictures. */
typedef struct
{
  EshiMarkKind kind;
  int value;                    /* whether it is one; 0 to 5; whether it is there */
  char *tag;
  GArray *ids;
} EshiMark;

struct _EshiGallery
{
  AdwBin parent_instance;

  /* Template Widgets */
  AdwToastOverlay *toasts;
  GtkStack *pages;              /* grid, viewer, compare */
  GtkSearchEntry *search;
  GtkAdjustment *size;          /* of a tile, in pixels */
  GtkWidget *size_scale;
  GtkMenuButton *model_chip;
  GtkMenuButton *sampler_chip;
  GtkMenuButton *size_chip;
  GtkMenuButton *date_chip;
  GtkMenuButton *rating_chip;
  GtkMenuButton *tag_chip;
  GtkWidget *clear_button;
  AdwFlap *flap;
  GtkStack *state;
  AdwStatusPage *no_match_page;
  AdwStatusPage *closed_page;
  GtkWidget *scroller;
  GtkGridView *grid;
  GtkRevealer *date_revealer;
  GtkLabel *date_label;
  GtkLabel *count_label;
  GtkWidget *trash_button;
  GtkWidget *restore_button;
  EshiInfoPane *info;
  EshiViewer *viewer;
  EshiCompare *compare;
  GMenuModel *picture_menu;
  GMenuModel *trash_menu;

  /* Borrowed References */
  GtkPopover *popover;          /* weak; the picture menu while it is open */
  AdwToast *toast;              /* weak; that is shown */

  /* Owned References */
  EshiHistory *history;
  EshiHistoryModel *model;
  EshiHistoryScope *scope;      /* of the pictures that are sorted out; NULL for all that are shown */
  GtkMultiSelection *selection;
  EshiThumbnailCache *thumbnails;
  GSimpleActionGroup *actions;
  GCancellable *cancellable;
  GPtrArray *undo;              /* of what was done, the newest last; see -trash.c */
  GQueue markings;              /* marks being set, the first of them now; see -marks.c */
  char *text;                   /* what is searched for */

  guint select_after;           /* place to select when the list has changed; GTK_INVALID_LIST_POSITION for none */
  gint64 wanted;                /* id of a picture that is to be opened when it was found; 0 for none */
  gint64 returned;              /* id of a picture that was taken back and is to be shown; 0 for none */
  guint columns;
  guint columns_source;
  guint date_source;
  guint counts_source;
  guint uncounted : 1;          /* changes of the history since the counts of the chips */
  guint searched : 1;           /* there was an answer */
};

/* eshi-gallery.c */
void      _eshi_gallery_toast            (EshiGallery  *self,
                                          const char   *text);
/* @toast: (transfer full) (nullable): in the place of the one that is shown */
void      _eshi_gallery_show_toast       (EshiGallery  *self,
                                          AdwToast     *toast);
void      _eshi_gallery_fail             (EshiGallery  *self,
                                          const char   *heading,
                                          const GError *error);
/* (transfer full): of the selected pictures, or of the one that is shown large */
GArray   *_eshi_gallery_dup_targets      (EshiGallery  *self);
/* (transfer full) (nullable): the only target, or the first */
EshiHistoryItem *_eshi_gallery_ref_target (EshiGallery *self);
void      _eshi_gallery_open_menu        (EshiGallery  *self,
                                          GtkWidget    *at,
                                          double        x,
                                          double        y);
void      _eshi_gallery_scroll_to        (EshiGallery  *self,
                                          guint         position);
gboolean  _eshi_gallery_get_flag         (EshiGallery  *self,
                                          const char   *action);

/* eshi-gallery-filters.c */
void      _eshi_gallery_add_filters      (EshiGallery  *self);
void      _eshi_gallery_ask              (EshiGallery  *self);
void      _eshi_gallery_count_values     (EshiGallery  *self);
gboolean  _eshi_gallery_is_filtered      (EshiGallery  *self);
/* (transfer full): what is searched for, in words */
char     *_eshi_gallery_dup_search_words (EshiGallery  *self);

/* eshi-gallery-actions.c */
void      _eshi_gallery_add_actions      (EshiGallery  *self);
void      _eshi_gallery_update_actions   (EshiGallery  *self);
void      _eshi_gallery_add_keys         (EshiGallery  *self,
                                          GtkWidget    *widget);

/* eshi-gallery-marks.c */
/* Marks the targets. @value: of an EshiMark; a favourite of -1 is one if one of the targets is none yet, else no longer */
void      _eshi_gallery_mark             (EshiGallery  *self,
                                          EshiMarkKind  kind,
                                          int           value,
                                          const char   *tag);
/* @marks: (element-type EshiMark): how it was */
void      _eshi_gallery_set_back         (EshiGallery  *self,
                                          GPtrArray    *marks);

/* eshi-gallery-use.c */
void      _eshi_gallery_add_uses         (EshiGallery  *self);

/* eshi-gallery-trash.c */
void      _eshi_gallery_trash            (EshiGallery  *self);
void      _eshi_gallery_restore          (EshiGallery  *self);
void      _eshi_gallery_empty_trash      (EshiGallery  *self);
void      _eshi_gallery_undo             (EshiGallery  *self);
/* Notes that marks were set, for undo. @marks: (transfer full) (element-type EshiMark): what sets them back */
void      _eshi_gallery_note_marks       (EshiGallery  *self,
                                          GPtrArray    *marks);
/* Says what was done, with a button to undo it. */
void      _eshi_gallery_offer_undo       (EshiGallery  *self,
                                          const char   *text);

/* eshi-gallery-files.c */
void      _eshi_gallery_copy             (EshiGallery  *self);
void      _eshi_gallery_export           (EshiGallery  *self);
/* Asks where to, and exports. @export: (transfer full) */
void      _eshi_gallery_choose_export    (EshiGallery  *self,
                                          EshiExport   *export);
/* (transfer full): the selected files, for dragging; %NULL if none is known */
GdkContentProvider *_eshi_gallery_provide_files (EshiGallery *self,
                                                 EshiHistoryItem *item);

/* eshi-gallery-sheet.c */
void      _eshi_gallery_add_sheet        (EshiGallery  *self);

/* eshi-gallery-large.c */
void      _eshi_gallery_add_large        (EshiGallery  *self);
gboolean  _eshi_gallery_shows_large      (EshiGallery  *self);
void      _eshi_gallery_open             (EshiGallery  *self,
                                          guint         position);
void      _eshi_gallery_open_wanted      (EshiGallery  *self);

G_END_DECLS
