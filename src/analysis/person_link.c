// SPDX-License-Identifier: Apache-2.0
/* Merging stores the identifiers that name the two persons, so that it stays a merge of persons whatever their
 * devices do later; separating stores the two identifiers as given. What a plan will lead to is not guessed but
 * resolved, with the links as they will be. */
#include "analysis/person_link.h"
#include "base/error.h"
#include "journey/component.h"
#include <string.h>

enum { TRIES_MAX = 200 }; /* merges of one component looked at one by one */

typedef struct { /* the two, in the component of both */
  Record *record;
  Component *component;
  guint32 x, y; /* identifiers */
  guint64 person_x, person_y;
} Pair;

static guint64 person_of(const Pair *pair, guint32 identifier) {
  return component_output(pair->component)->identifier_person[identifier];
}

static const ResolveIdentifier *identifier_at(const Pair *pair, guint32 identifier) {
  return &component_input(pair->component)->identifiers[identifier];
}

static void judge(Pair *pair, const GArray *links) {
  component_resolve(pair->component, links);
  pair->person_x = person_of(pair, pair->x);
  pair->person_y = person_of(pair, pair->y);
}

static gboolean pair_init(Pair *pair, Snapshot *snapshot, const char *x, const char *y, GError **error) {
  Who who[2];
  pair->record = snapshot_record(snapshot);
  if (!who_parse(pair->record, x, &who[0], error) || !who_parse(pair->record, y, &who[1], error))
    return FALSE;
  if (who[0].hash == who[1].hash)
    return error_set(error, ERROR_USAGE, "%s and %s are the same identifier", x, y);
  pair->component = component_gather(snapshot, (guint64[]){who[0].hash, who[1].hash}, 2, error);
  if (!pair->component)
    return FALSE;
  if (!component_find(pair->component, who[0].hash, &pair->x))
    return who_unknown(x, error);
  if (!component_find(pair->component, who[1].hash, &pair->y))
    return who_unknown(y, error);
  judge(pair, NULL);
  return TRUE;
}

static gboolean refuse_shared(const Pair *pair, guint32 identifier, const char *text, GError **error) {
  if (!identifier_at(pair, identifier)->shared)
    return TRUE;
  return error_set(
      error, ERROR_CONFLICT,
      "%s is shared by several persons and stands alone: it links nobody\nhint: `etappe person show` tells with whom it was "
      "seen; name one of these instead",
      text);
}

/* --- links that lie between the two ------------------------------------------------------------------- */
static gboolean is_between(const Pair *pair, const Link *link) {
  guint64 x = identifier_at(pair, pair->x)->hash, y = identifier_at(pair, pair->y)->hash;
  return (link->a == x && link->b == y) || (link->a == y && link->b == x);
}

/* Whether one end of the link stands with X and the other with Y. */
static gboolean joins_persons(const Pair *pair, const Link *link) {
  guint32 a, b;
  if (!component_find(pair->component, link->a, &a) || !component_find(pair->component, link->b, &b))
    return FALSE;
  guint64 p = person_of(pair, a), q = person_of(pair, b);
  return (p == pair->person_x && q == pair->person_y) || (p == pair->person_y && q == pair->person_x);
}

static GArray *vetoes_between(const Pair *pair) {
  const GArray *links = component_links(pair->component);
  GArray *found = g_array_new(FALSE, FALSE, sizeof(Link));
  for (guint i = 0; i < links->len; i++) {
    const Link *link = &g_array_index(links, Link, i);
    if (link->kind == LINK_VETO && (is_between(pair, link) || (pair->person_x != pair->person_y && joins_persons(pair, link))))
      g_array_append_vals(found, link, 1);
  }
  return found;
}

static GArray *links_without(const Pair *pair, const GArray *without) {
  const GArray *links = component_links(pair->component);
  GArray *left = g_array_new(FALSE, FALSE, sizeof(Link));
  for (guint i = 0; i < links->len; i++) {
    const Link *link = &g_array_index(links, Link, i);
    gboolean gone = FALSE;
    for (guint k = 0; k < without->len; k++)
      gone |= g_array_index(without, Link, k).number == link->number;
    if (!gone)
      g_array_append_vals(left, link, 1);
  }
  return left;
}

static void judge_without(Pair *pair, const GArray *without) {
  g_autoptr(GArray) left = links_without(pair, without);
  judge(pair, left);
}

static void judge_with(Pair *pair, const Link *link) {
  const GArray *links = component_links(pair->component);
  g_autoptr(GArray) more = g_array_new(FALSE, FALSE, sizeof(Link));
  g_array_append_vals(more, links->data, links->len);
  g_array_append_vals(more, link, 1);
  judge(pair, more);
}

/* The merge of exactly these two, else the latest without which they are two persons. */
static GArray *merge_between(Pair *pair) {
  const GArray *links = component_links(pair->component);
  GArray *found = g_array_new(FALSE, FALSE, sizeof(Link));
  for (guint i = links->len; i-- > 0 && found->len == 0;) {
    const Link *link = &g_array_index(links, Link, i);
    if (link->kind == LINK_ALIAS && is_between(pair, link))
      g_array_append_vals(found, link, 1);
  }
  gboolean one = pair->person_x == pair->person_y;
  guint tries = 0;
  for (guint i = links->len; one && i-- > 0 && found->len == 0 && tries < TRIES_MAX;) {
    const Link *link = &g_array_index(links, Link, i);
    if (link->kind != LINK_ALIAS)
      continue;
    g_array_append_vals(found, link, 1);
    judge_without(pair, found);
    tries++;
    if (pair->person_x == pair->person_y)
      g_array_set_size(found, 0);
  }
  judge(pair, NULL);
  return found;
}

/* --- plans ---------------------------------------------------------------------------------------------- */
static char *shown_as(const Pair *pair, const char *given, guint32 identifier) {
  if (strchr(given, ':'))
    return g_strdup(given);
  const ResolveIdentifier *known = identifier_at(pair, identifier);
  return g_strdup_printf(WHO_FORMAT, known->hash);
}

static LinkPlan *plan_new(LinkPlanKind kind, const Pair *pair, const char *x, const char *y) {
  LinkPlan *plan = g_new0(LinkPlan, 1);
  plan->names = who_names_new(pair->record);
  plan->kind = kind;
  plan->undo = g_array_new(FALSE, FALSE, sizeof(Link));
  plan->x = shown_as(pair, x, pair->x);
  plan->y = shown_as(pair, y, pair->y);
  plan->person_x = pair->person_x;
  plan->person_y = pair->person_y;
  return plan;
}

void link_plan_free(LinkPlan *plan) {
  if (!plan)
    return;
  g_array_unref(plan->undo);
  who_names_free(plan->names);
  g_free(plan->x);
  g_free(plan->y);
  g_free(plan);
}

static LinkPlan *plan_take_back(Pair *pair, const GArray *undo, const char *x, const char *y) {
  judge_without(pair, undo);
  LinkPlan *plan = plan_new(LINK_PLAN_TAKE_BACK, pair, x, y);
  g_array_append_vals(plan->undo, undo->data, undo->len);
  return plan;
}

static Link link_of(const Pair *pair, LinkKind kind, guint32 a, guint32 b) {
  const ResolveIdentifier *x = identifier_at(pair, a), *y = identifier_at(pair, b);
  return (Link){.number = G_MAXUINT64, .kind = kind, .space_a = x->space, .space_b = y->space, .a = x->hash, .b = y->hash};
}

static LinkPlan *plan_add(Pair *pair, Link link, const char *x, const char *y) {
  judge_with(pair, &link);
  LinkPlan *plan = plan_new(LINK_PLAN_ADD, pair, x, y);
  plan->link = link;
  return plan;
}

/* The identifier that a person is called by stands in its component. */
static guint32 naming(const Pair *pair, guint64 person, guint32 fallback) {
  guint32 identifier;
  return component_find(pair->component, person, &identifier) ? identifier : fallback;
}

static LinkPlan *plan_merge(Pair *pair, const char *x, const char *y, GError **error) {
  g_autoptr(GArray) vetoes = vetoes_between(pair);
  if (vetoes->len)
    return plan_take_back(pair, vetoes, x, y);
  if (pair->person_x == pair->person_y)
    return plan_new(LINK_PLAN_NOTHING, pair, x, y);
  if (!refuse_shared(pair, pair->x, x, error) || !refuse_shared(pair, pair->y, y, error))
    return NULL;
  Link link = link_of(pair, LINK_ALIAS, naming(pair, pair->person_x, pair->x), naming(pair, pair->person_y, pair->y));
  LinkPlan *plan = plan_add(pair, link, x, y);
  if (plan->person_x == plan->person_y)
    return plan;
  link_plan_free(plan);
  error_set(
      error, ERROR_CONFLICT,
      "%s and %s would stay two persons: a separation or the limit of identifiers keeps them apart\nhint: `etappe person show` "
      "lists the separations of each",
      x, y);
  return NULL;
}

static LinkPlan *plan_unmerge(Pair *pair, const char *x, const char *y, GError **error) {
  if (!refuse_shared(pair, pair->x, x, error) || !refuse_shared(pair, pair->y, y, error))
    return NULL;
  g_autoptr(GArray) merge = merge_between(pair);
  if (merge->len)
    return plan_take_back(pair, merge, x, y);
  const GArray *links = component_links(pair->component);
  for (guint i = 0; i < links->len; i++) {
    const Link *link = &g_array_index(links, Link, i);
    if (link->kind == LINK_VETO && is_between(pair, link))
      return plan_new(LINK_PLAN_NOTHING, pair, x, y);
  }
  return plan_add(pair, link_of(pair, LINK_VETO, pair->x, pair->y), x, y);
}

static void want_end(const Pair *pair, LinkPlan *plan, guint64 hash) {
  guint32 identifier;
  if (component_find(pair->component, hash, &identifier))
    who_names_want(plan->names, hash, identifier_at(pair, identifier)->space, identifier_at(pair, identifier)->first_row);
}

static gboolean name_links(const Pair *pair, LinkPlan *plan, GError **error) {
  want_end(pair, plan, plan->link.a);
  want_end(pair, plan, plan->link.b);
  for (guint i = 0; i < plan->undo->len; i++) {
    want_end(pair, plan, g_array_index(plan->undo, Link, i).a);
    want_end(pair, plan, g_array_index(plan->undo, Link, i).b);
  }
  return who_names_read(plan->names, error);
}

typedef LinkPlan *(*PlanFunc)(Pair *pair, const char *x, const char *y, GError **error);

static LinkPlan *make_plan(Snapshot *snapshot, const char *x, const char *y, PlanFunc make, GError **error) {
  Pair pair = {0};
  g_autoptr(LinkPlan) plan = pair_init(&pair, snapshot, x, y, error) ? make(&pair, x, y, error) : NULL;
  gboolean good = plan && name_links(&pair, plan, error);
  component_free(pair.component);
  return good ? g_steal_pointer(&plan) : NULL;
}

LinkPlan *link_plan_merge(Snapshot *snapshot, const char *x, const char *y, GError **error) {
  return make_plan(snapshot, x, y, plan_merge, error);
}

LinkPlan *link_plan_unmerge(Snapshot *snapshot, const char *x, const char *y, GError **error) {
  return make_plan(snapshot, x, y, plan_unmerge, error);
}

gboolean link_plan_carry_out(LinkPlan *plan, Record *record, gint64 now_ms, GError **error) {
  plan->link.at_ms = now_ms;
  if (plan->kind == LINK_PLAN_ADD)
    return record_link_add(record, &plan->link, &plan->link.number, error);
  for (guint i = 0; i < plan->undo->len; i++)
    if (!record_link_undo(record, g_array_index(plan->undo, Link, i).number, error))
      return FALSE;
  return TRUE;
}

/* --- told ------------------------------------------------------------------------------------------- */
guint link_plan_links(const LinkPlan *plan) {
  return plan->kind == LINK_PLAN_ADD ? 1 : plan->undo->len;
}

const Link *link_plan_link(const LinkPlan *plan, guint i) {
  return plan->kind == LINK_PLAN_ADD ? &plan->link : &g_array_index(plan->undo, Link, i);
}

/* The opposite for a link that was added, the same again for one that went. */
char *link_plan_take_back_text(const LinkPlan *plan, const Link *link) {
  g_autofree char *a = who_argument(plan->names, link->a, link->space_a), *b = who_argument(plan->names, link->b, link->space_b);
  gboolean merge = (link->kind == LINK_ALIAS) == (plan->kind == LINK_PLAN_TAKE_BACK);
  return g_strdup_printf("etappe person %s %s %s", merge ? "merge" : "unmerge", a, b);
}

static const char *done_name(const LinkPlan *plan) {
  if (plan->kind == LINK_PLAN_NOTHING)
    return "nothing";
  gboolean veto = plan->kind == LINK_PLAN_ADD ? plan->link.kind == LINK_VETO : g_array_index(plan->undo, Link, 0).kind == LINK_VETO;
  if (plan->kind == LINK_PLAN_ADD)
    return veto ? "separated" : "merged";
  return veto ? "separation_taken_back" : "merge_taken_back";
}

static void write_link(JsonOut *out, const LinkPlan *plan, const Link *link) {
  g_autofree char *back = link_plan_take_back_text(plan, link);
  json_object(out);
  json_kv_int(out, "number", (gint64)link->number);
  json_key(out, "one");
  json_object(out);
  who_write(plan->names, link->a, link->space_a, out);
  json_object_end(out);
  json_key(out, "other");
  json_object(out);
  who_write(plan->names, link->b, link->space_b, out);
  json_object_end(out);
  json_kv_string(out, "take_back", back);
  json_object_end(out);
}

void link_plan_write(const LinkPlan *plan, JsonOut *out) {
  gboolean one = plan->person_x == plan->person_y;
  g_autofree char *x = g_strdup_printf(WHO_FORMAT, plan->person_x), *y = g_strdup_printf(WHO_FORMAT, plan->person_y);
  json_kv_string(out, "done", done_name(plan));
  json_kv_bool(out, "one_person", one);
  json_key(out, "persons");
  json_array(out);
  json_string(out, x);
  if (!one)
    json_string(out, y);
  json_array_end(out);
  json_key(out, "links");
  json_array(out);
  for (guint i = 0; i < link_plan_links(plan); i++)
    write_link(out, plan, link_plan_link(plan, i));
  json_array_end(out);
}
