/* SPDX-License-Identifier: Apache-2.0
 * people.c: union-find over the identifiers that stand together in a tuple or an alias; shared ones connect
 * nothing. A component is *plain* when the order of its events cannot matter: at most one strong identifier a
 * namespace, no link names it, no set could overflow. Then it is one person, named by its strongest
 * identifier, else its earliest one (resolve() says the same, event by event). */
#include "journey/people.h"

#include "base/error.h"
#include "journey/resolve.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = G_MAXUINT32 };

typedef struct {      /* at a root */
  guint64 strong;     /* bit per namespace with a strong identifier */
  guint32 size, name; /* members; the identifier it is called by */
  guint32 n_events;
  guint32 number; /* person or component */
  gboolean several, linked;
  gboolean unsettled; /* more than its events and their number can matter */
  guint32 n_orders;
  guint64 given; /* its id, when that is known */
} Set;

typedef struct {
  guint64 id;
  guint32 person, n_events;
  gboolean settled;
} Person;

typedef struct { /* numbers of things by component */
  guint32 *start, *items;
} List;

struct People {
  Evidence *evidence;
  const Spaces *spaces;
  const GArray *links, *given;
  guint max_links, set_size_max;
  guint8 *shared;  /* per identifier */
  guint32 *parent; /* per identifier */
  Set *sets;       /* per identifier, at roots */
  int device_space;
  guint n_shared;
  /* components that resolve() judges, and what each is made of */
  guint n_components;
  guint64 *component_events;           /* n_components + 1 offsets */
  List members, tuples, aliases, ends; /* an end is 2 * link, + 1 for its second identifier */
  /* persons */
  pthread_mutex_t lock;     /* of the next four while components are judged */
  GArray *persons;          /* of Person, by provisional number; sorted by people_number() */
  GArray *visit_channels;   /* of guint16: of the visits of all components */
  GHashTable *shared_codes; /* code -> person, of codes in components that turned out to have shared identifiers only */
  GArray *identifiers;      /* of SegmentIdentifier; provisional numbers until people_number() */
  guint32 *ordinals;        /* per provisional number */
  guint32 n_persons;
  guint64 *ids;
  guint32 *n_events;
  guint8 *settled;
};

static const Space *space_of(const People *people, guint32 identifier) {
  return &people->spaces->spaces[people->evidence->identifiers[identifier].space];
}

static gboolean no_memory(GError **error) {
  return error_set(error, ERROR_LIMIT, "no memory for the persons of the index");
}

static guint64 id_of(const People *people, guint32 identifier) {
  const EvidenceIdentifier *one = &people->evidence->identifiers[identifier];
  return identity_id(one->space, one->hash);
}

static int device_namespace(const Spaces *spaces) {
  for (guint s = 0; s < spaces->n_spaces; s++)
    if (strcmp(spaces->spaces[s].name, "device") == 0)
      return (int)s;
  return -1;
}

/* --- shared identifiers ----------------------------------------------------------------------- */

static int compare_u64(const void *a, const void *b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

static void mark_known(People *people, const GArray *shared) {
  for (guint i = 0; shared && i < shared->len; i++) {
    guint32 identifier;
    if (evidence_find(people->evidence, g_array_index(shared, guint64, i), &identifier))
      people->shared[identifier] = TRUE;
  }
}

static gboolean is_order(const People *people, guint32 identifier) {
  return people->evidence->identifiers[identifier].space == SPACE_ORDER;
}

/* Where the orders begin, which stand last in a tuple: whoever buys often is no shared tablet, so they are no
 * partners. */
static guint32 orders_start(const People *people, guint32 tuple) {
  guint32 end = people->evidence->tuples[tuple + 1].start;
  while (end > people->evidence->tuples[tuple].start && is_order(people, people->evidence->members[end - 1]))
    end--;
  return end;
}

/* Pairs (identifier, partner) of those identifiers that could have too many partners. */
static GArray *partner_pairs(const People *people) {
  const Evidence *evidence = people->evidence;
  g_autofree guint32 *bound = g_new0(guint32, (gsize)evidence->n_identifiers + 1);
  for (guint32 t = 0; t < evidence->n_tuples; t++) {
    guint32 start = evidence->tuples[t].start, end = evidence->tuples[t + 1].start, orders = orders_start(people, t);
    for (guint32 k = start; k < end; k++)
      bound[evidence->members[k]] += orders - start - (k < orders);
  }
  GArray *pairs = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint32 t = 0; t < evidence->n_tuples; t++)
    for (guint32 k = evidence->tuples[t].start; k < evidence->tuples[t + 1].start; k++) {
      guint32 one = evidence->members[k];
      if (bound[one] <= people->max_links || space_of(people, one)->strength == STRENGTH_STRONG)
        continue;
      for (guint32 j = evidence->tuples[t].start, end = orders_start(people, t); j < end; j++)
        if (j != k)
          g_array_append_val(pairs, ((guint64){(guint64)one << 32 | evidence->members[j]}));
    }
  return pairs;
}

static void mark_many_partners(People *people) {
  g_autoptr(GArray) pairs = partner_pairs(people);
  if (pairs->len == 0)
    return;
  qsort(pairs->data, pairs->len, sizeof(guint64), compare_u64);
  guint32 partners = 0;
  for (guint i = 0; i < pairs->len; i++) {
    guint64 pair = g_array_index(pairs, guint64, i), before = i ? g_array_index(pairs, guint64, i - 1) : ~pair;
    if (pair == before)
      continue;
    partners = pair >> 32 == before >> 32 ? partners + 1 : 1;
    if (partners > people->max_links)
      people->shared[pair >> 32] = TRUE;
  }
}

/* --- components ------------------------------------------------------------------------------- */

static guint32 find(guint32 *parent, guint32 at) {
  while (parent[at] != at) {
    parent[at] = parent[parent[at]];
    at = parent[at];
  }
  return at;
}

static void join(People *people, guint32 a, guint32 b) {
  if (people->shared[a] || people->shared[b])
    return;
  a = find(people->parent, a);
  b = find(people->parent, b);
  people->parent[MAX(a, b)] = MIN(a, b);
}

/* The first member that links; where all are shared, the first of all. */
static guint32 tuple_leader(const People *people, guint32 tuple) {
  const Evidence *evidence = people->evidence;
  for (guint32 k = evidence->tuples[tuple].start; k < evidence->tuples[tuple + 1].start; k++)
    if (!people->shared[evidence->members[k]])
      return evidence->members[k];
  return evidence->members[evidence->tuples[tuple].start];
}

static void join_tuples(People *people) {
  const Evidence *evidence = people->evidence;
  for (guint32 t = 0; t < evidence->n_tuples; t++) {
    guint32 leader = tuple_leader(people, t);
    for (guint32 k = evidence->tuples[t].start; k < evidence->tuples[t + 1].start; k++)
      join(people, leader, evidence->members[k]);
  }
}

/* Both ends of a link as identifiers; FALSE when the evidence knows neither. */
static gboolean link_ends(const People *people, const Link *link, guint32 *a, guint32 *b) {
  return evidence_find(people->evidence, link->a, a) && evidence_find(people->evidence, link->b, b);
}

static gboolean add_alias_ends(Evidence *evidence, const Link *link, GError **error) {
  guint32 known;
  if (link->undone || link->kind != LINK_ALIAS ||
      (!evidence_find(evidence, link->a, &known) && !evidence_find(evidence, link->b, &known)))
    return TRUE;
  return evidence_identifier(evidence, link->space_a, link->a, error) >= 0 &&
         evidence_identifier(evidence, link->space_b, link->b, error) >= 0;
}

/* An alias counts even where one of its ends has no event yet: that one may own, and lead on to another. */
static gboolean add_link_ends(Evidence *evidence, const GArray *links, GError **error) {
  guint32 before;
  do {
    before = evidence->n_identifiers;
    for (guint i = 0; links && i < links->len; i++)
      if (!add_alias_ends(evidence, &g_array_index(links, Link, i), error))
        return FALSE;
  } while (evidence->n_identifiers != before);
  return TRUE;
}

static void join_links(People *people) {
  for (guint i = 0; people->links && i < people->links->len; i++) {
    const Link *link = &g_array_index(people->links, Link, i);
    guint32 a, b;
    if (!link->undone && link->kind == LINK_ALIAS && link_ends(people, link, &a, &b))
      join(people, a, b);
  }
  for (guint i = 0; i < people->evidence->aliases->len; i++) {
    const EvidenceAlias *alias = &g_array_index(people->evidence->aliases, EvidenceAlias, i);
    join(people, alias->from, alias->to);
  }
}

static void mark_linked(People *people) {
  for (guint i = 0; people->links && i < people->links->len; i++) {
    const Link *link = &g_array_index(people->links, Link, i);
    guint32 a, b;
    if (link->undone || !link_ends(people, link, &a, &b))
      continue;
    people->sets[find(people->parent, a)].linked = TRUE;
    people->sets[find(people->parent, b)].linked = TRUE;
  }
  for (guint i = 0; i < people->evidence->aliases->len; i++) {
    const EvidenceAlias *alias = &g_array_index(people->evidence->aliases, EvidenceAlias, i);
    people->sets[find(people->parent, alias->from)].linked = TRUE;
    people->sets[find(people->parent, alias->to)].linked = TRUE;
  }
}

static void join_given(People *people) {
  for (guint i = 1; people->given && i < people->given->len; i++) {
    const PeopleGiven *one = &g_array_index(people->given, PeopleGiven, i), *before = one - 1;
    if (one->id == before->id)
      join(people, before->identifier, one->identifier);
  }
}

static void take_given(People *people) {
  for (guint i = 0; people->given && i < people->given->len; i++) {
    const PeopleGiven *one = &g_array_index(people->given, PeopleGiven, i);
    Set *set = &people->sets[find(people->parent, one->identifier)];
    set->given = one->id;
    set->n_events += one->n_events;
  }
}

/* A link, be it of any kind, that names an identifier of the set, or a shared identifier beside one: then it takes
 * everything to say what an event means. A function of the set's own evidence and the links in force alone. */
static void mark_unsettled(People *people) {
  const Evidence *evidence = people->evidence;
  for (guint i = 0; people->links && i < people->links->len; i++) {
    const Link *link = &g_array_index(people->links, Link, i);
    guint32 end;
    if (!link->undone && evidence_find(evidence, link->a, &end))
      people->sets[find(people->parent, end)].unsettled = TRUE;
    if (!link->undone && evidence_find(evidence, link->b, &end))
      people->sets[find(people->parent, end)].unsettled = TRUE;
  }
  for (guint32 t = 0; t < evidence->n_tuples; t++)
    for (guint32 k = evidence->tuples[t].start; k < evidence->tuples[t + 1].start; k++)
      if (people->shared[evidence->members[k]])
        people->sets[find(people->parent, tuple_leader(people, t))].unsettled = TRUE;
  for (guint32 i = 0; i < evidence->n_identifiers; i++)
    if (people->shared[i])
      people->sets[find(people->parent, i)].unsettled = TRUE;
}

/* An order never names a set, so it may be earlier than what does; then the first event says nothing of the name. */
static void mark_early_orders(People *people) {
  for (guint32 i = 0; i < people->evidence->n_identifiers; i++) {
    const EvidenceIdentifier *order = &people->evidence->identifiers[i];
    if (order->space != SPACE_ORDER)
      continue;
    Set *set = &people->sets[find(people->parent, i)];
    const EvidenceIdentifier *name = &people->evidence->identifiers[set->name];
    set->n_orders++;
    set->unsettled |= space_of(people, set->name)->strength != STRENGTH_STRONG &&
                      (order->first_time_ms < name->first_time_ms ||
                       (order->first_time_ms == name->first_time_ms && order->first_row < name->first_row));
  }
}

/* With no more identifiers than partners are allowed none can become shared by being seen with the others. */
static gboolean is_settled(const People *people, const Set *set) {
  return set->given || (!set->unsettled && set->size - set->n_orders <= people->max_links && !is_order(people, set->name));
}

/* Negative when a names the set before b: strong ones by rank and first event, others by first event and rank. */
static int compare_names(const People *people, guint32 a, guint32 b) {
  const EvidenceIdentifier *x = &people->evidence->identifiers[a], *y = &people->evidence->identifiers[b];
  gboolean strong = space_of(people, a)->strength == STRENGTH_STRONG, other = space_of(people, b)->strength == STRENGTH_STRONG;
  if (strong != other)
    return strong ? -1 : 1;
  if (is_order(people, a) != is_order(people, b)) /* an order names a set only where there is nothing else */
    return is_order(people, a) ? 1 : -1;
  int rank = (int)space_of(people, a)->rank - (int)space_of(people, b)->rank;
  int first = x->first_time_ms != y->first_time_ms ? (x->first_time_ms < y->first_time_ms ? -1 : 1)
                                                   : (x->first_row > y->first_row) - (x->first_row < y->first_row);
  if (strong && rank)
    return rank;
  if (first || rank)
    return first ? first : rank;
  return (x->hash > y->hash) - (x->hash < y->hash);
}

static void describe_sets(People *people) {
  const Evidence *evidence = people->evidence;
  for (guint32 i = 0; i < evidence->n_identifiers; i++) {
    people->sets[i].name = NONE;
    people->sets[i].number = PEOPLE_NOBODY;
  }
  for (guint32 i = 0; i < evidence->n_identifiers; i++) {
    Set *set = &people->sets[find(people->parent, i)];
    set->size++;
    set->n_events += evidence->identifiers[i].n_events;
    if (set->name == NONE || compare_names(people, i, set->name) < 0)
      set->name = i;
    if (space_of(people, i)->strength != STRENGTH_STRONG)
      continue;
    guint64 bit = G_GUINT64_CONSTANT(1) << evidence->identifiers[i].space;
    set->several |= (set->strong & bit) != 0;
    set->strong |= bit;
  }
  for (guint32 t = 0; t < evidence->n_tuples; t++)
    people->sets[find(people->parent, tuple_leader(people, t))].n_events += evidence->tuples[t].n_events;
}

static void number_sets(People *people) {
  for (guint32 i = 0; i < people->evidence->n_identifiers; i++) {
    Set *set = &people->sets[i];
    if (people->parent[i] != i || set->n_events == 0)
      continue;
    if (set->several || set->linked || set->size > people->set_size_max) {
      set->number = PEOPLE_COMPONENT | people->n_components++;
      continue;
    }
    Person person = {set->given ? set->given : id_of(people, set->name), people->persons->len, set->n_events,
                     is_settled(people, set)};
    set->number = person.person;
    g_array_append_val(people->persons, person);
  }
}

/* --- what a component is made of --------------------------------------------------------------- */

static gboolean component_of(const People *people, guint32 identifier, guint *component) {
  guint32 number = people->sets[find(people->parent, identifier)].number;
  *component = number & ~PEOPLE_COMPONENT;
  return number != PEOPLE_NOBODY && PEOPLE_IS_COMPONENT(number);
}

static gboolean component_of_tuple(const People *people, guint32 tuple, guint *component) {
  return component_of(people, tuple_leader(people, tuple), component);
}

static gboolean component_of_alias(const People *people, guint32 alias, guint *component) {
  return component_of(people, g_array_index(people->evidence->aliases, EvidenceAlias, alias).to, component);
}

/* A link within one component is listed by its first end only. */
static gboolean component_of_end(const People *people, guint32 end, guint *component) {
  const Link *link = &g_array_index(people->links, Link, end / 2);
  guint32 a, b;
  guint first;
  if (link->undone || !link_ends(people, link, &a, &b))
    return FALSE;
  if (end % 2 == 0)
    return component_of(people, a, component);
  return component_of(people, b, component) && !(component_of(people, a, &first) && first == *component);
}

typedef gboolean (*ComponentOf)(const People *people, guint32 item, guint *component);

/* Items 0..n-1 sorted by component, those without one left out. */
static List list_by_component(const People *people, guint32 n, ComponentOf of) {
  List list = {g_new0(guint32, (gsize)people->n_components + 1), NULL};
  guint component;
  for (guint32 i = 0; i < n; i++)
    if (of(people, i, &component))
      list.start[component + 1]++;
  for (guint c = 0; c < people->n_components; c++)
    list.start[c + 1] += list.start[c];
  list.items = g_new(guint32, (gsize)list.start[people->n_components] + 1);
  g_autofree guint32 *fill = g_memdup2(list.start, ((gsize)people->n_components + 1) * sizeof *fill);
  for (guint32 i = 0; i < n; i++)
    if (of(people, i, &component))
      list.items[fill[component]++] = i;
  return list;
}

static void list_clear(List *list) {
  g_free(list->start);
  g_free(list->items);
}

static void list_components(People *people) {
  const Evidence *evidence = people->evidence;
  people->component_events = g_new0(guint64, (gsize)people->n_components + 1);
  for (guint32 i = 0; i < evidence->n_identifiers; i++) {
    guint component;
    if (people->parent[i] == i && component_of(people, i, &component))
      people->component_events[component + 1] = people->sets[i].n_events;
  }
  for (guint c = 0; c < people->n_components; c++)
    people->component_events[c + 1] += people->component_events[c];
  people->members = list_by_component(people, evidence->n_identifiers, component_of);
  people->tuples = list_by_component(people, evidence->n_tuples, component_of_tuple);
  people->aliases = list_by_component(people, evidence->aliases->len, component_of_alias);
  people->ends = list_by_component(people, people->links ? people->links->len * 2 : 0, component_of_end);
}

static gboolean people_reserve(People *people, GError **error) {
  gsize n = (gsize)people->evidence->n_identifiers + 1;
  people->shared = g_try_new0(guint8, n);
  people->parent = g_try_new(guint32, n);
  people->sets = g_try_new0(Set, n);
  if (people->shared == NULL || people->parent == NULL || people->sets == NULL)
    return no_memory(error);
  for (guint32 i = 0; i < n; i++)
    people->parent[i] = i;
  return TRUE;
}

People *people_new(Evidence *evidence, const GArray *links, const GArray *shared, const GArray *given, guint max_links,
                   guint set_size_max, GError **error) {
  g_autoptr(People) people = g_new0(People, 1);
  *people = (People){.evidence = evidence,
                     .spaces = evidence->spaces,
                     .links = links,
                     .given = given,
                     .max_links = max_links,
                     .set_size_max = set_size_max};
  people->device_space = device_namespace(evidence->spaces);
  people->persons = g_array_new(FALSE, FALSE, sizeof(Person));
  people->visit_channels = g_array_new(FALSE, FALSE, sizeof(guint16));
  people->shared_codes = g_hash_table_new(NULL, NULL);
  people->identifiers = g_array_new(FALSE, FALSE, sizeof(SegmentIdentifier));
  pthread_mutex_init(&people->lock, NULL);
  if (!add_link_ends(evidence, links, error) || !people_reserve(people, error))
    return NULL;
  evidence_settle(evidence);
  mark_known(people, shared);
  mark_many_partners(people);
  join_tuples(people);
  join_links(people);
  join_given(people);
  mark_linked(people);
  mark_unsettled(people);
  describe_sets(people);
  mark_early_orders(people);
  take_given(people);
  number_sets(people);
  if (people->n_components)
    list_components(people);
  return g_steal_pointer(&people);
}

void people_free(People *people) {
  if (people == NULL)
    return;
  pthread_mutex_destroy(&people->lock);
  g_array_unref(people->persons);
  g_array_unref(people->visit_channels);
  g_hash_table_unref(people->shared_codes);
  g_array_unref(people->identifiers);
  g_free(people->shared);
  g_free(people->parent);
  g_free(people->sets);
  g_free(people->component_events);
  list_clear(&people->members);
  list_clear(&people->tuples);
  list_clear(&people->aliases);
  list_clear(&people->ends);
  g_free(people->ordinals);
  g_free(people->ids);
  g_free(people->n_events);
  g_free(people->settled);
  g_free(people);
}

guint32 people_of_code(const People *people, guint32 code) {
  guint32 identifier = code_is_tuple(code) ? tuple_leader(people, code_number(code)) : code_number(code);
  while (people->parent[identifier] != identifier) /* read only: threads call this */
    identifier = people->parent[identifier];
  return people->sets[identifier].number;
}

guint32 people_device(const People *people, guint32 code) {
  guint32 identifier = code_number(code);
  if (!code_is_tuple(code))
    return space_of(people, identifier)->strength == STRENGTH_DEVICE ? identifier : CODE_NONE;
  guint32 best = CODE_NONE;
  int best_class = 3;
  for (guint32 k = people->evidence->tuples[identifier].start; k < people->evidence->tuples[identifier + 1].start; k++) {
    guint32 member = people->evidence->members[k];
    int space = people->evidence->identifiers[member].space;
    int class = space == people->device_space ? 0 : space == SPACE_ANONYMOUS ? 1 : 2;
    if (space_of(people, member)->strength == STRENGTH_DEVICE && class < best_class) {
      best = member;
      best_class = class;
    }
  }
  return best;
}

guint people_components(const People *people) {
  return people->n_components;
}

const guint64 *people_component_events(const People *people) {
  return people->component_events;
}

/* --- judging a component ------------------------------------------------------------------------ */

typedef struct { /* a component in the numbers of its own that resolve() wants */
  ResolveInput input;
  ResolveOutput output;
  guint32 *identifiers; /* local to evidence; ascending */
  guint32 *tuples;      /* likewise codes; ascending */
  GArray *persons;      /* of Person: provisional numbers once they are known */
} Component;

static int compare_u32(const void *a, const void *b) {
  guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
  return (x > y) - (x < y);
}

static guint32 sort_distinct(guint32 *numbers, guint32 n) {
  guint32 kept = 0;
  qsort(numbers, n, sizeof *numbers, compare_u32);
  for (guint32 i = 0; i < n; i++)
    if (kept == 0 || numbers[kept - 1] != numbers[i])
      numbers[kept++] = numbers[i];
  return kept;
}

static guint32 local_of(const guint32 *numbers, guint32 n, guint32 number) {
  guint32 low = 0, high = n;
  while (high - low > 1) {
    guint32 middle = low + (high - low) / 2;
    if (numbers[middle] <= number)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* The codes that events of the component have: its identifiers alone, and its tuples. */
static void component_tuples(const People *people, guint number, Component *component) {
  const List *members = &people->members, *tuples = &people->tuples;
  guint32 n = 0, n_members = members->start[number + 1] - members->start[number];
  component->tuples = g_new(guint32, (gsize)n_members + tuples->start[number + 1] - tuples->start[number] + 1);
  for (guint32 i = members->start[number]; i < members->start[number + 1]; i++)
    component->tuples[n++] = members->items[i] << 1;
  for (guint32 t = tuples->start[number]; t < tuples->start[number + 1]; t++)
    component->tuples[n++] = tuples->items[t] << 1 | 1;
  qsort(component->tuples, n, sizeof(guint32), compare_u32);
  component->input.n_tuples = n;
}

static guint32 code_members(const Evidence *evidence, const guint32 *code, guint32 *single, const guint32 **members) {
  if (!code_is_tuple(*code)) {
    *single = code_number(*code);
    *members = single;
    return 1;
  }
  const EvidenceTuple *tuple = &evidence->tuples[code_number(*code)];
  *members = evidence->members + tuple->start;
  return tuple[1].start - tuple->start;
}

/* Its own identifiers and the shared ones that stand in its tuples. */
static void component_identifiers(const People *people, guint number, Component *component) {
  ResolveInput *input = &component->input;
  gsize n = people->members.start[number + 1] - people->members.start[number];
  for (guint32 t = 0; t < input->n_tuples; t++) {
    guint32 single;
    const guint32 *members;
    n += code_members(people->evidence, &component->tuples[t], &single, &members);
  }
  component->identifiers = g_new(guint32, n + 1);
  n = 0;
  for (guint32 i = people->members.start[number]; i < people->members.start[number + 1]; i++)
    component->identifiers[n++] = people->members.items[i];
  for (guint32 t = 0; t < input->n_tuples; t++) {
    guint32 single;
    const guint32 *members;
    guint32 n_members = code_members(people->evidence, &component->tuples[t], &single, &members);
    memcpy(component->identifiers + n, members, n_members * sizeof *members);
    n += n_members;
  }
  input->n_identifiers = sort_distinct(component->identifiers, (guint32)n);
  input->identifiers = g_new0(ResolveIdentifier, (gsize)input->n_identifiers + 1);
  for (guint32 i = 0; i < input->n_identifiers; i++) {
    const EvidenceIdentifier *identifier = &people->evidence->identifiers[component->identifiers[i]];
    input->identifiers[i] = (ResolveIdentifier){
        .hash = identifier->hash, .space = identifier->space, .shared = people->shared[component->identifiers[i]]};
  }
}

static void component_members(const People *people, Component *component) {
  ResolveInput *input = &component->input;
  guint32 *start = g_new0(guint32, (gsize)input->n_tuples + 1);
  const guint32 *members;
  guint32 single;
  for (guint32 t = 0; t < input->n_tuples; t++)
    start[t + 1] = start[t] + code_members(people->evidence, &component->tuples[t], &single, &members);
  guint32 *all = g_new(guint32, (gsize)start[input->n_tuples] + 1);
  for (guint32 t = 0; t < input->n_tuples; t++) {
    guint32 n = code_members(people->evidence, &component->tuples[t], &single, &members);
    for (guint32 k = 0; k < n; k++)
      all[start[t] + k] = local_of(component->identifiers, input->n_identifiers, members[k]);
  }
  input->tuple_start = start;
  input->tuple_members = all;
}

static int compare_aliases(const void *a, const void *b) {
  const ResolveAlias *x = a, *y = b;
  return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1) : (x->row > y->row) - (x->row < y->row);
}

static int compare_links(const void *a, const void *b) {
  const Link *x = a, *y = b;
  return (x->number > y->number) - (x->number < y->number);
}

static void component_links(const People *people, guint number, Component *component) {
  ResolveInput *input = &component->input;
  guint32 from = people->aliases.start[number];
  input->n_aliases = people->aliases.start[number + 1] - from;
  ResolveAlias *aliases = g_new(ResolveAlias, (gsize)input->n_aliases + 1);
  for (guint32 i = 0; i < input->n_aliases; i++) {
    const EvidenceAlias *alias = &g_array_index(people->evidence->aliases, EvidenceAlias, people->aliases.items[from + i]);
    aliases[i] = (ResolveAlias){alias->time_ms, alias->row, local_of(component->identifiers, input->n_identifiers, alias->from),
                                local_of(component->identifiers, input->n_identifiers, alias->to)};
  }
  qsort(aliases, input->n_aliases, sizeof *aliases, compare_aliases);
  input->aliases = aliases;
  from = people->ends.start[number];
  input->n_links = people->ends.start[number + 1] - from;
  Link *links = g_new(Link, (gsize)input->n_links + 1);
  for (guint32 i = 0; i < input->n_links; i++)
    links[i] = g_array_index(people->links, Link, people->ends.items[from + i] / 2);
  qsort(links, input->n_links, sizeof *links, compare_links);
  input->links = links;
}

static gboolean component_events(Component *component, Fact *const *facts, gsize n, guint64 row_base, GError **error) {
  ResolveEvent *events = g_try_new(ResolveEvent, n + 1);
  component->output.event_person = g_try_new(guint64, n + 1);
  component->output.event_visit = g_try_new(guint32, n + 1);
  component->output.identifier_person = g_try_new(guint64, (gsize)component->input.n_identifiers + 1);
  component->input.events = events;
  if (!events || !component->output.event_person || !component->output.event_visit || !component->output.identifier_person)
    return no_memory(error);
  for (gsize i = 0; i < n; i++)
    events[i] = (ResolveEvent){facts[i]->time_ms, row_base + facts[i]->row,
                               local_of(component->tuples, component->input.n_tuples, facts[i]->who), facts[i]->campaign,
                               (facts[i]->flags & FACT_WEB) != 0};
  component->input.n_events = n;
  return TRUE;
}

static void component_clear(Component *component) {
  g_free(component->input.identifiers);
  g_free((void *)component->input.tuple_start);
  g_free((void *)component->input.tuple_members);
  g_free((void *)component->input.events);
  g_free((void *)component->input.aliases);
  g_free((void *)component->input.links);
  g_free(component->output.event_person);
  g_free(component->output.event_visit);
  g_free(component->output.identifier_person);
  g_free(component->identifiers);
  g_free(component->tuples);
  if (component->persons)
    g_array_unref(component->persons);
}

static int compare_facts(const void *a, const void *b) {
  const Fact *x = *(Fact *const *)a, *y = *(Fact *const *)b;
  return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1) : (x->row > y->row) - (x->row < y->row);
}

/* --- what came out ------------------------------------------------------------------------------ */

static int compare_persons(const void *a, const void *b) {
  const Person *x = a, *y = b;
  return (x->id > y->id) - (x->id < y->id);
}

static Person *component_person(const Component *component, guint64 id) {
  Person key = {.id = id};
  return bsearch(&key, component->persons->data, component->persons->len, sizeof key, compare_persons);
}

/* The persons that have events, with how many. */
static void component_persons(Component *component) {
  gsize n = component->input.n_events;
  g_autofree guint64 *ids = g_memdup2(component->output.event_person, n * sizeof(guint64));
  if (n)
    qsort(ids, n, sizeof *ids, compare_u64);
  component->persons = g_array_new(FALSE, FALSE, sizeof(Person));
  for (gsize i = 0; i < n; i++) {
    if (i == 0 || ids[i] != ids[i - 1])
      g_array_append_val(component->persons, ((Person){ids[i], 0, 0, FALSE}));
    g_array_index(component->persons, Person, component->persons->len - 1).n_events++;
  }
}

static int compare_identifiers(const void *a, const void *b) {
  const SegmentIdentifier *x = a, *y = b;
  return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

/* Sorts by (hash, ordinal) and keeps one of each, with the flags of all. */
static void sort_identifiers(GArray *identifiers) {
  SegmentIdentifier *all = (SegmentIdentifier *)identifiers->data;
  guint kept = 0;
  if (identifiers->len)
    qsort(all, identifiers->len, sizeof *all, compare_identifiers);
  for (guint i = 0; i < identifiers->len; i++) {
    if (kept && compare_identifiers(&all[kept - 1], &all[i]) == 0) {
      all[kept - 1].present |= all[i].present;
      continue;
    }
    all[kept++] = all[i];
  }
  g_array_set_size(identifiers, kept);
}

/* Pairs (tuple, person) of all events, each once. */
static GArray *seen_pairs(const Component *component) {
  GArray *pairs = g_array_new(FALSE, FALSE, sizeof(guint64));
  const Person *persons = (const Person *)component->persons->data;
  guint64 before = G_MAXUINT64;
  for (gsize e = 0; e < component->input.n_events; e++) {
    guint64 local = (guint64)(component_person(component, component->output.event_person[e]) - persons);
    guint64 pair = (guint64)component->input.events[e].tuple << 32 | local;
    if (pair != before)
      g_array_append_val(pairs, pair);
    before = pair;
  }
  if (pairs->len)
    qsort(pairs->data, pairs->len, sizeof(guint64), compare_u64);
  return pairs;
}

static void add_pair(const People *people, const Component *component, guint32 local, guint64 person, gboolean present,
                     GArray *out) {
  const Person *found = component_person(component, person);
  guint32 identifier = component->identifiers[local];
  SegmentIdentifier one = {people->evidence->identifiers[identifier].hash, found ? found->person : 0, present, FALSE};
  if (found && !people->shared[identifier] && one.hash != person)
    g_array_append_val(out, one);
}

static GArray *component_pairs(const People *people, const Component *component) {
  g_autoptr(GArray) pairs = seen_pairs(component);
  GArray *out = g_array_new(FALSE, FALSE, sizeof(SegmentIdentifier));
  const ResolveInput *input = &component->input;
  for (guint i = 0; i < pairs->len; i++) {
    guint64 pair = g_array_index(pairs, guint64, i);
    if (i && pair == g_array_index(pairs, guint64, i - 1))
      continue;
    guint64 person = g_array_index(component->persons, Person, (guint32)pair).id;
    for (guint32 k = input->tuple_start[pair >> 32]; k < input->tuple_start[(pair >> 32) + 1]; k++)
      add_pair(people, component, input->tuple_members[k], person, FALSE, out);
  }
  for (guint32 i = 0; i < input->n_identifiers; i++)
    add_pair(people, component, i, component->output.identifier_person[i], TRUE, out);
  sort_identifiers(out);
  return out;
}

static guint32 count_visits(const Component *component) {
  guint32 n = 0;
  for (gsize e = 0; e < component->input.n_events; e++)
    n = MAX(n, component->output.event_visit[e]);
  return n;
}

guint32 people_add_visits(People *people, const guint16 *channels, guint32 n) {
  pthread_mutex_lock(&people->lock);
  guint32 before = people->visit_channels->len;
  g_array_append_vals(people->visit_channels, channels, n);
  pthread_mutex_unlock(&people->lock);
  return before;
}

/* A visit has one channel, that of its first event, and keeps it when it is split between two persons. Returns what
 * stands before the component's visits among those of all. */
static guint32 number_visits(People *people, const Component *component, Fact *const *facts) {
  guint32 n = count_visits(component);
  g_autofree guint16 *channels = g_new0(guint16, (gsize)n + 1);
  for (gsize e = component->input.n_events; e-- > 0;)
    channels[component->output.event_visit[e]] = facts[e]->channel;
  return people_add_visits(people, channels + 1, n);
}

static gboolean all_shared(const ResolveInput *input, guint32 tuple) {
  for (guint32 k = input->tuple_start[tuple]; k < input->tuple_start[tuple + 1]; k++)
    if (!input->identifiers[input->tuple_members[k]].shared)
      return FALSE;
  return TRUE;
}

/* Events with shared identifiers only are those of the first one's person, who may have others elsewhere. Their
 * visits are told apart by person anyway, so they leave the component. */
static void write_facts(People *people, const Component *component, Fact **facts) {
  guint32 before = number_visits(people, component, facts);
  for (gsize e = 0; e < component->input.n_events; e++) {
    Fact *fact = facts[e];
    guint32 visit = component->output.event_visit[e],
            person = component_person(component, component->output.event_person[e])->person;
    if (all_shared(&component->input, component->input.events[e].tuple)) {
      pthread_mutex_lock(&people->lock);
      g_hash_table_insert(people->shared_codes, GUINT_TO_POINTER(fact->who), GUINT_TO_POINTER(person));
      pthread_mutex_unlock(&people->lock);
      continue;
    }
    if (people_device(people, fact->who) != CODE_NONE)
      fact->flags |= FACT_DEVICE;
    fact->flags |= FACT_RESOLVED;
    fact->who = person;
    fact->visit = visit ? before + visit : 0;
  }
}

static void number_component(People *people, Component *component) {
  pthread_mutex_lock(&people->lock);
  for (guint i = 0; i < component->persons->len; i++) {
    Person *person = &g_array_index(component->persons, Person, i);
    person->person = people->persons->len;
    g_array_append_vals(people->persons, person, 1);
  }
  pthread_mutex_unlock(&people->lock);
}

static void take_component(People *people, Component *component, Fact **facts) {
  component_persons(component);
  number_component(people, component);
  g_autoptr(GArray) pairs = component_pairs(people, component);
  write_facts(people, component, facts);
  pthread_mutex_lock(&people->lock);
  g_array_append_vals(people->identifiers, pairs->data, pairs->len);
  pthread_mutex_unlock(&people->lock);
}

gboolean people_resolve(People *people, guint number, Fact **facts, gsize n, guint64 row_base, GError **error) {
  g_assert(n == people->component_events[number + 1] - people->component_events[number]);
  Component component = {.input = {.spaces = people->spaces, .max_links = people->max_links, .set_size_max = people->set_size_max}};
  qsort(facts, n, sizeof *facts, compare_facts);
  component_tuples(people, number, &component);
  component_identifiers(people, number, &component);
  component_members(people, &component);
  component_links(people, number, &component);
  gboolean good = component_events(&component, facts, n, row_base, error);
  if (good) {
    resolve(&component.input, &component.output);
    take_component(people, &component, facts);
  }
  component_clear(&component);
  return good;
}

/* --- the order of persons ----------------------------------------------------------------------- */

/* Ids are hashes, so the top bits cut them into buckets of a few. */
static gboolean sort_persons(GArray *persons, GError **error) {
  gsize n = persons->len;
  guint bits = 1;
  while (((gsize)2 << bits) < n && bits < 24)
    bits++;
  Person *all = (Person *)persons->data;
  g_autofree Person *sorted = g_try_new(Person, n + 1);
  g_autofree guint32 *start = g_try_new0(guint32, ((gsize)1 << bits) + 2);
  if (sorted == NULL || start == NULL)
    return no_memory(error);
  for (gsize i = 0; i < n; i++)
    start[(all[i].id >> (64 - bits)) + 2]++;
  for (gsize b = 2; b < ((gsize)1 << bits) + 2; b++)
    start[b] += start[b - 1];
  for (gsize i = 0; i < n; i++)
    sorted[start[(all[i].id >> (64 - bits)) + 1]++] = all[i];
  for (gsize b = 0; b < (gsize)1 << bits; b++)
    if (start[b + 1] - start[b] > 1)
      qsort(sorted + start[b], start[b + 1] - start[b], sizeof *sorted, compare_persons);
  memcpy(all, sorted, n * sizeof *all);
  return TRUE;
}

/* The person of a shared identifier may have come up in several components; it is one. */
static gboolean order_persons(People *people, GError **error) {
  gsize n = people->persons->len;
  people->ordinals = g_try_new(guint32, n + 1);
  people->ids = g_try_new(guint64, n + 1);
  people->n_events = g_try_new(guint32, n + 1);
  people->settled = g_try_new(guint8, n + 1);
  if (!people->ordinals || !people->ids || !people->n_events || !people->settled || !sort_persons(people->persons, error))
    return no_memory(error);
  if (n >= ORDINAL_NONE)
    return error_set(error, ERROR_LIMIT, "the index holds at most %d persons", ORDINAL_NONE - 1);
  for (gsize i = 0; i < n; i++) {
    const Person *person = &g_array_index(people->persons, Person, i);
    gboolean again = i > 0 && person->id == people->ids[people->n_persons - 1];
    guint32 at = again ? people->n_persons - 1 : people->n_persons++;
    people->ordinals[person->person] = at;
    people->ids[at] = person->id;
    people->settled[at] = !again && person->settled;
    people->n_events[at] = (again ? people->n_events[at] : 0) + person->n_events;
  }
  return TRUE;
}

static void add_plain_identifiers(People *people) {
  for (guint32 i = 0; i < people->evidence->n_identifiers; i++) {
    guint64 hash = people->evidence->identifiers[i].hash;
    guint32 person = people_of_code(people, i << 1);
    if (people->shared[i]) {
      g_array_append_val(people->identifiers, ((SegmentIdentifier){hash, ORDINAL_NONE, FALSE, TRUE}));
      people->n_shared++;
    } else if (person != PEOPLE_NOBODY && !PEOPLE_IS_COMPONENT(person)) {
      guint32 ordinal = people->ordinals[person];
      if (people->ids[ordinal] != hash && (is_order(people, i) || !people->sets[find(people->parent, i)].given))
        g_array_append_val(people->identifiers, ((SegmentIdentifier){hash, ordinal, TRUE, FALSE}));
    }
  }
}

gboolean people_number(People *people, GError **error) {
  if (!order_persons(people, error))
    return FALSE;
  for (guint i = 0; i < people->identifiers->len; i++) {
    SegmentIdentifier *one = &g_array_index(people->identifiers, SegmentIdentifier, i);
    one->ordinal = people->ordinals[one->ordinal];
  }
  add_plain_identifiers(people);
  sort_identifiers(people->identifiers);
  return TRUE;
}

gsize people_count(const People *people) {
  return people->n_persons;
}

const guint64 *people_ids(const People *people) {
  return people->ids;
}

const guint32 *people_n_events(const People *people) {
  return people->n_events;
}

gboolean people_settled(const People *people, guint32 ordinal) {
  return people->settled[ordinal];
}

guint32 people_ordinal(const People *people, guint32 person) {
  return people->ordinals[person];
}

guint32 people_final(const People *people, guint32 code, guint32 number) {
  gpointer person;
  if (!PEOPLE_IS_COMPONENT(number))
    return people->ordinals[number];
  gboolean shared = g_hash_table_lookup_extended(people->shared_codes, GUINT_TO_POINTER(code), NULL, &person);
  return shared ? people->ordinals[GPOINTER_TO_UINT(person)] : PEOPLE_NOBODY;
}

const guint16 *people_visit_channels(const People *people) {
  return (const guint16 *)people->visit_channels->data;
}

const SegmentIdentifier *people_identifiers(const People *people, gsize *n) {
  *n = people->identifiers->len;
  return (const SegmentIdentifier *)people->identifiers->data;
}

gboolean people_any_shared(const People *people) {
  return people->n_shared > 0;
}
