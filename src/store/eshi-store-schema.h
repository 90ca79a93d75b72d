/* eshi-store-schema.h: the tables, version by version. A script that was published is never changed.
 *
 * SPDX-License-Identifier: MIT
 */

#pragma once

/* Times are microseconds since 1970, UTC. Paths are relative to the folder of pictures, or absolute outside it.
 *
 * pictures is narrow, so that filters read little; what is only shown lies in texts. "trashed" is 0 for a picture like
 * any other, the time for one in the trash, -1 while its file is being written. Only pictures with 0 are in words.
 * chores has what is still to be done: a new history takes the pictures in that are there already.
 * The indices of 0 alone make counting and paging cheap for each filter. */
#define ESHI_STORE_SCHEMA_1 \
  "CREATE TABLE pictures (" \
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, created INTEGER NOT NULL, model TEXT, model_hash TEXT," \
  "  sampler TEXT, width INTEGER NOT NULL, height INTEGER NOT NULL, steps INTEGER NOT NULL, guidance REAL NOT NULL," \
  "  seed INTEGER NOT NULL, rng TEXT, backend TEXT, seconds REAL NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT," \
  "  favourite INTEGER NOT NULL DEFAULT 0, rating INTEGER NOT NULL DEFAULT 0, parent INTEGER NOT NULL," \
  "  relation INTEGER NOT NULL, interrupted INTEGER NOT NULL, missing INTEGER NOT NULL DEFAULT 0," \
  "  trashed INTEGER NOT NULL, owner TEXT);" \
  "CREATE UNIQUE INDEX pictures_path ON pictures (path) WHERE trashed = 0;" \
  "CREATE INDEX pictures_live ON pictures (id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_model ON pictures (model, id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_sampler ON pictures (sampler, id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_size ON pictures (width, height, id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_created ON pictures (created, id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_rating ON pictures (rating, id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_favourite ON pictures (favourite, id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_parent ON pictures (parent, id) WHERE trashed = 0;" \
  "CREATE INDEX pictures_trashed ON pictures (trashed, id) WHERE trashed <> 0;" \
  "CREATE TABLE texts (" \
  "  id INTEGER PRIMARY KEY REFERENCES pictures ON DELETE CASCADE, settings TEXT NOT NULL, model_path TEXT," \
  "  image TEXT, mask TEXT, paste INTEGER NOT NULL, folded TEXT NOT NULL DEFAULT '', reading TEXT);" \
  "CREATE INDEX texts_unread ON texts (id) WHERE reading IS NULL;" \
  "CREATE TABLE tags (" \
  "  tag TEXT NOT NULL, picture INTEGER NOT NULL REFERENCES pictures ON DELETE CASCADE, PRIMARY KEY (tag, picture))" \
  "  WITHOUT ROWID;" \
  "CREATE INDEX tags_picture ON tags (picture, tag);" \
  "CREATE VIRTUAL TABLE words USING fts5 (text, content = '', tokenize = 'ascii', prefix = '1', columnsize = 0);" \
  "CREATE TABLE jobs (" \
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, place INTEGER NOT NULL, added INTEGER NOT NULL, settings TEXT NOT NULL," \
  "  model_path TEXT, image TEXT, mask TEXT, paste INTEGER NOT NULL, parent INTEGER NOT NULL," \
  "  relation INTEGER NOT NULL, state INTEGER NOT NULL, owner TEXT, n_done INTEGER NOT NULL DEFAULT 0," \
  "  step INTEGER NOT NULL DEFAULT 0, checkpoint TEXT);" \
  "CREATE TABLE prompts (prompt TEXT PRIMARY KEY, folded TEXT NOT NULL, used INTEGER NOT NULL) WITHOUT ROWID;" \
  "CREATE INDEX prompts_used ON prompts (used);" \
  "CREATE TABLE chores (name TEXT PRIMARY KEY) WITHOUT ROWID;" \
  "INSERT INTO chores VALUES ('adopt');" \
  "CREATE TABLE models (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, hash TEXT NOT NULL) WITHOUT ROWID;"

/* The indices of live pictures hold "trashed" as well: without it SQLite looks at every row to see what it knows from
 * the index. pictures_live walks along the ids with the time beside each, for ranges of time. */
#define ESHI_STORE_SCHEMA_2 \
  "DROP INDEX pictures_live; DROP INDEX pictures_model; DROP INDEX pictures_sampler; DROP INDEX pictures_size;" \
  "DROP INDEX pictures_created; DROP INDEX pictures_rating; DROP INDEX pictures_favourite; DROP INDEX pictures_parent;" \
  "CREATE INDEX pictures_live ON pictures (id, created, trashed) WHERE trashed = 0;" \
  "CREATE INDEX pictures_model ON pictures (model, id, trashed) WHERE trashed = 0;" \
  "CREATE INDEX pictures_sampler ON pictures (sampler, id, trashed) WHERE trashed = 0;" \
  "CREATE INDEX pictures_size ON pictures (width, height, id, trashed) WHERE trashed = 0;" \
  "CREATE INDEX pictures_created ON pictures (created, id, trashed) WHERE trashed = 0;" \
  "CREATE INDEX pictures_rating ON pictures (rating, id, trashed) WHERE trashed = 0;" \
  "CREATE INDEX pictures_favourite ON pictures (favourite, id, trashed) WHERE trashed = 0;" \
  "CREATE INDEX pictures_parent ON pictures (parent, id, trashed) WHERE trashed = 0;"

#define ESHI_STORE_SCHEMAS { ESHI_STORE_SCHEMA_1, ESHI_STORE_SCHEMA_2 }
