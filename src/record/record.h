/* SPDX-License-Identifier: Apache-2.0
 * record.h: the durable truth, one SQLite file: events in arrival order, imports, links and vetoes,
 * names. One writer at a time holds `<path>.lock`; readers are short and never checkpoint.
 * Every event and every other change takes the next number of one sequence (the arrival number).
 * A Record may be shared by threads: what writes waits for its turn, what reads has a connection of its own.
 * Everything read is as of record_through(), whatever other processes have committed since. */
#pragma once
#include "project/project.h"
#include "record/batch.h"

typedef struct Record Record;
typedef enum { RECORD_READ, RECORD_WRITE, RECORD_CREATE } RecordMode; /* CREATE: write, made if missing */

/* The key stands in `<path>.key`. ERROR_BUSY when another process writes, ERROR_VERSION when a newer program wrote it,
 * ERROR_NOT_FOUND, ERROR_INVALID when it is something else, ERROR_CONFLICT when the key is another record's.
 * A writer removes what imports of dead processes left. */

Record *record_open(const char *path, RecordMode mode, GError **error);
Record *record_open_keyed(const char *path, RecordMode mode, const char *key, GError **error); /* key: its file */
void record_free(Record *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Record, record_free)

const char *record_path(const Record *record);
guint64 record_id(const Record *record);      /* random at birth; the index names it */
guint64 record_through(const Record *record); /* number of the last committed change of any kind */
/* Re-reads what other processes committed (names, spaces, through). */
gboolean record_refresh(Record *record, GError **error);
Names *record_names(Record *record);
const Spaces *record_spaces(const Record *record);
const HashKey *record_key(const Record *record);

/* Declares an own kind of identifier, or says anew whether a known one keeps plain values. Pointers to the spaces
 * as they were stay valid. */
gboolean record_set_space(Record *record, const char *name, Strength strength, gboolean plain, GError **error);

/* --- settings: small texts of the project (time zone, currency, max_links, source kinds) ------- */
#define SETTING_PHONE_COUNTRY "phone_country" /* "49": into Spaces */
#define SETTING_REFUSED "refused"             /* values that name nobody, one a line: into Spaces */
#define SETTING_MAX_LINKS "max_links"         /* docs/identity.md; so the next two */
#define SETTING_SET_SIZE_MAX "set_size_max"
#define SETTING_ORDER_FIELDS "order_fields" /* that hold order ids, one a line; unset: ORDER_FIELDS_DEFAULT */
#define ORDER_FIELDS_DEFAULT "order"
/* Those of a value of SETTING_ORDER_FIELDS (NULL: unset) that any event has, by when the first one had: all others decide
 * nothing. Free with g_strfreev. */
char **record_order_fields(Record *record, const char *value);
char *record_setting(Record *record, const char *name); /* NULL when unset; caller frees */
/* NULL unsets. The same value again is no change. What it replaces is kept with its number. */
gboolean record_set_setting(Record *record, const char *name, const char *value, GError **error);
typedef struct {
  guint64 number; /* of the change that brought it */
  gint64 at_ms;
  char *value; /* NULL: unset from then on */
} SettingVersion;
/* Of SettingVersion, the oldest first; free with g_array_unref. */
GArray *record_setting_versions(Record *record, const char *name, GError **error);

/* The next version of the project: its text and every setting and kind of identifier that it states, all or none. */
gboolean record_set_project(Record *record, const Project *project, const char *text, GError **error);
/* What of it would decide anew who is who: static texts, none when the index stays as it is. */
GPtrArray *record_project_identity(Record *record, const Project *project);

/* --- imports ------------------------------------------------------------------------------- */
typedef enum { IMPORT_RUNNING, IMPORT_DONE, IMPORT_UNDONE } ImportState;
typedef struct {
  guint64 id; /* 0 is live capture */
  ImportState state;
  gint64 started_ms, ended_ms;
  guint64 first, last; /* arrival numbers; 0 when nothing was stored */
  guint64 through;     /* number of the flip that made it visible or invisible last */
  guint64 read, stored, repeated, conflicting, refused;
  char *source, *label, *options;
} ImportInfo;
void import_info_free(ImportInfo *info);

gboolean record_import_begin(Record *record, const char *source, const char *label, const char *options, guint64 *id,
                             GError **error);
/* One transaction: names interned since the last one, the batch, nothing visible yet for id != 0; for id 0 (live) it is
 * durable and visible on return. Empties the writer (made with record_names), also when it fails. */
gboolean record_append(Record *record, guint64 import_id, BatchWriter *writer, GError **error);
/* The same for several batches in one transaction: all of them or none. */
gboolean record_append_all(Record *record, guint64 import_id, BatchWriter *const *writers, guint n, GError **error);
/* The flip: durable on return. Of totals id and the counts of rows are used; what was stored the record knows. */
gboolean record_import_finish(Record *record, const ImportInfo *totals, GError **error);
gboolean record_import_abort(Record *record, guint64 id, GError **error); /* removes its batches */
/* Its events are no longer visible; they stay where they are. ERROR_CONFLICT when that was done already. */
gboolean record_import_undo(Record *record, guint64 id, GError **error);
GPtrArray *record_imports(Record *record, GError **error); /* of ImportInfo*, by id; 0 if anything arrived live */

/* --- links and vetoes ------------------------------------------------------------------------ */
typedef enum { LINK_ALIAS, LINK_VETO } LinkKind;
typedef struct {
  guint64 number;
  LinkKind kind;
  guint8 space_a, space_b; /* alias: a joins b, which owns */
  guint64 a, b;            /* Hash128.low */
  gint64 at_ms;
  guint64 undone; /* number of the change that took it back, 0 none */
} Link;
gboolean record_link_add(Record *record, const Link *link, guint64 *number, GError **error);
gboolean record_link_undo(Record *record, guint64 number, GError **error);
GArray *record_links(Record *record, gboolean undone_too, GError **error); /* of Link, by number */

/* --- masked persons ---------------------------------------------------------------------------- */
/* Whoever has this identifier (Hash128.low) now, and whoever will have it, is left out of every answer from now on, or no
 * longer. Nothing is removed. The same again is no change. */
gboolean record_hide(Record *record, guint64 identifier, gboolean hide, GError **error);
GArray *record_hidden(Record *record, GError **error); /* of guint64, ascending */

/* --- reading events -------------------------------------------------------------------------- */
/* Calls `each` for every visible batch with events numbered in [from, until), ascending, on this
 * thread. A connection of its own: call from as many threads as wanted with disjoint ranges. Batches come whole:
 * cut ranges where record_ranges does. The blob lives until `each` returns; FALSE stops with its error. */
typedef gboolean (*RecordBatchFunc)(guint64 first, guint n, guint64 import_id, const void *blob, gsize size, gpointer user,
                                    GError **error);
gboolean record_scan(Record *record, guint64 from, guint64 until, RecordBatchFunc each, gpointer user, GError **error);
/* Cuts the visible events from `from` on into at most `n` ranges of about equal size, between batches; `bounds` has room
 * for n + 1, and their number is returned, 0 when there is nothing. */
guint record_ranges(Record *record, guint64 from, guint n, guint64 *bounds);
/* The visible batches that hold the given arrival numbers (sorted ascending), each once. */
gboolean record_scan_rows(Record *record, const guint64 *rows, gsize n, RecordBatchFunc each, gpointer user, GError **error);

/* What changed visibly with a number in (after, through]: enough to bring an index up to date. */
typedef struct {
  GArray *ranges;      /* of guint64 pairs [first, last]: events newly visible */
  GArray *hidden;      /* of guint64 pairs: events no longer visible */
  GArray *links;       /* of Link: added or undone; not those that came and went */
  gboolean masks;      /* other persons are masked than before: record_hidden() */
  gboolean erased;     /* somebody was erased: files made before still hold what was */
  gboolean settings;   /* of identity, in a way that nothing known depends on: they hold for what is new */
  gboolean everything; /* something changed that only a rebuild takes up */
} RecordChanges;
RecordChanges *record_changes(Record *record, guint64 after, GError **error);
void record_changes_free(RecordChanges *changes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RecordChanges, record_changes_free)

/* SQLite's own check, batch checksums, sequence gaps. Appends a sentence a finding; empty is healthy. */
gboolean record_check(Record *record, GPtrArray *findings, GError **error);
