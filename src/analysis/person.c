// SPDX-License-Identifier: Apache-2.0
/* The person is resolved once more from the events around it, this time with reasons (docs/identity.md). */
#include "analysis/person.h"
#include "analysis/bits.h"
#include "analysis/experience.h"
#include "analysis/field.h"
#include "analysis/map_family.h"
#include "analysis/marks.h"
#include "base/error.h"
#include "journey/identity.h"
#include <math.h>
#include <string.h>

static guint64 present(const Person *person, guint32 identifier) {
  return component_output(person->component)->identifier_person[identifier];
}

static const Reason *reason_at(const Person *person, guint i) {
  return &g_array_index(component_output(person->component)->reasons, Reason, i);
}

static guint n_reasons(const Person *person) {
  return component_output(person->component)->reasons->len;
}

/* --- who belongs here, and why ---------------------------------------------------------------------- */
static gboolean joins(const Reason *reason) {
  return reason->kind == REASON_SEEN_WITH || reason->kind == REASON_ALIAS;
}

static gboolean names_person(const Person *person, guint32 identifier) {
  const ResolveIdentifier *one = person_identifier(person, identifier);
  return identity_id(one->space, one->hash) == person->id;
}

/* Every join and move of this person links two identifiers: a tree, whatever the order it grew in. */
typedef struct {
  GArray *edges; /* of guint: reasons; edge e is at places 2e and 2e + 1 of `next` */
  guint32 *head; /* per identifier: its first place, PERSON_NOBODY none */
  GArray *next;  /* of guint32 */
} Tree;

static gboolean links_two(const Reason *reason) {
  return joins(reason) || reason->kind == REASON_MOVED;
}

static void tree_add(Tree *tree, guint32 identifier) {
  guint32 place = tree->next->len;
  g_array_append_val(tree->next, tree->head[identifier]);
  tree->head[identifier] = place;
}

static Tree tree_of(const Person *person, guint32 n) {
  Tree tree = {g_array_new(FALSE, FALSE, sizeof(guint)), g_new(guint32, n + 1), g_array_new(FALSE, FALSE, sizeof(guint32))};
  memset(tree.head, 0xff, (n + 1) * sizeof *tree.head);
  for (guint r = 0; r < n_reasons(person); r++) {
    const Reason *reason = reason_at(person, r);
    if (!links_two(reason) || reason->person != person->id)
      continue;
    g_array_append_val(tree.edges, r);
    tree_add(&tree, reason->identifier);
    tree_add(&tree, reason->with);
  }
  return tree;
}

static void tree_clear(Tree *tree) {
  g_array_unref(tree->edges);
  g_array_unref(tree->next);
  g_free(tree->head);
}

/* Walks away from the identifier that names the person: the link by which each one is reached explains it. */
static void walk(const Person *person, const Tree *tree, guint32 root, PersonMember *members) {
  g_autoptr(GArray) queue = g_array_new(FALSE, FALSE, sizeof(guint32));
  g_array_append_val(queue, root);
  for (guint i = 0; i < queue->len; i++) {
    guint32 at = g_array_index(queue, guint32, i);
    for (guint32 place = tree->head[at]; place != PERSON_NOBODY; place = g_array_index(tree->next, guint32, place)) {
      const Reason *reason = reason_at(person, g_array_index(tree->edges, guint, place / 2));
      guint32 other = reason->identifier == at ? reason->with : reason->identifier;
      if (other == root || members[other].with != PERSON_NOBODY)
        continue;
      members[other] = (PersonMember){other, at, reason->kind, reason->row, reason->time_ms, 0, 0};
      g_array_append_val(queue, other);
    }
  }
}

/* A device that came back is here for its last move. */
static void note_moves(const Person *person, PersonMember *members) {
  for (guint r = 0; r < n_reasons(person); r++) {
    const Reason *reason = reason_at(person, r);
    if (reason->person != person->id)
      continue;
    if (reason->kind == REASON_MOVED)
      members[reason->identifier] =
          (PersonMember){reason->identifier, reason->with, REASON_MOVED, reason->row, reason->time_ms, 0, 0};
    if (reason->kind == REASON_SHARED)
      members[reason->identifier].how = REASON_SHARED;
  }
}

static void explain(const Person *person, PersonMember *members, guint32 n) {
  guint32 root;
  for (guint32 i = 0; i < n; i++)
    members[i] = (PersonMember){i, PERSON_NOBODY, REASON_OWNER, 0, 0, 0, 0};
  if (component_find(person->component, person->id, &root)) {
    Tree tree = tree_of(person, n);
    walk(person, &tree, root, members);
    tree_clear(&tree);
  }
  note_moves(person, members);
}

static int compare_members(gconstpointer a, gconstpointer b, gpointer user) {
  const PersonMember *x = a, *y = b;
  const Person *person = user;
  gboolean first = names_person(person, x->identifier), second = names_person(person, y->identifier);
  if (first != second)
    return first ? -1 : 1;
  if (x->time_ms != y->time_ms)
    return x->time_ms < y->time_ms ? -1 : 1;
  if (x->row != y->row)
    return x->row < y->row ? -1 : 1;
  return (x->identifier > y->identifier) - (x->identifier < y->identifier);
}

static void collect_members(Person *person) {
  guint32 n = component_input(person->component)->n_identifiers;
  g_autofree PersonMember *members = g_new(PersonMember, n + 1);
  explain(person, members, n);
  for (guint32 i = 0; i < n; i++) {
    if (present(person, i) != person->id)
      continue;
    if (names_person(person, i) && members[i].how != REASON_SHARED)
      members[i] = (PersonMember){i, PERSON_NOBODY, REASON_OWNER, 0, 0, 0, 0};
    g_array_append_val(person->members, members[i]);
  }
  g_array_sort_with_data(person->members, compare_members, person);
}

/* When each identifier was seen last with this person. */
static void collect_last_seen(Person *person, GArray *members) {
  const ResolveInput *input = component_input(person->component);
  const ResolveOutput *output = component_output(person->component);
  g_autofree gint64 *last = g_new0(gint64, input->n_identifiers + 1);
  for (gsize e = 0; e < input->n_events; e++) {
    guint32 tuple = input->events[e].tuple;
    for (guint32 k = input->tuple_start[tuple]; output->event_person[e] == person->id && k < input->tuple_start[tuple + 1]; k++)
      last[input->tuple_members[k]] = input->events[e].time_ms;
  }
  for (guint i = 0; i < members->len; i++) {
    PersonMember *member = &g_array_index(members, PersonMember, i);
    member->last_seen_ms = last[member->identifier];
  }
}

/* Devices that stood here and moved on, each with its last move away. */
static void collect_left(Person *person) {
  guint32 n = component_input(person->component)->n_identifiers;
  g_autofree guint8 *here = g_new0(guint8, n + 1);
  g_autoptr(GHashTable) left = g_hash_table_new_full(NULL, NULL, NULL, g_free);
  for (guint r = 0; r < n_reasons(person); r++) {
    const Reason *reason = reason_at(person, r);
    if (joins(reason))
      here[reason->identifier] = here[reason->with] = reason->person == person->id ? 1 : 0;
    if (reason->kind != REASON_MOVED)
      continue;
    gboolean arrives = reason->person == person->id;
    if (here[reason->identifier] && !arrives && present(person, reason->identifier) != person->id) {
      PersonMember member = {
          reason->identifier, reason->with, REASON_MOVED, reason->row, reason->time_ms, present(person, reason->identifier), 0};
      g_hash_table_insert(left, GUINT_TO_POINTER(reason->identifier), g_memdup2(&member, sizeof member));
    }
    here[reason->identifier] = arrives ? 1 : 0;
  }
  GHashTableIter iter;
  gpointer member;
  g_hash_table_iter_init(&iter, left);
  while (g_hash_table_iter_next(&iter, NULL, &member))
    g_array_append_vals(person->left, member, 1);
  g_array_sort_with_data(person->left, compare_members, person);
}

static void collect_conflicts(Person *person) {
  for (guint r = 0; r < n_reasons(person); r++) {
    const Reason *reason = reason_at(person, r);
    gboolean apart = reason->kind == REASON_INERT || reason->kind == REASON_VETOED || reason->kind == REASON_FULL;
    if (!apart || (reason->person != person->id && present(person, reason->with) != person->id))
      continue;
    if (person->n_conflicts++ < PERSON_CONFLICTS_MAX)
      g_array_append_vals(person->conflicts, reason, 1);
  }
}

static void collect_shared(Person *person) {
  const ResolveInput *input = component_input(person->component);
  const ResolveOutput *output = component_output(person->component);
  g_autofree guint8 *seen = g_new0(guint8, input->n_tuples + 1);
  g_autofree guint8 *found = g_new0(guint8, input->n_identifiers + 1);
  for (gsize e = 0; e < input->n_events; e++)
    if (output->event_person[e] == person->id)
      seen[input->events[e].tuple] = 1;
  for (guint32 t = 0; t < input->n_tuples; t++)
    for (guint32 k = input->tuple_start[t]; seen[t] && k < input->tuple_start[t + 1]; k++)
      found[input->tuple_members[k]] = 1;
  for (guint32 i = 0; i < input->n_identifiers; i++)
    if (found[i] && input->identifiers[i].shared && !names_person(person, i))
      g_array_append_val(person->shared, i);
}

static void add_owner(Person *person, guint32 strong) {
  guint32 owner;
  if (!component_find(person->component, present(person, strong), &owner))
    return;
  for (guint i = 0; i < person->owners->len; i++)
    if (g_array_index(person->owners, guint32, i) == owner)
      return;
  if (person->owners->len < PERSON_OWNERS_MAX)
    g_array_append_val(person->owners, owner);
}

/* When this is the page of a shared identifier: whose strong ones it was seen with. */
static void collect_owners(Person *person) {
  const ResolveInput *input = component_input(person->component);
  guint32 shared;
  if (!component_find(person->component, person->id, &shared) || !input->identifiers[shared].shared)
    return;
  for (guint32 t = 0; t < input->n_tuples; t++) {
    guint32 start = input->tuple_start[t], end = input->tuple_start[t + 1];
    gboolean here = FALSE;
    for (guint32 k = start; k < end; k++)
      here |= input->tuple_members[k] == shared;
    for (guint32 k = start; here && k < end; k++)
      if (input->spaces->spaces[input->identifiers[input->tuple_members[k]].space].strength == STRENGTH_STRONG)
        add_owner(person, input->tuple_members[k]);
  }
}

static gboolean stands_here(const Person *person, guint64 hash) {
  guint32 identifier;
  return component_find(person->component, hash, &identifier) && present(person, identifier) == person->id;
}

/* An alias call has its event's time; a merge that of its link. */
static void collect_links(Person *person) {
  const GArray *links = component_links(person->component);
  for (guint l = 0; l < links->len; l++) {
    const Link *link = &g_array_index(links, Link, l);
    if (stands_here(person, link->a) || stands_here(person, link->b))
      g_array_append_vals(person->links, link, 1);
    for (guint i = 0; i < person->members->len; i++) {
      PersonMember *member = &g_array_index(person->members, PersonMember, i);
      if (member->how == REASON_ALIAS && member->row == link->number)
        member->time_ms = link->at_ms;
    }
  }
}

/* --- what happened ------------------------------------------------------------------------------------ */
static void event_clear_texts(gpointer data) {
  PersonEvent *event = data;
  g_free(event->channel);
  g_free(event->touchpoint);
  g_free(event->family);
}

static PersonEvent event_at(const Block *block, guint32 e) {
  PersonEvent event = {.row = block_row(block, e),
                       .time_ms = block_time_ms(block, e),
                       .visit = codes_at(&block->visit, e),
                       .event = (guint16)codes_at(&block->event, e),
                       .source = (guint16)codes_at(&block->source, e),
                       .currency = (guint16)codes_at(&block->currency, e)};
  event.has_value = block_value(block, e, &event.value_micro);
  return event;
}

typedef struct { /* of the person's block */
  Marks *marks;
  Field *channel, *touchpoint;
  FieldBlock channels, touchpoints;
  MapFamilies *all_families;
  MapFamilyBlock families;
  guint64 *excluded[EXCLUDED_REASONS];
  GArray *scores; /* of ScoreEvent */
} Says;

static void says_clear(Says *says) {
  marks_free(says->marks);
  field_block_clear(&says->channels);
  field_block_clear(&says->touchpoints);
  map_family_block_clear(&says->families);
  map_families_free(says->all_families);
  field_free(says->channel);
  field_free(says->touchpoint);
  for (guint i = 0; i < EXCLUDED_REASONS; i++)
    g_free(says->excluded[i]);
  g_clear_pointer(&says->scores, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Says, says_clear)

static gboolean read_scores(Says *says, const Question *question, guint block, const Block *data, GError **error) {
  g_autoptr(Experience) experience = experience_new(question, error);
  says->scores = g_array_new(FALSE, FALSE, sizeof(ScoreEvent));
  return experience && experience_block(experience, block, data, says->scores, error);
}

/* What the project says of the block's events. */
static gboolean says_read(Says *says, const Question *question, guint block, Block *data, GError **error) {
  for (guint i = 0; i < EXCLUDED_REASONS; i++)
    says->excluded[i] = g_new(guint64, bits_words(data->n_events) + 1);
  return marks_new(question, &says->marks, error) && (!says->marks || marks_block(says->marks, block, 0, data, error)) &&
         marks_reasons(says->marks, block, data, says->excluded, error) &&
         (says->channel = field_new(question, "channel", error)) && (says->touchpoint = field_new(question, "touchpoint", error)) &&
         field_block(says->channel, block, data, &says->channels, error) &&
         field_block(says->touchpoint, block, data, &says->touchpoints, error) &&
         (says->all_families = map_families_new(question, error)) &&
         map_family_block(says->all_families, block, data, &says->families, error) &&
         read_scores(says, question, block, data, error);
}

static char *field_text(const Field *field, const FieldBlock *block, guint32 e) {
  ColumnEntry entry = field_entry(field, block, codes_at(&block->codes, e));
  return entry.kind == VALUE_NONE ? NULL : text_dup(entry.text);
}

static double score_at(const Says *says, guint32 e) {
  for (guint i = 0; i < says->scores->len; i++)
    if (g_array_index(says->scores, ScoreEvent, i).event == e)
      return g_array_index(says->scores, ScoreEvent, i).value;
  return NAN;
}

static guint32 rule_of(const Project *project, const char *touchpoint) {
  for (guint i = 0; touchpoint && i < project->touchpoints->len; i++)
    if (strcmp(((const Touchpoint *)project->touchpoints->pdata[i])->rule.name, touchpoint) == 0)
      return i;
  return G_MAXUINT32;
}

static void add_event(Person *person, const Question *question, const Block *data, Says *says, guint32 e) {
  PersonEvent event = event_at(data, e);
  event.channel = field_text(says->channel, &says->channels, e);
  event.touchpoint = field_text(says->touchpoint, &says->touchpoints, e);
  event.family = g_strdup(map_family_of(&says->families, e, rule_of(question->project, event.touchpoint)));
  event.initiator = bit_at(data->company, e) ? "company" : bit_at(data->system, e) ? "system" : "customer";
  event.score = score_at(says, e);
  for (guint i = 0; i < EXCLUDED_REASONS; i++)
    if (bit_at(says->excluded[i], e))
      event.excluded = excluded_reason((ExcludedReason)i);
  g_array_append_val(person->events, event);
}

static gboolean collect_events(Person *person, const Question *question, guint limit, GError **error) {
  guint block;
  guint32 place;
  Block data;
  if (!snapshot_find(person->snapshot, person->id, &block, &place))
    return TRUE; /* nobody's event belongs to it: a merged person without events of its own */
  if (!snapshot_block(person->snapshot, block, &data, error))
    return FALSE;
  guint32 start = data.person_start[place], end = data.person_start[place + 1];
  while (end > start && block_time_ms(&data, end - 1) > question->now_ms)
    end--;
  person->n_events = end - start;
  if (start == end)
    return TRUE;
  person->first_ms = block_time_ms(&data, start);
  person->last_ms = block_time_ms(&data, end - 1);
  g_auto(Says) says = {0};
  if (!says_read(&says, question, block, &data, error))
    return FALSE;
  for (guint32 e = end - MIN(limit, end - start); e < end; e++)
    add_event(person, question, &data, &says, e);
  person->story = person_story_new(question, block, &data, place, error);
  return person->story != NULL;
}

/* --- names ---------------------------------------------------------------------------------------------- */
static void want(Person *person, guint32 identifier) {
  const ResolveIdentifier *known = identifier == PERSON_NOBODY ? NULL : person_identifier(person, identifier);
  if (known)
    who_names_want(person->names, known->hash, known->space, known->first_row);
}

static void want_hash(Person *person, guint64 hash) {
  guint32 identifier;
  if (component_find(person->component, hash, &identifier))
    want(person, identifier);
}

static gboolean find_names(Person *person, GError **error) {
  for (guint i = 0; i < person->members->len; i++) {
    want(person, g_array_index(person->members, PersonMember, i).identifier);
    want(person, g_array_index(person->members, PersonMember, i).with);
  }
  for (guint i = 0; i < person->left->len; i++) {
    want(person, g_array_index(person->left, PersonMember, i).identifier);
    want(person, g_array_index(person->left, PersonMember, i).with);
  }
  for (guint i = 0; i < person->shared->len; i++)
    want(person, g_array_index(person->shared, guint32, i));
  for (guint i = 0; i < person->owners->len; i++)
    want(person, g_array_index(person->owners, guint32, i));
  for (guint i = 0; i < person->conflicts->len; i++) {
    want(person, g_array_index(person->conflicts, Reason, i).identifier);
    want(person, g_array_index(person->conflicts, Reason, i).with);
  }
  for (guint i = 0; i < person->links->len; i++) {
    want_hash(person, g_array_index(person->links, Link, i).a);
    want_hash(person, g_array_index(person->links, Link, i).b);
  }
  return who_names_read(person->names, error);
}

/* --- together -------------------------------------------------------------------------------------------- */
void person_free(Person *person) {
  if (!person)
    return;
  component_free(person->component);
  who_names_free(person->names);
  GArray *arrays[] = {person->members,   person->left,  person->shared, person->owners,
                      person->conflicts, person->links, person->events};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_array_unref(arrays[i]);
  person_story_free(person->story);
  snapshot_unref(person->snapshot);
  g_free(person);
}

static Person *person_empty(Snapshot *snapshot) {
  Person *person = g_new0(Person, 1);
  person->snapshot = snapshot_ref(snapshot);
  person->members = g_array_new(FALSE, FALSE, sizeof(PersonMember));
  person->left = g_array_new(FALSE, FALSE, sizeof(PersonMember));
  person->shared = g_array_new(FALSE, FALSE, sizeof(guint32));
  person->owners = g_array_new(FALSE, FALSE, sizeof(guint32));
  person->conflicts = g_array_new(FALSE, FALSE, sizeof(Reason));
  person->links = g_array_new(FALSE, FALSE, sizeof(Link));
  person->events = g_array_new(FALSE, FALSE, sizeof(PersonEvent));
  g_array_set_clear_func(person->events, event_clear_texts);
  person->names = who_names_new(snapshot_record(snapshot));
  return person;
}

static gboolean find_person(Person *person, const char *text, GError **error) {
  Who who;
  guint32 identifier;
  if (!who_parse(snapshot_record(person->snapshot), text, &who, error))
    return FALSE;
  person->component = component_gather(person->snapshot, &who.hash, 1, error);
  if (!person->component)
    return FALSE;
  if (!component_find(person->component, who.hash, &identifier))
    return who_unknown(text, error);
  component_resolve(person->component, NULL);
  person->id = present(person, identifier);
  return TRUE;
}

/* Whoever withdrew consent to be measured is not shown. */
static gboolean is_masked(const Person *person) {
  guint32 identifier;
  g_autoptr(GArray) hidden = record_hidden(snapshot_record(person->snapshot), NULL);
  for (guint i = 0; hidden && i < hidden->len; i++)
    if (component_find(person->component, g_array_index(hidden, guint64, i), &identifier) &&
        present(person, identifier) == person->id)
      return TRUE;
  return FALSE;
}

Person *person_new(const Question *question, const char *who, guint limit, GError **error) {
  g_autoptr(Person) person = person_empty(question->snapshot);
  if (!find_person(person, who, error))
    return NULL;
  if (is_masked(person)) {
    who_unknown(who, error);
    return NULL;
  }
  if (!collect_events(person, question, limit, error))
    return NULL;
  collect_members(person);
  collect_left(person);
  collect_last_seen(person, person->members);
  collect_last_seen(person, person->left);
  collect_shared(person);
  collect_owners(person);
  collect_conflicts(person);
  collect_links(person);
  return find_names(person, error) ? g_steal_pointer(&person) : NULL;
}
