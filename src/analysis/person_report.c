// SPDX-License-Identifier: Apache-2.0
#include "analysis/person_report.h"
#include "analysis/consents.h"
#include "analysis/person.h"
#include "journey/identity.h"
#include <math.h>

/* --- JSON ------------------------------------------------------------------------------------------------- */
static const char *reason_name(const PersonMember *member) {
  switch (member->how) {
  case REASON_SEEN_WITH: return "seen_with";
  case REASON_ALIAS: return "merged";
  case REASON_MOVED: return "moved";
  case REASON_SHARED: return "shared";
  default: return "names";
  }
}

static const char *conflict_name(ReasonKind kind) {
  return kind == REASON_INERT ? "owners" : kind == REASON_VETOED ? "separated" : "full";
}

static void write_time(JsonOut *out, const char *key, gint64 time_ms) {
  g_autofree char *text = time_ms > 0 && time_ms != G_MAXINT64 ? clock_text(time_ms) : NULL;
  json_kv_string(out, key, text);
}

static void write_who(const Person *person, guint32 identifier, JsonOut *out) {
  const ResolveIdentifier *known = person_identifier(person, identifier);
  who_write(person->names, known->hash, known->space, out);
}

static void write_with(const Person *person, const char *key, guint32 identifier, JsonOut *out) {
  json_key(out, key);
  if (identifier == PERSON_NOBODY) {
    json_null(out);
    return;
  }
  json_object(out);
  write_who(person, identifier, out);
  json_object_end(out);
}

static void write_member(const Person *person, const PersonMember *member, JsonOut *out) {
  json_object(out);
  write_who(person, member->identifier, out);
  json_kv_string(out, "joined", reason_name(member));
  write_with(person, "with", member->with, out);
  if (member->row)
    json_kv_int(out, "row", (gint64)member->row);
  write_time(out, "at", member->time_ms);
  write_time(out, "first_seen", person_identifier(person, member->identifier)->first_time_ms);
  write_time(out, "last_seen", member->last_seen_ms);
  if (member->to) {
    g_autofree char *to = g_strdup_printf(WHO_FORMAT, member->to);
    json_kv_string(out, "now_with", to);
  }
  json_object_end(out);
}

static void write_members(const Person *person, const char *key, const GArray *members, JsonOut *out) {
  json_key(out, key);
  json_array(out);
  for (guint i = 0; i < members->len; i++)
    write_member(person, &g_array_index(members, PersonMember, i), out);
  json_array_end(out);
}

static void write_identifiers(const Person *person, const char *key, const GArray *identifiers, JsonOut *out) {
  json_key(out, key);
  json_array(out);
  for (guint i = 0; i < identifiers->len; i++) {
    json_object(out);
    write_who(person, g_array_index(identifiers, guint32, i), out);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_conflicts(const Person *person, JsonOut *out) {
  json_key(out, "conflicts");
  json_array(out);
  for (guint i = 0; i < person->conflicts->len; i++) {
    const Reason *reason = &g_array_index(person->conflicts, Reason, i);
    json_object(out);
    json_kv_string(out, "because", conflict_name(reason->kind));
    write_with(person, "identifier", reason->identifier, out);
    write_with(person, "with", reason->with, out);
    json_kv_int(out, "row", (gint64)reason->row);
    write_time(out, "at", reason->time_ms);
    if (reason->veto)
      json_kv_int(out, "veto", (gint64)reason->veto);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_link_end(const Person *person, const char *key, guint64 hash, guint8 space, JsonOut *out) {
  json_key(out, key);
  json_object(out);
  who_write(person->names, hash, space, out);
  json_object_end(out);
}

static void write_links(const Person *person, const char *key, LinkKind kind, JsonOut *out) {
  json_key(out, key);
  json_array(out);
  for (guint i = 0; i < person->links->len; i++) {
    const Link *link = &g_array_index(person->links, Link, i);
    if (link->kind != kind)
      continue;
    json_object(out);
    json_kv_int(out, "number", (gint64)link->number);
    write_link_end(person, kind == LINK_ALIAS ? "joined" : "one", link->a, link->space_a, out);
    write_link_end(person, kind == LINK_ALIAS ? "into" : "other", link->b, link->space_b, out);
    write_time(out, "at", link->at_ms);
    json_object_end(out);
  }
  json_array_end(out);
}

static void write_name(const Person *person, const char *key, NameKind kind, guint16 code, JsonOut *out) {
  Text text = names_text(snapshot_names(person->snapshot), kind, code);
  json_key(out, key);
  if (text.size)
    json_string_n(out, text.at, text.size);
  else
    json_null(out);
}

static void write_event(const Person *person, const PersonEvent *event, JsonOut *out) {
  json_object(out);
  json_kv_int(out, "row", (gint64)event->row);
  write_time(out, "time", event->time_ms);
  write_name(person, "event", NAME_EVENT, event->event, out);
  json_kv_string(out, "channel", event->channel);
  json_kv_string(out, "touchpoint", event->touchpoint);
  json_kv_string(out, "family", event->family);
  json_kv_string(out, "initiator", event->initiator);
  write_name(person, "source", NAME_SOURCE, event->source, out);
  if (event->visit)
    json_kv_int(out, "visit", event->visit);
  else
    json_kv_null(out, "visit");
  if (event->has_value) {
    json_kv_micro(out, "value", event->value_micro);
    write_name(person, "currency", NAME_CURRENCY, event->currency, out);
  }
  if (!isnan(event->score))
    json_kv_double(out, "score", event->score);
  if (event->excluded)
    json_kv_string(out, "excluded", event->excluded);
  json_object_end(out);
}

static void write_journey(const StoryJourney *journey, JsonOut *out) {
  json_object(out);
  json_kv_int(out, "number", journey->number);
  json_kv_string(out, "state", journey->state);
  write_time(out, "from", journey->from_ms);
  write_time(out, "to", journey->to_ms);
  json_key(out, "stages");
  json_array(out);
  for (guint i = 0; i < journey->moves->len; i++) {
    const StoryMove *move = &g_array_index(journey->moves, StoryMove, i);
    json_object(out);
    json_kv_string(out, "stage", move->stage);
    write_time(out, "at", move->at_ms);
    json_object_end(out);
  }
  json_array_end(out);
  json_kv_micro(out, "value", journey->value);
  json_kv_micro(out, "net_value", journey->net_value);
  json_object_end(out);
}

static void write_conversion(const StoryConversion *conversion, JsonOut *out) {
  json_object(out);
  json_kv_string(out, "goal", conversion->goal);
  write_time(out, "time", conversion->time_ms);
  json_kv_micro(out, "value", conversion->value);
  json_kv_micro(out, "net_value", conversion->net_value);
  if (conversion->order)
    json_kv_string(out, "order", conversion->order);
  json_object_end(out);
}

static void write_story(const PersonStory *story, JsonOut *out) {
  json_kv_string(out, "stage", story ? story->stage : NULL);
  json_kv_string(out, "relationship", story ? story->relationship : NULL);
  json_kv_string(out, "persona", story ? story->persona : NULL);
  json_key(out, "journeys");
  json_array(out);
  for (guint i = 0; story && i < story->journeys->len; i++)
    write_journey(&g_array_index(story->journeys, StoryJourney, i), out);
  json_array_end(out);
  json_key(out, "conversions");
  json_array(out);
  for (guint i = 0; story && i < story->conversions->len; i++)
    write_conversion(&g_array_index(story->conversions, StoryConversion, i), out);
  json_array_end(out);
}

static void write_consents(const Person *person, JsonOut *out) {
  g_autoptr(GArray) identifiers = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint i = 0; i < person->members->len; i++) {
    guint64 hash = person_identifier(person, g_array_index(person->members, PersonMember, i).identifier)->hash;
    g_array_append_val(identifiers, hash);
  }
  consents_write(snapshot_record(person->snapshot), identifiers, out);
}

static void person_json(gconstpointer result, JsonOut *out) {
  const Person *person = result;
  g_autofree char *id = g_strdup_printf(WHO_FORMAT, person->id);
  json_kv_string(out, "person", id);
  json_kv_int(out, "events_total", (gint64)person->n_events);
  write_time(out, "first", person->first_ms);
  write_time(out, "last", person->last_ms);
  write_story(person->story, out);
  write_members(person, "identifiers", person->members, out);
  write_members(person, "left", person->left, out);
  write_identifiers(person, "shared", person->shared, out);
  write_identifiers(person, "shared_by", person->owners, out);
  json_kv_int(out, "conflicts_total", (gint64)person->n_conflicts);
  write_conflicts(person, out);
  write_consents(person, out);
  write_links(person, "merges", LINK_ALIAS, out);
  write_links(person, "vetoes", LINK_VETO, out);
  json_key(out, "events");
  json_array(out);
  for (guint i = 0; i < person->events->len; i++)
    write_event(person, &g_array_index(person->events, PersonEvent, i), out);
  json_array_end(out);
}

/* --- tables ------------------------------------------------------------------------------------------------ */
static char *text_of_identifier(const Person *person, guint32 identifier) {
  const ResolveIdentifier *known = person_identifier(person, identifier);
  return who_text(person->names, known->hash, known->space);
}

static void cell_take(Table *table, char *take_text) {
  table_text(table, take_text);
  g_free(take_text);
}

static void cell_time(Table *table, gint64 time_ms) {
  cell_take(table, time_ms > 0 && time_ms != G_MAXINT64 ? clock_text(time_ms) : NULL);
}

static char *member_text(const Person *person, const PersonMember *member) {
  if (person->id < IDENTITY_NOBODY_END && member->how != REASON_SHARED)
    return g_strdup("an order that nobody is known to have made");
  g_autofree char *with = member->with == PERSON_NOBODY ? NULL : text_of_identifier(person, member->with);
  switch (member->how) {
  case REASON_SEEN_WITH: return g_strdup_printf("seen with %s in event %" G_GUINT64_FORMAT, with, member->row);
  case REASON_ALIAS: return g_strdup_printf("merged with %s by %" G_GUINT64_FORMAT, with, member->row);
  case REASON_MOVED:
    return g_strdup_printf("moved %s %s in event %" G_GUINT64_FORMAT, member->to ? "away to" : "here to", with, member->row);
  case REASON_SHARED: return g_strdup("is shared by several and links nobody");
  default: return g_strdup("names the person");
  }
}

static void table_members(const Person *person, const char *title, const GArray *members, Table *table) {
  if (members->len == 0)
    return;
  table_title(table, "%s", title);
  table_column(table, "identifier", CELL_TEXT);
  table_column(table, "why", CELL_TEXT);
  table_column(table, "since", CELL_TEXT);
  for (guint i = 0; i < members->len; i++) {
    const PersonMember *member = &g_array_index(members, PersonMember, i);
    cell_take(table, text_of_identifier(person, member->identifier));
    cell_take(table, member_text(person, member));
    cell_time(table, member->row ? member->time_ms : person_identifier(person, member->identifier)->first_time_ms);
  }
}

static char *conflict_text(const Reason *reason) {
  if (reason->kind == REASON_VETOED)
    return g_strdup_printf("separated by %" G_GUINT64_FORMAT, reason->veto);
  return g_strdup(reason->kind == REASON_INERT ? "their owners differ" : "the person has too many identifiers");
}

static void table_conflicts(const Person *person, Table *table) {
  if (person->n_conflicts == 0)
    return;
  table_title(table, "Seen together, but apart");
  table_column(table, "identifier", CELL_TEXT);
  table_column(table, "with", CELL_TEXT);
  table_column(table, "event", CELL_INT);
  table_column(table, "because", CELL_TEXT);
  for (guint i = 0; i < person->conflicts->len; i++) {
    const Reason *reason = &g_array_index(person->conflicts, Reason, i);
    cell_take(table, text_of_identifier(person, reason->identifier));
    cell_take(table, text_of_identifier(person, reason->with));
    table_int(table, (gint64)reason->row);
    cell_take(table, conflict_text(reason));
  }
}

static void table_links(const Person *person, Table *table) {
  if (person->links->len == 0)
    return;
  table_title(table, "Merged and separated by hand");
  table_column(table, "number", CELL_INT);
  table_column(table, "what", CELL_TEXT);
  table_column(table, "at", CELL_TEXT);
  for (guint i = 0; i < person->links->len; i++) {
    const Link *link = &g_array_index(person->links, Link, i);
    g_autofree char *a = who_text(person->names, link->a, link->space_a), *b = who_text(person->names, link->b, link->space_b);
    table_int(table, (gint64)link->number);
    cell_take(table,
              link->kind == LINK_ALIAS ? g_strdup_printf("%s joined %s", a, b) : g_strdup_printf("%s and %s never join", a, b));
    cell_time(table, link->at_ms);
  }
}

static void cell_name(const Person *person, NameKind kind, guint16 code, Table *table) {
  cell_take(table, text_dup(names_text(snapshot_names(person->snapshot), kind, code)));
}

static void table_events(const Person *person, Table *table) {
  table_title(table, "Events");
  table_column(table, "time", CELL_TEXT);
  table_column(table, "event", CELL_TEXT);
  table_column(table, "channel", CELL_TEXT);
  table_column(table, "source", CELL_TEXT);
  table_column(table, "visit", CELL_INT);
  table_column(table, "value", CELL_MONEY);
  for (guint i = 0; i < person->events->len; i++) {
    const PersonEvent *event = &g_array_index(person->events, PersonEvent, i);
    cell_time(table, event->time_ms);
    cell_name(person, NAME_EVENT, event->event, table);
    table_text(table, event->channel);
    cell_name(person, NAME_SOURCE, event->source, table);
    if (event->visit)
      table_int(table, event->visit);
    else
      table_empty(table);
    if (event->has_value)
      table_number(table, (double)event->value_micro / 1e6);
    else
      table_empty(table);
  }
  if (person->events->len < person->n_events)
    table_note(table, "The last %u of %" G_GUINT64_FORMAT " events; --limit shows more.", person->events->len, person->n_events);
}

static void table_shared(const Person *person, Table *table) {
  for (guint i = 0; i < person->shared->len; i++) {
    g_autofree char *text = text_of_identifier(person, g_array_index(person->shared, guint32, i));
    table_note(table, "%s is shared by several persons and links nobody.", text);
  }
}

static void table_owners(const Person *person, Table *table) {
  if (person->owners->len == 0)
    return;
  table_title(table, "Seen with the persons of");
  table_column(table, "identifier", CELL_TEXT);
  table_column(table, "person", CELL_TEXT);
  for (guint i = 0; i < person->owners->len; i++) {
    guint32 owner = g_array_index(person->owners, guint32, i);
    cell_take(table, text_of_identifier(person, owner));
    cell_take(table, g_strdup_printf(WHO_FORMAT, person_identifier(person, owner)->hash));
  }
}

static void person_table(gconstpointer result, Table *table) {
  const Person *person = result;
  g_autofree char *title = g_strdup_printf("Person " WHO_FORMAT, person->id);
  table_members(person, title, person->members, table);
  table_shared(person, table);
  table_owners(person, table);
  table_members(person, "Devices that were here", person->left, table);
  table_conflicts(person, table);
  table_links(person, table);
  table_events(person, table);
}

/* --- the report ----------------------------------------------------------------------------------------- */
static gpointer person_run(const Question *question, const Params *params, GError **error) {
  gint64 limit = 100;
  if (!params_int(params, "limit", 0, PERSON_EVENTS_MAX, &limit, error))
    return NULL;
  return person_new(question, params_get(params, "person"), (guint)limit, error);
}

static void person_result_free(gpointer result) {
  person_free(result);
}

static const Param params[] = {
    {"person", PARAM_TEXT, FALSE, TRUE, NULL, NULL, "Any identifier: user:anna, email:a@b.de, or 16 hex digits"},
    {"limit", PARAM_INT, FALSE, FALSE, NULL, "100", "How many of the last events to show"},
    {NULL},
};

const Report person_report = {
    .name = "person show",
    .summary = "One person: identifiers with the moment and the reason they joined, conflicts, and the events.",
    .example = "user:anna",
    .params = params,
    .run = person_run,
    .json = person_json,
    .table = person_table,
    .free = person_result_free,
};
