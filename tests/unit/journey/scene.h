/* SPDX-License-Identifier: Apache-2.0
 * scene.h: a scratch record with events written as short lines, its index, and both as text.
 *
 *     scene_add(scene, "@10 u1+d1 web /3 =ads! name:Order value:1990")
 *
 * `@10` minute 10 of the scene; identifiers joined by `+`, a letter for the namespace (u user, c crm, k card, e email,
 * p phone, d anonymous) and a number, `-` for none; an `o` is the order that the event names; `web` of a source of kind web; `/3`
 * campaign; `=ads` channel, with
 * `!` stated by the event itself; `sent` by the company; `<d2` makes it an alias call whose previous id is d2. */
#pragma once
#include "base/error.h"
#include "base/file.h"
#include "journey/erasure.h"
#include "journey/identity.h"
#include "journey/index.h"
#include "journey/levels.h"
#include "journey/resolve.h"
#include "journey/visit.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SCENE_BEGIN_S = 1600000000, SCENE_TOKEN_MAX = 64 };

typedef struct { /* an event as it was written, for the slow reference */
  guint64 row;
  gint64 time_ms;
  guint64 import;
  guint n_identifiers;
  guint8 space[EVENT_IDENTIFIERS_MAX];
  guint64 hash[EVENT_IDENTIFIERS_MAX];
  guint64 alias;
  guint8 alias_space;
  gboolean erased;
  gboolean has_alias, web, converses, company;
  guint32 campaign;
  char channel[16], name[16];
  gint64 value_micro;
} SceneEvent;

typedef struct {
  char *folder, *path;
  Record *record;
  BatchWriter *writer;
  GArray *events;     /* of SceneEvent, committed or not */
  guint committed;    /* so many have a row */
  GHashTable *undone; /* imports */
  GHashTable *hidden; /* hashes */
  GHashTable *gone;   /* likewise: erased */
  GHashTable *names;  /* hash -> "u1" */
  GString *story;     /* what was done, for a failing test */
} Scene;

static inline Scene *scene_new(void) {
  g_autoptr(GError) error = NULL;
  Scene *scene = g_new0(Scene, 1);
  scene->folder = g_dir_make_tmp("etappe-scene-XXXXXX", NULL);
  scene->path = g_build_filename(scene->folder, "scene.db", NULL);
  scene->record = record_open(scene->path, RECORD_CREATE, &error);
  g_assert_no_error(error);
  scene->writer = batch_writer_new(record_spaces(scene->record), record_names(scene->record));
  scene->events = g_array_new(FALSE, TRUE, sizeof(SceneEvent));
  scene->undone = g_hash_table_new(NULL, NULL);
  scene->gone = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  scene->hidden = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  scene->names = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  scene->story = g_string_new(NULL);
  return scene;
}

static inline void scene_free(Scene *scene) {
  batch_writer_free(scene->writer);
  record_free(scene->record);
  file_remove_folder(scene->folder, NULL);
  g_array_unref(scene->events);
  g_hash_table_unref(scene->undone);
  g_hash_table_unref(scene->hidden);
  g_hash_table_unref(scene->gone);
  g_hash_table_unref(scene->names);
  g_string_free(scene->story, TRUE);
  g_free(scene->folder);
  g_free(scene->path);
  g_free(scene);
}

/* --- writing ---------------------------------------------------------------------------------- */

static inline void scene_identifier(Scene *scene, const char *text, Identifier *identifier, char *scratch) {
  static const char letters[] = "uckepd";
  guint8 space = *text == 'o' ? SPACE_ORDER : (guint8)(strchr(letters, *text) - letters);
  char raw[SCENE_TOKEN_MAX];
  const char *why;
  g_snprintf(raw, sizeof raw, *text == 'e' ? "%s@example.org" : "%s", text);
  if (*text == 'p')
    g_snprintf(raw, sizeof raw, "+4915112%05d", atoi(text + 1));
  if (!identifier_make(identifier, record_spaces(scene->record), record_key(scene->record), space, text_of(raw), scratch, &why))
    g_error("%s: %s", raw, why);
  g_hash_table_replace(scene->names, g_memdup2(&identifier->hash.low, sizeof(guint64)), g_strdup(text));
}

static inline guint64 scene_hash(Scene *scene, const char *text) {
  Identifier identifier;
  char scratch[IDENTIFIER_SIZE_MAX];
  scene_identifier(scene, text, &identifier, scratch);
  return identifier.hash.low;
}

typedef struct {
  Event event;
  char scratch[EVENT_IDENTIFIERS_MAX + 1][IDENTIFIER_SIZE_MAX];
  char order[SCENE_TOKEN_MAX], campaign[16];
} SceneDraft;

static inline void scene_identifiers(Scene *scene, const char *token, SceneDraft *draft, SceneEvent *kept) {
  g_auto(GStrv) parts = g_strsplit(token, "+", -1);
  for (char **part = parts; *part; part++) {
    Event *event = &draft->event;
    Identifier *identifier = &event->identifiers[event->n_identifiers];
    guint n = kept->n_identifiers++;
    scene_identifier(scene, *part, identifier, draft->scratch[n]);
    kept->space[n] = identifier->space;
    kept->hash[n] = identifier->hash.low;
    g_strlcpy(draft->order, *part, sizeof draft->order);
    if (identifier->space == SPACE_ORDER)
      event->properties[event->n_properties++] = (Property){text_of("order"), VALUE_TEXT, text_of(draft->order)};
    else
      event->n_identifiers++;
  }
}

static inline void scene_token(Scene *scene, const char *token, SceneDraft *draft, SceneEvent *kept) {
  Event *event = &draft->event;
  if (*token == '@')
    event->time_ms = (SCENE_BEGIN_S + (gint64)atoi(token + 1) * 60) * 1000;
  else if (g_str_equal(token, "web"))
    event->web = kept->web = TRUE;
  else if (g_str_equal(token, "sent")) {
    event->initiator = INITIATOR_COMPANY;
    kept->company = TRUE;
  } else if (*token == '/') {
    kept->campaign = (guint32)atoi(token + 1);
    g_snprintf(draft->campaign, sizeof draft->campaign, "c%u", kept->campaign);
    event->campaign_mark = text_of(draft->campaign);
  } else if (*token == '=') {
    event->converses = kept->converses = g_str_has_suffix(token, "!");
    g_strlcpy(kept->channel, token + 1, sizeof kept->channel);
    g_strdelimit(kept->channel, "!", '\0');
  } else if (*token == '<') {
    event->call = CALL_ALIAS;
    event->has_alias = kept->has_alias = TRUE;
    scene_identifier(scene, token + 1, &event->alias, draft->scratch[EVENT_IDENTIFIERS_MAX]);
    kept->alias = event->alias.hash.low;
    kept->alias_space = event->alias.space;
  } else if (g_str_has_prefix(token, "name:"))
    g_strlcpy(kept->name, token + 5, sizeof kept->name);
  else if (g_str_has_prefix(token, "value:")) {
    event->has_value = TRUE;
    event->value_micro = kept->value_micro = atoll(token + 6) * 10000;
  } else if (*token != '-')
    scene_identifiers(scene, token, draft, kept);
}

static inline void scene_add(Scene *scene, const char *line) {
  static const char source[] = "test";
  g_auto(GStrv) tokens = g_strsplit(line, " ", -1);
  g_autofree SceneDraft *draft = g_new0(SceneDraft, 1);
  SceneEvent kept = {.channel = "none", .name = "Event"};
  g_string_append_printf(scene->story, "%s\n", line);
  event_clear(&draft->event);
  for (char **token = tokens; *token; token++)
    if (**token)
      scene_token(scene, *token, draft, &kept);
  draft->event.touch = TRUE;
  draft->event.name = text_of(kept.name);
  draft->event.channel = text_of(kept.channel);
  kept.time_ms = draft->event.time_ms;
  batch_writer_add(scene->writer, &draft->event, names_intern(record_names(scene->record), NAME_SOURCE, text_of(source)), 0);
  g_array_append_val(scene->events, kept);
}

/* --- who was erased, the obvious way --- */

static inline gboolean scene_gone(Scene *scene, guint64 hash) {
  return g_hash_table_contains(scene->gone, &hash);
}

/* Takes off what was erased; an order is no identifier that is stored. Says how many others are left. */
static inline guint scene_strip(Scene *scene, SceneEvent *event) {
  guint kept = 0, left = 0, n = event->n_identifiers;
  for (guint i = 0; i < n; i++) {
    if (scene_gone(scene, event->hash[i]))
      continue;
    event->space[kept] = event->space[i];
    event->hash[kept++] = event->hash[i];
    left += event->space[kept - 1] != SPACE_ORDER;
  }
  if (event->has_alias && (kept < n || scene_gone(scene, event->alias)))
    event->has_alias = FALSE;
  event->n_identifiers = kept;
  return left;
}

/* An event that the index knew is the person's, or somebody else's; another one is judged by what it names. */
static inline void scene_judge(Scene *scene, SceneEvent *event, gboolean known) {
  gboolean named = event->has_alias && scene_gone(scene, event->alias), human = named && event->alias_space != SPACE_ANONYMOUS;
  for (guint i = 0; i < event->n_identifiers; i++) {
    named |= scene_gone(scene, event->hash[i]);
    human |= scene_gone(scene, event->hash[i]) && event->space[i] != SPACE_ANONYMOUS;
  }
  if (named)
    event->erased |= (scene_strip(scene, event) == 0) | (human && !known);
}

/* The numbers of a batch follow each other; the last one is told by the import or, live, by the record. */
static inline guint64 scene_last_row(Scene *scene, guint64 import) {
  g_autoptr(GPtrArray) imports = record_imports(scene->record, NULL);
  for (guint i = 0; import && i < imports->len; i++)
    if (((ImportInfo *)imports->pdata[i])->id == import)
      return ((ImportInfo *)imports->pdata[i])->last;
  return record_through(scene->record);
}

static inline void scene_commit(Scene *scene, guint64 import) {
  g_autoptr(GError) error = NULL;
  guint n = batch_writer_count(scene->writer);
  if (n == 0)
    return;
  record_append(scene->record, import, scene->writer, &error);
  g_assert_no_error(error);
  guint64 first = scene_last_row(scene, import) + 1 - n;
  g_string_append_printf(scene->story, "commit %u from %" G_GUINT64_FORMAT " for %" G_GUINT64_FORMAT "\n", n, first, import);
  for (guint i = 0; i < n; i++, scene->committed++) {
    g_array_index(scene->events, SceneEvent, scene->committed).row = first + i;
    g_array_index(scene->events, SceneEvent, scene->committed).import = import;
    scene_judge(scene, &g_array_index(scene->events, SceneEvent, scene->committed), FALSE);
  }
}

static inline guint64 scene_import_begin(Scene *scene) {
  g_autoptr(GError) error = NULL;
  guint64 id;
  record_import_begin(scene->record, "test", "test", "", &id, &error);
  g_assert_no_error(error);
  g_hash_table_add(scene->undone, GSIZE_TO_POINTER(id)); /* not visible before its end */
  return id;
}

static inline void scene_import_end(Scene *scene, guint64 id) {
  g_autoptr(GError) error = NULL;
  record_import_finish(scene->record, &(ImportInfo){.id = id}, &error);
  g_assert_no_error(error);
  g_hash_table_remove(scene->undone, GSIZE_TO_POINTER(id));
  g_string_append_printf(scene->story, "done %" G_GUINT64_FORMAT "\n", id);
}

static inline void scene_import_undo(Scene *scene, guint64 id) {
  g_autoptr(GError) error = NULL;
  record_import_undo(scene->record, id, &error);
  g_assert_no_error(error);
  g_hash_table_add(scene->undone, GSIZE_TO_POINTER(id));
  g_string_append_printf(scene->story, "undo %" G_GUINT64_FORMAT "\n", id);
}

/* All lines as one import. */
static inline guint64 scene_import(Scene *scene, const char *const *lines) {
  guint64 id = scene_import_begin(scene);
  for (; *lines; lines++)
    scene_add(scene, *lines);
  scene_commit(scene, id);
  scene_import_end(scene, id);
  return id;
}

static inline guint64 scene_link(Scene *scene, LinkKind kind, const char *a, const char *b) {
  g_autoptr(GError) error = NULL;
  Identifier from, to;
  char scratch[2][IDENTIFIER_SIZE_MAX];
  guint64 number;
  scene_identifier(scene, a, &from, scratch[0]);
  scene_identifier(scene, b, &to, scratch[1]);
  Link link = {.kind = kind, .space_a = from.space, .space_b = to.space, .a = from.hash.low, .b = to.hash.low};
  if (!record_link_add(scene->record, &link, &number, &error))
    g_assert_error(error, ETAPPE_ERROR, ERROR_CONFLICT); /* it stands already */
  number = error ? 0 : number;
  g_string_append_printf(scene->story, "%s %s %s %" G_GUINT64_FORMAT "\n", kind == LINK_ALIAS ? "alias" : "veto", a, b, number);
  return number;
}

static inline Index *scene_index(Scene *scene, gboolean read_only, guint threads) {
  g_autoptr(GError) error = NULL;
  Index *index = index_open(scene->record, &(IndexOptions){.threads = threads, .read_only = read_only}, &error);
  g_assert_no_error(error);
  return index;
}

static inline void scene_hide(Scene *scene, const char *text, gboolean hide) {
  g_autoptr(GError) error = NULL;
  guint64 hash = scene_hash(scene, text);
  record_hide(scene->record, hash, hide, &error);
  g_assert_no_error(error);
  if (hide)
    g_hash_table_add(scene->hidden, g_memdup2(&hash, sizeof hash));
  else
    g_hash_table_remove(scene->hidden, &hash);
  g_string_append_printf(scene->story, "%s %s\n", hide ? "hide" : "show", text);
}

static inline gboolean scene_among(const GArray *rows, guint64 row) {
  for (guint i = 0; i < rows->len; i++)
    if (g_array_index(rows, guint64, i) == row)
      return TRUE;
  return FALSE;
}

/* FALSE when nobody is known by it. */
static inline gboolean scene_erase(Scene *scene, Index *index, const char *text) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  g_auto(ErasureParts) parts = {0};
  if (!erasure_gather(snapshot, scene_hash(scene, text), &parts, NULL))
    return FALSE;
  Erasure erasure = erasure_of(&parts);
  record_erase(scene->record, &erasure, NULL, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < parts.identifiers->len; i++) {
    guint64 hash = g_array_index(parts.identifiers, guint64, i);
    g_hash_table_add(scene->gone, g_memdup2(&hash, sizeof hash));
    g_hash_table_remove(scene->hidden, &hash);
  }
  for (guint i = 0; i < scene->committed; i++) {
    SceneEvent *event = &g_array_index(scene->events, SceneEvent, i);
    gboolean visible = !g_hash_table_contains(scene->undone, GSIZE_TO_POINTER(event->import));
    if (scene_among(parts.rows, event->row))
      event->erased = TRUE;
    else if (!event->erased)
      scene_judge(scene, event, visible && event->row <= parts.through);
  }
  g_string_append_printf(scene->story, "erase %s\n", text);
  return TRUE;
}

/* --- as text ---------------------------------------------------------------------------------- */

static const char *scene_name(Scene *scene, guint64 hash) {
  const char *name = g_hash_table_lookup(scene->names, &hash);
  return name ? name : "?";
}

typedef struct {
  guint64 id;
  GString *events;
} ScenePerson;

static inline int scene_compare_persons(gconstpointer a, gconstpointer b) {
  const ScenePerson *x = a, *y = b;
  return (x->id > y->id) - (x->id < y->id);
}

static inline void scene_write_event(GString *out, guint64 row, gint64 time_ms, guint32 visit, const char *channel,
                                     const char *name, gint64 value) {
  g_string_append_printf(out, " %" G_GUINT64_FORMAT "@%g", row,
                         (double)(time_ms - SCENE_BEGIN_S * G_GINT64_CONSTANT(1000)) / 60000);
  if (visit)
    g_string_append_printf(out, "#%u", visit);
  g_string_append_printf(out, "=%s/%s", channel, name);
  if (value)
    g_string_append_printf(out, ":%" G_GINT64_FORMAT, value / 10000);
}

static inline void scene_read_block(const Snapshot *snapshot, const Block *block, GArray *persons, GArray *unidentified) {
  const Names *names = snapshot_names(snapshot);
  for (guint32 p = 0; p < block->n_persons; p++) {
    if (bit_at(block->dead, p))
      continue;
    ScenePerson person = {block->person_id[p], g_string_new(NULL)};
    for (guint32 at = block->person_start[p]; at < block->person_start[p + 1]; at++) {
      g_autofree char *channel = text_dup(names_text(names, NAME_CHANNEL, (guint16)codes_at(&block->channel, at)));
      g_autofree char *name = text_dup(names_text(names, NAME_EVENT, (guint16)codes_at(&block->event, at)));
      gint64 value = 0;
      guint64 row = block_row(block, at);
      block_value(block, at, &value);
      if (block->unidentified)
        g_array_append_val(unidentified, row);
      scene_write_event(person.events, row, block_time_ms(block, at), codes_at(&block->visit, at), channel, name, value);
      g_assert_cmpint(bit_at(block->ends, at), ==, at + 1 == block->person_start[p + 1]);
    }
    if (block->unidentified)
      g_string_free(person.events, TRUE);
    else
      g_array_append_val(persons, person);
  }
}

static inline int scene_compare_rows(gconstpointer a, gconstpointer b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static inline char *scene_write(Scene *scene, GArray *persons, GArray *unidentified) {
  GString *out = g_string_new(NULL);
  g_array_sort(persons, scene_compare_persons);
  g_array_sort(unidentified, scene_compare_rows);
  for (guint i = 0; i < persons->len; i++) {
    ScenePerson *person = &g_array_index(persons, ScenePerson, i);
    g_string_append_printf(out, "%s:%s\n", scene_name(scene, person->id), person->events->str);
    g_string_free(person->events, TRUE);
  }
  if (unidentified->len)
    g_string_append(out, "-:");
  for (guint i = 0; i < unidentified->len; i++)
    g_string_append_printf(out, " %" G_GUINT64_FORMAT, g_array_index(unidentified, guint64, i));
  return g_string_free(out, FALSE);
}

/* Everybody: a line a person, named by the identifier that gives the id, `row@minute#visit=channel/name:value` an event. */
static inline char *scene_text(Scene *scene, Index *index) {
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  g_autoptr(GArray) persons = g_array_new(FALSE, FALSE, sizeof(ScenePerson));
  g_autoptr(GArray) unidentified = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint i = 0; i < snapshot_blocks(snapshot); i++) {
    g_autoptr(GError) error = NULL;
    Block block;
    snapshot_block(snapshot, i, &block, &error);
    g_assert_no_error(error);
    scene_read_block(snapshot, &block, persons, unidentified);
  }
  g_assert_cmpuint(snapshot_persons(snapshot), ==, persons->len);
  return scene_write(scene, persons, unidentified);
}

/* Where each identifier leads, as "d1>u1 ". */
static inline char *scene_lookups(Scene *scene, Index *index) {
  g_autoptr(Snapshot) snapshot = index_snapshot(index);
  g_autoptr(GList) hashes = g_list_sort(g_hash_table_get_keys(scene->names), scene_compare_rows);
  GString *out = g_string_new(NULL);
  for (GList *at = hashes; at; at = at->next) {
    guint64 hash = *(guint64 *)at->data, id = 0;
    guint block;
    guint32 person;
    Block data;
    if (snapshot_find(snapshot, hash, &block, &person) && snapshot_block(snapshot, block, &data, NULL))
      id = data.person_id[person];
    g_string_append_printf(out, "%s>%s ", scene_name(scene, hash), id ? scene_name(scene, id) : "");
  }
  return g_string_free(out, FALSE);
}

/* --- the slow reference ------------------------------------------------------------------------- */

typedef struct {
  GArray *identifiers, *tuple_start, *tuple_members, *events, *aliases; /* as resolve() wants them */
  GHashTable *numbers;                                                  /* hash -> identifier + 1 */
  const Spaces *spaces;
} Evidence0;

static inline guint32 reference_identifier(Evidence0 *all, guint8 space, guint64 hash) {
  guint32 number = GPOINTER_TO_UINT(g_hash_table_lookup(all->numbers, &hash));
  if (number)
    return number - 1;
  ResolveIdentifier identifier = {.hash = hash, .space = space};
  g_array_append_val(all->identifiers, identifier);
  g_hash_table_insert(all->numbers, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(all->identifiers->len));
  return all->identifiers->len - 1;
}

static inline gboolean reference_before(const Evidence0 *all, guint32 a, guint32 b) {
  const ResolveIdentifier *x = &g_array_index(all->identifiers, ResolveIdentifier, a),
                          *y = &g_array_index(all->identifiers, ResolveIdentifier, b);
  guint8 rank = all->spaces->spaces[x->space].rank, other = all->spaces->spaces[y->space].rank;
  return rank < other || (rank == other && x->hash < y->hash);
}

/* A tuple of its own for each event. */
static inline void reference_event(Evidence0 *all, const SceneEvent *event) {
  guint32 members[EVENT_IDENTIFIERS_MAX + 1];
  guint n = 0;
  for (guint i = 0; i < event->n_identifiers + event->has_alias; i++) {
    guint32 one = i < event->n_identifiers ? reference_identifier(all, event->space[i], event->hash[i])
                                           : reference_identifier(all, event->alias_space, event->alias);
    guint at = n;
    gboolean repeated = FALSE;
    for (guint k = 0; k < n; k++)
      repeated |= members[k] == one;
    if (repeated)
      continue;
    for (; at > 0 && reference_before(all, one, members[at - 1]); at--)
      members[at] = members[at - 1];
    members[at] = one;
    n++;
  }
  ResolveEvent resolve_event = {event->time_ms, event->row, all->tuple_start->len - 1, event->campaign, event->web};
  guint32 end = all->tuple_members->len + n;
  g_array_append_vals(all->tuple_members, members, n);
  g_array_append_val(all->tuple_start, end);
  g_array_append_val(all->events, resolve_event);
  if (event->has_alias) {
    ResolveAlias alias = {event->time_ms, event->row, reference_identifier(all, event->alias_space, event->alias),
                          reference_identifier(all, event->space[0], event->hash[0])};
    g_array_append_val(all->aliases, alias);
  }
}

static inline int scene_compare_events(gconstpointer a, gconstpointer b) {
  const SceneEvent *x = *(SceneEvent *const *)a, *y = *(SceneEvent *const *)b;
  return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1) : (x->row > y->row) - (x->row < y->row);
}

static inline gboolean reference_has_device(const SceneEvent *event) {
  for (guint i = 0; i < event->n_identifiers; i++)
    if (event->space[i] == SPACE_ANONYMOUS)
      return TRUE;
  return event->has_alias && event->alias_space == SPACE_ANONYMOUS;
}

/* Events of one person in order, with the component's visits: what the index says about them, the obvious way. */
static inline void reference_person(const SceneEvent *const *events, const guint32 *visits, const char *const *first_channel,
                                    guint n, GString *out) {
  g_autofree guint32 *joined = g_memdup2(visits, n * sizeof *visits);
  for (guint i = 0; i < n; i++) {
    guint best = G_MAXUINT;
    for (guint k = 0; k < i && !visits[i] && !events[i]->web && !events[i]->company && !reference_has_device(events[i]); k++)
      if (visits[k])
        best = k;
    if (best != G_MAXUINT && events[i]->time_ms - events[best]->time_ms <= VISIT_GAP_MS)
      joined[i] = visits[best];
  }
  g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint i = 0; i < n; i++) {
    guint number = 0;
    for (guint k = 0; joined[i] && k < order->len; k++)
      if (g_array_index(order, guint32, k) == joined[i])
        number = k + 1;
    if (joined[i] && !number) {
      g_array_append_val(order, joined[i]);
      number = order->len;
    }
    const char *channel = joined[i] && !events[i]->converses ? first_channel[joined[i]] : events[i]->channel;
    scene_write_event(out, events[i]->row, events[i]->time_ms, number, channel, events[i]->name, events[i]->value_micro);
  }
}

static inline void reference_persons(const ResolveOutput *output, GPtrArray *events, GArray *persons) {
  guint n = events->len;
  g_autofree const char **first_channel = g_new0(const char *, n + 1);
  g_autoptr(GHashTable) done = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (guint i = 0; i < n; i++) {
    const SceneEvent *event = events->pdata[i];
    guint32 visit = output->event_visit[i];
    if (visit && !first_channel[visit])
      first_channel[visit] = event->channel;
  }
  for (guint i = 0; i < n; i++) {
    if (output->event_person[i] < IDENTITY_NOBODY_END || !g_hash_table_add(done, &output->event_person[i]))
      continue;
    g_autoptr(GPtrArray) own = g_ptr_array_new();
    g_autoptr(GArray) visits = g_array_new(FALSE, FALSE, sizeof(guint32));
    for (guint k = i; k < n; k++)
      if (output->event_person[k] == output->event_person[i]) {
        g_ptr_array_add(own, events->pdata[k]);
        g_array_append_val(visits, output->event_visit[k]);
      }
    ScenePerson person = {output->event_person[i], g_string_new(NULL)};
    reference_person((const SceneEvent *const *)own->pdata, (const guint32 *)visits->data, first_channel, own->len, person.events);
    g_array_append_val(persons, person);
  }
}

static inline void reference_drop(GArray *persons, guint64 id) {
  for (guint i = persons->len; i-- > 0;)
    if (g_array_index(persons, ScenePerson, i).id == id) {
      g_string_free(g_array_index(persons, ScenePerson, i).events, TRUE);
      g_array_remove_index(persons, i);
    }
}

/* All evidence at once in one resolve(), without components, tuples or blocks. */
static inline char *scene_reference(Scene *scene, guint max_links) {
  Evidence0 all = {g_array_new(FALSE, FALSE, sizeof(ResolveIdentifier)),
                   g_array_new(FALSE, TRUE, sizeof(guint32)),
                   g_array_new(FALSE, FALSE, sizeof(guint32)),
                   g_array_new(FALSE, FALSE, sizeof(ResolveEvent)),
                   g_array_new(FALSE, FALSE, sizeof(ResolveAlias)),
                   g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
                   record_spaces(scene->record)};
  g_autoptr(GPtrArray) events = g_ptr_array_new();
  g_autoptr(GArray) persons = g_array_new(FALSE, FALSE, sizeof(ScenePerson)),
                    unidentified = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_autoptr(GArray) links = record_links(scene->record, FALSE, NULL);
  g_array_set_size(all.tuple_start, 1);
  for (guint i = 0; i < scene->committed; i++) {
    SceneEvent *event = &g_array_index(scene->events, SceneEvent, i);
    if (event->erased || g_hash_table_contains(scene->undone, GSIZE_TO_POINTER(event->import)))
      continue;
    if (event->n_identifiers)
      g_ptr_array_add(events, event);
    else
      g_array_append_val(unidentified, event->row);
  }
  g_ptr_array_sort(events, scene_compare_events);
  for (guint i = 0; i < events->len; i++)
    reference_event(&all, events->pdata[i]);
  for (guint i = 0; i < links->len; i++) {
    const Link *link = &g_array_index(links, Link, i);
    reference_identifier(&all, link->space_a, link->a);
    reference_identifier(&all, link->space_b, link->b);
  }
  guint n = events->len, n_identifiers = all.identifiers->len;
  ResolveInput input = {.spaces = all.spaces,
                        .max_links = max_links,
                        .set_size_max = 10000,
                        .identifiers = (ResolveIdentifier *)all.identifiers->data,
                        .n_identifiers = n_identifiers,
                        .tuple_start = (guint32 *)all.tuple_start->data,
                        .tuple_members = (guint32 *)all.tuple_members->data,
                        .n_tuples = n,
                        .events = (ResolveEvent *)all.events->data,
                        .n_events = n,
                        .aliases = (ResolveAlias *)all.aliases->data,
                        .n_aliases = all.aliases->len,
                        .links = (Link *)links->data,
                        .n_links = links->len};
  ResolveOutput output = {.event_person = g_new0(guint64, n + 1),
                          .event_visit = g_new0(guint32, n + 1),
                          .identifier_person = g_new0(guint64, n_identifiers + 1)};
  resolve(&input, &output);
  for (guint i = 0; i < n; i++)
    if (output.event_person[i] < IDENTITY_NOBODY_END)
      g_array_append_val(unidentified, ((const SceneEvent *)events->pdata[i])->row);
  reference_persons(&output, events, persons);
  for (guint i = 0; i < n_identifiers; i++)
    if (g_hash_table_contains(scene->hidden, &input.identifiers[i].hash))
      reference_drop(persons, output.identifier_person[i]);
  g_free(output.event_person);
  g_free(output.event_visit);
  g_free(output.identifier_person);
  g_array_unref(all.identifiers);
  g_array_unref(all.tuple_start);
  g_array_unref(all.tuple_members);
  g_array_unref(all.events);
  g_array_unref(all.aliases);
  g_hash_table_unref(all.numbers);
  return scene_write(scene, persons, unidentified);
}
