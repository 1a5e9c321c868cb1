// SPDX-License-Identifier: Apache-2.0
/* The evidence is replayed in order over a union-find whose classes are *sets*: identifiers of one owner.
 *
 *   label[d]    which set an identifier stands in now; an event remembers the label of its strongest
 *               identifier, and what that label's set has become in the end says whose the event is.
 *               So joining two sets works back to the beginning of both, while a device that moves
 *               takes a new label and leaves its past under the old one.
 *
 * Sets only ever grow, and what forbids a join (two users, a veto, the size) stays true for ever: an
 * identifier that stood in a set once counts as a member of it for good. Weak identifiers that turn out to
 * name several owners are marked as shared and everything is replayed without them, until none is left. */
#include "journey/resolve.h"
#include "journey/identity.h"
#include "journey/visit.h"
#include <stdlib.h>
#include <string.h>

enum { NONE = G_MAXUINT32, SHARED_ROUNDS_MAX = 32 };

typedef struct { /* parent counts always, the rest at a root only */
  guint32 parent;
  guint32 size;                            /* standings: a device counts in every set where it stood */
  guint32 owner;                           /* identifier, NONE while no strong one is in it */
  guint8 rank;                             /* of the owner, or of a stronger one that gave way to it by alias */
  guint32 first_veto, last_veto, n_vetoes; /* chain of VetoEnd */
  gboolean refused_full;
  guint64 strong;  /* bit per namespace with a strong identifier in the set */
  guint64 several; /* namespaces of which an alias lets it hold several */
} Set;

typedef struct { /* a veto as seen from one of its two identifiers, in a set where that stands or stood */
  guint32 identifier, partner, next;
  guint64 number;
} VetoEnd;

typedef struct { /* a set that a device moved to */
  guint32 label, next;
} Stand;

typedef struct { /* what asks for a join */
  gint64 time_ms;
  guint64 row;
  guint32 event;
} Cause;

typedef struct { /* before persons are known */
  guint32 event, device, from, to;
} Move;

typedef struct {
  ResolveInput *input;
  ResolveOutput *output;
  guint32 *tuple_start, *tuple_members; /* without shared identifiers; a tuple of shared ones keeps its first */
  Set *sets;
  guint32 *label;
  guint32 *first_stand; /* per identifier, chain of Stand; NULL until a device moves */
  GArray *stands, *veto_ends, *moves;
  GHashTable *links;   /* hash -> identifier + 1, of the identifiers that links name */
  GHashTable *refused; /* (identifier, with) -> bits of ReasonKind already told */
} Resolver;

typedef enum { MAY_JOIN, TWO_OWNERS, FORBIDDEN, TOO_LARGE } Refusal;

static const Space *space_of(const Resolver *r, guint32 identifier) {
  return &r->input->spaces->spaces[r->input->identifiers[identifier].space];
}

static gboolean is_strong(const Resolver *r, guint32 identifier) {
  return space_of(r, identifier)->strength == STRENGTH_STRONG;
}

static gboolean is_device(const Resolver *r, guint32 identifier) {
  return space_of(r, identifier)->strength == STRENGTH_DEVICE;
}

static guint32 find(Set *sets, guint32 at) {
  while (sets[at].parent != at) {
    sets[at].parent = sets[sets[at].parent].parent;
    at = sets[at].parent;
  }
  return at;
}

static guint32 set_of(Resolver *r, guint32 identifier) {
  return find(r->sets, r->label[identifier]);
}

/* --- order of identifiers ---------------------------------------------------------------------- */
static int compare_first(const ResolveIdentifier *a, const ResolveIdentifier *b) {
  if (a->first_time_ms != b->first_time_ms)
    return a->first_time_ms < b->first_time_ms ? -1 : 1;
  return (a->first_row > b->first_row) - (a->first_row < b->first_row);
}

static int compare_rank(const Resolver *r, guint32 a, guint32 b) {
  return (int)space_of(r, a)->rank - (int)space_of(r, b)->rank;
}

static int compare_hash(const Resolver *r, guint32 a, guint32 b) {
  guint64 x = r->input->identifiers[a].hash, y = r->input->identifiers[b].hash;
  return (x > y) - (x < y);
}

/* Negative when `a` owns before `b`: stronger kind, then seen first. */
static int compare_owners(const Resolver *r, guint32 a, guint32 b) {
  int order = compare_rank(r, a, b);
  if (order == 0)
    order = compare_first(&r->input->identifiers[a], &r->input->identifiers[b]);
  return order ? order : compare_hash(r, a, b);
}

static gboolean is_order(const ResolveInput *input, guint32 identifier) {
  return input->identifiers[identifier].space == SPACE_ORDER;
}

/* Negative when `a` names a set without owner before `b`: seen first, then stronger kind; an order only where there is
 * nothing else. */
static int compare_earliest(const Resolver *r, guint32 a, guint32 b) {
  if (is_order(r->input, a) != is_order(r->input, b))
    return is_order(r->input, a) ? 1 : -1;
  int order = compare_first(&r->input->identifiers[a], &r->input->identifiers[b]);
  if (order == 0)
    order = compare_rank(r, a, b);
  return order ? order : compare_hash(r, a, b);
}

static void find_firsts(ResolveInput *input) {
  for (guint32 i = 0; i < input->n_identifiers; i++) {
    input->identifiers[i].first_time_ms = G_MAXINT64;
    input->identifiers[i].first_row = G_MAXUINT64;
  }
  for (gsize e = 0; e < input->n_events; e++) { /* ascending, so the first that is met is the first */
    guint32 tuple = input->events[e].tuple;
    for (guint32 k = input->tuple_start[tuple]; k < input->tuple_start[tuple + 1]; k++) {
      ResolveIdentifier *identifier = &input->identifiers[input->tuple_members[k]];
      if (identifier->first_row != G_MAXUINT64)
        continue;
      identifier->first_time_ms = input->events[e].time_ms;
      identifier->first_row = input->events[e].row;
    }
  }
}

/* --- what is told ------------------------------------------------------------------------------ */
static void tell(Resolver *r, ReasonKind kind, guint32 identifier, guint32 with, const Cause *cause, guint64 veto) {
  if (!r->output->reasons)
    return;
  Reason reason = {kind, identifier, with, r->label[identifier], cause->row, cause->time_ms, veto};
  g_array_append_val(r->output->reasons, reason);
}

static guint pair_hash(gconstpointer pair) {
  return (guint)hash_mix(GPOINTER_TO_SIZE(pair));
}

/* Each pair is told, and counted, once a kind: a login page may repeat it a thousand times. */
static void tell_refusal(Resolver *r, Refusal refusal, guint32 identifier, guint32 with, const Cause *cause, guint64 veto) {
  ReasonKind kind = refusal == TWO_OWNERS ? REASON_INERT : refusal == FORBIDDEN ? REASON_VETOED : REASON_FULL;
  gpointer pair = GSIZE_TO_POINTER((gsize)identifier << 32 | with);
  if (!r->refused)
    r->refused = g_hash_table_new(pair_hash, NULL);
  guint told = GPOINTER_TO_UINT(g_hash_table_lookup(r->refused, pair));
  if (told & 1u << kind)
    return;
  g_hash_table_insert(r->refused, pair, GUINT_TO_POINTER(told | 1u << kind));
  r->output->conflicts += kind == REASON_INERT;
  tell(r, kind, identifier, with, cause, veto);
}

/* --- sets -------------------------------------------------------------------------------------- */
static gboolean stands_in(Resolver *r, guint32 identifier, guint32 set) {
  if (find(r->sets, identifier) == set)
    return TRUE;
  for (guint32 at = r->first_stand ? r->first_stand[identifier] : NONE; at != NONE;) {
    const Stand *stand = &g_array_index(r->stands, Stand, at);
    if (find(r->sets, stand->label) == set)
      return TRUE;
    at = stand->next;
  }
  return FALSE;
}

/* The lowest number of a veto between a member of one set and a member of the other; 0 none. */
static guint64 veto_between(Resolver *r, guint32 a, guint32 b) {
  if (r->sets[a].n_vetoes > r->sets[b].n_vetoes)
    return veto_between(r, b, a);
  guint64 lowest = 0;
  for (guint32 at = r->sets[a].first_veto; at != NONE;) {
    VetoEnd end = g_array_index(r->veto_ends, VetoEnd, at);
    if ((lowest == 0 || end.number < lowest) && stands_in(r, end.partner, b))
      lowest = end.number;
    at = end.next;
  }
  return lowest;
}

static guint64 veto_of_device(Resolver *r, guint32 device, guint32 set) {
  guint64 lowest = 0;
  for (guint32 at = r->sets[set].first_veto; at != NONE;) {
    VetoEnd end = g_array_index(r->veto_ends, VetoEnd, at);
    if ((lowest == 0 || end.number < lowest) && end.partner == device)
      lowest = end.number;
    at = end.next;
  }
  return lowest;
}

static gboolean two_owners(const Set *a, const Set *b) {
  return (a->strong & b->strong & ~a->several & ~b->several) != 0;
}

static Refusal may_join(Resolver *r, guint32 a, guint32 b, gboolean by_alias, guint64 *veto) {
  const Set *x = &r->sets[a], *y = &r->sets[b];
  *veto = 0;
  if (!by_alias && two_owners(x, y))
    return TWO_OWNERS;
  if (x->n_vetoes && y->n_vetoes && (*veto = veto_between(r, a, b)))
    return FORBIDDEN;
  return (guint64)x->size + y->size > r->input->set_size_max ? TOO_LARGE : MAY_JOIN;
}

static void veto_end_add(Resolver *r, guint32 set, guint32 identifier, guint32 partner, guint64 number) {
  VetoEnd end = {identifier, partner, NONE, number};
  guint32 at = r->veto_ends->len;
  g_array_append_val(r->veto_ends, end);
  if (r->sets[set].n_vetoes++)
    g_array_index(r->veto_ends, VetoEnd, r->sets[set].last_veto).next = at;
  else
    r->sets[set].first_veto = at;
  r->sets[set].last_veto = at;
}

static void veto_ends_concat(Resolver *r, Set *into, const Set *from) {
  if (from->n_vetoes == 0)
    return;
  if (into->n_vetoes)
    g_array_index(r->veto_ends, VetoEnd, into->last_veto).next = from->first_veto;
  else
    into->first_veto = from->first_veto;
  into->last_veto = from->last_veto;
  into->n_vetoes += from->n_vetoes;
}

/* Joins two roots and says which one is left; its owner is the caller's to set. */
static guint32 set_union(Resolver *r, guint32 a, guint32 b) {
  if (r->sets[a].size < r->sets[b].size)
    return set_union(r, b, a);
  Set *into = &r->sets[a], *from = &r->sets[b];
  from->parent = a;
  into->size += from->size;
  into->strong |= from->strong;
  into->several |= from->several;
  into->refused_full |= from->refused_full;
  veto_ends_concat(r, into, from);
  return a;
}

/* Whether the union is owned by the owner of `a`: what joins takes over only when it is stronger than all
 * that owned before, so also than what gave way by alias. */
static gboolean owns_before(const Resolver *r, const Set *a, const Set *b) {
  if (a->owner == NONE || b->owner == NONE)
    return b->owner == NONE;
  return a->rank != b->rank ? a->rank < b->rank : compare_owners(r, a->owner, b->owner) < 0;
}

static guint32 join(Resolver *r, guint32 a, guint32 b, guint32 owner, guint8 rank) {
  guint32 root = set_union(r, a, b);
  r->sets[root].owner = owner;
  r->sets[root].rank = rank;
  return root;
}

/* --- a device moves ---------------------------------------------------------------------------- */
static void stand_add(Resolver *r, guint32 device, guint32 set) {
  if (!r->first_stand) {
    r->first_stand = g_new(guint32, r->input->n_identifiers);
    memset(r->first_stand, 0xff, r->input->n_identifiers * sizeof *r->first_stand);
  }
  Stand stand = {set, r->first_stand[device]};
  r->first_stand[device] = r->stands->len;
  g_array_append_val(r->stands, stand);
}

/* The device stands in `set` from now on and, for its past, in its old one as well: its vetoes bind both. */
static void settle(Resolver *r, guint32 device, guint32 set) {
  stand_add(r, device, set);
  r->sets[set].size++;
  guint32 old = find(r->sets, device);
  for (guint32 at = r->sets[old].first_veto; at != NONE;) {
    VetoEnd end = g_array_index(r->veto_ends, VetoEnd, at);
    if (end.identifier == device)
      veto_end_add(r, set, device, end.partner, end.number);
    at = end.next;
  }
}

/* Moves the device to `set`, the one of `with`, or says why not. */
static void move(Resolver *r, guint32 device, guint32 with, guint32 set, const Cause *cause) {
  gboolean returns = stands_in(r, device, set);
  guint64 veto = returns ? 0 : veto_of_device(r, device, set);
  if (veto) {
    tell_refusal(r, FORBIDDEN, device, with, cause, veto);
    return;
  }
  if (!returns && r->sets[set].size >= r->input->set_size_max) {
    r->sets[set].refused_full = TRUE;
    tell_refusal(r, TOO_LARGE, device, with, cause, 0);
    return;
  }
  Move moved = {cause->event, device, r->label[device], set};
  g_array_append_val(r->moves, moved);
  if (!returns)
    settle(r, device, set);
  r->label[device] = set;
  tell(r, REASON_MOVED, device, with, cause, 0);
}

/* --- evidence ---------------------------------------------------------------------------------- */
/* An event shows `identifier` beside `with`, the one that the event belongs to. */
static void see_pair(Resolver *r, guint32 identifier, guint32 with, const Cause *cause) {
  guint32 from = set_of(r, identifier), to = set_of(r, with);
  if (from == to)
    return;
  guint64 veto;
  Refusal refusal = may_join(r, from, to, FALSE, &veto);
  if (refusal == MAY_JOIN) {
    const Set *owning = &r->sets[owns_before(r, &r->sets[from], &r->sets[to]) ? from : to];
    join(r, from, to, owning->owner, owning->rank);
    tell(r, REASON_SEEN_WITH, identifier, with, cause, 0);
  } else if (is_device(r, identifier) && r->sets[from].owner != NONE && r->sets[to].owner != NONE) {
    move(r, identifier, with, to, cause);
  } else {
    r->sets[to].refused_full |= refusal == TOO_LARGE;
    tell_refusal(r, refusal, identifier, with, cause, veto);
  }
}

static guint64 weaker_than(const Resolver *r, guint8 rank) {
  guint64 weaker = 0;
  for (guint s = 0; s < r->input->spaces->n_spaces; s++)
    if (r->input->spaces->spaces[s].strength == STRENGTH_STRONG && r->input->spaces->spaces[s].rank > rank)
      weaker |= G_GUINT64_CONSTANT(1) << s;
  return weaker;
}

static void see_alias(Resolver *r, guint32 identifier, guint32 target, const Cause *cause) {
  const ResolveIdentifier *identifiers = r->input->identifiers;
  guint32 from = set_of(r, identifier), to = set_of(r, target);
  if (from == to || identifiers[identifier].shared || identifiers[target].shared)
    return;
  guint64 veto;
  Refusal refusal = may_join(r, from, to, is_strong(r, identifier) && is_strong(r, target), &veto);
  if (refusal != MAY_JOIN) {
    r->sets[to].refused_full |= refusal == TOO_LARGE;
    tell_refusal(r, refusal, identifier, target, cause, veto);
    return;
  }
  const Set *x = &r->sets[from], *y = &r->sets[to];
  gboolean both = x->owner != NONE && y->owner != NONE;
  guint8 rank = both ? MIN(x->rank, y->rank) : y->owner != NONE ? y->rank : x->rank;
  guint32 root = join(r, from, to, y->owner != NONE ? y->owner : x->owner, rank);
  if (both) /* each side had cards of its own: what is weaker than the owners may be there several times */
    r->sets[root].several |= weaker_than(r, rank);
  tell(r, REASON_ALIAS, identifier, target, cause, 0);
}

static guint32 linked_identifier(const Resolver *r, guint8 space, guint64 hash) {
  guint32 identifier = GPOINTER_TO_UINT(g_hash_table_lookup(r->links, &hash)) - 1;
  return identifier != NONE && r->input->identifiers[identifier].space == space ? identifier : NONE;
}

static void see_links(Resolver *r, LinkKind kind) {
  for (guint l = 0; l < r->input->n_links; l++) {
    const Link *link = &r->input->links[l];
    if (link->kind != kind || link->undone)
      continue;
    guint32 a = linked_identifier(r, link->space_a, link->a), b = linked_identifier(r, link->space_b, link->b);
    if (a == NONE || b == NONE || a == b)
      continue;
    if (kind == LINK_ALIAS) {
      see_alias(r, a, b, &(Cause){0, link->number, NONE});
    } else {
      veto_end_add(r, a, a, b, link->number);
      veto_end_add(r, b, b, a, link->number);
    }
  }
}

static void see_events(Resolver *r) {
  const ResolveInput *input = r->input;
  for (gsize e = 0; e < input->n_events; e++) {
    const ResolveEvent *event = &input->events[e];
    guint32 at = r->tuple_start[event->tuple], end = r->tuple_start[event->tuple + 1];
    guint32 strongest = r->tuple_members[at];
    Cause cause = {event->time_ms, event->row, (guint32)e};
    while (++at < end)
      see_pair(r, r->tuple_members[at], strongest, &cause);
    r->output->event_person[e] = r->label[strongest];
  }
}

/* --- one replay -------------------------------------------------------------------------------- */
static void start_over(Resolver *r) {
  for (guint32 i = 0; i < r->input->n_identifiers; i++) {
    gboolean strong = is_strong(r, i);
    guint64 bit = strong ? G_GUINT64_CONSTANT(1) << r->input->identifiers[i].space : 0;
    r->sets[i] = (Set){.parent = i,
                       .size = 1,
                       .owner = strong ? i : NONE,
                       .rank = space_of(r, i)->rank,
                       .first_veto = NONE,
                       .last_veto = NONE,
                       .strong = bit};
    r->label[i] = i;
  }
  g_clear_pointer(&r->first_stand, g_free);
  g_array_set_size(r->stands, 0);
  g_array_set_size(r->veto_ends, 0);
  g_array_set_size(r->moves, 0);
  g_clear_pointer(&r->refused, g_hash_table_unref);
  r->output->conflicts = 0;
  if (r->output->reasons)
    g_array_set_size(r->output->reasons, 0);
}

static void drop_shared(Resolver *r) {
  const ResolveInput *input = r->input;
  guint32 n = 0;
  for (guint32 t = 0; t < input->n_tuples; t++) {
    r->tuple_start[t] = n;
    for (guint32 k = input->tuple_start[t]; k < input->tuple_start[t + 1]; k++)
      if (!input->identifiers[input->tuple_members[k]].shared)
        r->tuple_members[n++] = input->tuple_members[k];
    if (n == r->tuple_start[t])
      r->tuple_members[n++] = input->tuple_members[input->tuple_start[t]];
  }
  r->tuple_start[input->n_tuples] = n;
}

static void replay(Resolver *r) {
  start_over(r);
  drop_shared(r);
  if (r->input->n_links) {
    see_links(r, LINK_VETO);
    see_links(r, LINK_ALIAS);
  }
  for (guint a = 0; a < r->input->n_aliases; a++) {
    const ResolveAlias *alias = &r->input->aliases[a];
    if (alias->from != alias->to)
      see_alias(r, alias->from, alias->to, &(Cause){alias->time_ms, alias->row, NONE});
  }
  see_events(r);
}

/* --- shared identifiers ------------------------------------------------------------------------ */
static int compare_pairs(const void *a, const void *b) {
  guint64 x = *(const guint64 *)a, y = *(const guint64 *)b;
  return (x > y) - (x < y);
}

/* Where the orders begin, which stand last in a tuple and are no partners. */
static guint32 orders_start(const ResolveInput *input, guint32 tuple) {
  guint32 end = input->tuple_start[tuple + 1];
  while (end > input->tuple_start[tuple] && is_order(input, input->tuple_members[end - 1]))
    end--;
  return end;
}

/* Upper bounds for the number of partners; NULL when none exceeds max_links. */
static guint32 *partner_bounds(const ResolveInput *input) {
  if (input->n_identifiers <= input->max_links + 1)
    return NULL;
  g_autofree guint32 *bound = g_new0(guint32, input->n_identifiers);
  gboolean any = FALSE;
  for (guint32 t = 0; t < input->n_tuples; t++)
    for (guint32 k = input->tuple_start[t], orders = orders_start(input, t); k < input->tuple_start[t + 1]; k++) {
      guint32 *b = &bound[input->tuple_members[k]];
      guint64 sum = (guint64)*b + (orders - input->tuple_start[t] - (k < orders));
      *b = (guint32)MIN(sum, G_MAXUINT32);
      any |= sum > input->max_links;
    }
  return any ? g_steal_pointer(&bound) : NULL;
}

/* Devices and weak identifiers with more than max_links partners are shared. */
static void mark_many_partners(Resolver *r, const guint32 *bound) {
  const ResolveInput *input = r->input;
  g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint32 t = 0; t < input->n_tuples; t++)
    for (guint32 k = input->tuple_start[t]; k < input->tuple_start[t + 1]; k++) {
      guint32 identifier = input->tuple_members[k];
      if (is_strong(r, identifier) || bound[identifier] <= input->max_links)
        continue;
      for (guint32 j = input->tuple_start[t], orders = orders_start(input, t); j < orders; j++)
        if (j != k)
          g_array_append_val(pairs, ((guint64){(guint64)identifier << 32 | input->tuple_members[j]}));
    }
  g_array_sort(pairs, compare_pairs);
  guint32 partners = 0;
  for (guint i = 0; i < pairs->len; i++) {
    guint64 pair = g_array_index(pairs, guint64, i), before = i ? g_array_index(pairs, guint64, i - 1) : ~pair;
    if (pair == before)
      continue;
    partners = pair >> 32 == before >> 32 ? partners + 1 : 1;
    if (partners > input->max_links)
      input->identifiers[pair >> 32].shared = TRUE;
  }
}

/* Marks the weak identifiers seen directly with strong ones of several owners; FALSE when there is none.
 * With `strictly`, already those seen with several strong ones: what is left then cannot break the rule. */
static gboolean mark_several_owners(Resolver *r, gboolean strictly) {
  const ResolveInput *input = r->input;
  g_autofree guint32 *seen = g_new(guint32, input->n_identifiers);
  memset(seen, 0xff, input->n_identifiers * sizeof *seen);
  gboolean any = FALSE;
  for (guint32 t = 0; t < input->n_tuples; t++) {
    guint32 start = r->tuple_start[t], end = r->tuple_start[t + 1];
    for (guint32 s = start; s < end && is_strong(r, r->tuple_members[s]); s++) {
      guint32 owner = strictly ? r->tuple_members[s] : set_of(r, r->tuple_members[s]);
      for (guint32 k = end; k-- > start && !is_strong(r, r->tuple_members[k]);) {
        guint32 weak = r->tuple_members[k];
        if (is_device(r, weak))
          continue;
        if (seen[weak] == NONE)
          seen[weak] = owner;
        else if (seen[weak] != owner)
          any = input->identifiers[weak].shared = TRUE;
      }
    }
  }
  return any;
}

/* --- the result -------------------------------------------------------------------------------- */
static guint64 id_of(const Resolver *r, guint32 identifier) {
  return identity_id(r->input->identifiers[identifier].space, r->input->identifiers[identifier].hash);
}

/* Per root, the identifier that the person is known by. */
static guint32 *name_sets(Resolver *r) {
  guint32 *name = g_new(guint32, r->input->n_identifiers);
  memset(name, 0xff, r->input->n_identifiers * sizeof *name);
  for (guint32 i = 0; i < r->input->n_identifiers; i++) {
    guint32 root = find(r->sets, i);
    if (r->sets[root].owner != NONE)
      name[root] = r->sets[root].owner;
    else if (name[root] == NONE || compare_earliest(r, i, name[root]) < 0)
      name[root] = i;
  }
  return name;
}

static void tell_owners(Resolver *r, const guint32 *name) {
  for (guint32 i = 0; i < r->input->n_identifiers; i++) {
    const ResolveIdentifier *identifier = &r->input->identifiers[i];
    Cause first = {identifier->first_time_ms, identifier->first_row, NONE};
    if (identifier->shared)
      tell(r, REASON_SHARED, i, NONE, &first, 0);
    else if (name[find(r->sets, i)] == i)
      tell(r, REASON_OWNER, i, NONE, &first, 0);
  }
}

static void write_persons(Resolver *r, const guint32 *name) {
  ResolveOutput *output = r->output;
  for (gsize e = 0; e < r->input->n_events; e++)
    output->event_person[e] = id_of(r, name[find(r->sets, (guint32)output->event_person[e])]);
  output->sets_full = 0;
  for (guint32 i = 0; i < r->input->n_identifiers; i++) {
    output->identifier_person[i] = id_of(r, name[set_of(r, i)]);
    output->sets_full += r->sets[i].parent == i && r->sets[i].refused_full;
  }
  for (guint i = 0; output->reasons && i < output->reasons->len; i++) {
    Reason *reason = &g_array_index(output->reasons, Reason, i);
    reason->person = id_of(r, name[find(r->sets, (guint32)reason->person)]);
  }
}

static Handover *write_handovers(Resolver *r, const guint32 *name) {
  Handover *handovers = g_new(Handover, r->moves->len);
  for (guint m = 0; m < r->moves->len; m++) {
    Move at = g_array_index(r->moves, Move, m);
    handovers[m] = (Handover){at.event, at.device, id_of(r, name[find(r->sets, at.from)]), id_of(r, name[find(r->sets, at.to)])};
  }
  return handovers;
}

static void index_links(Resolver *r) {
  r->links = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (guint l = 0; l < r->input->n_links; l++) {
    g_hash_table_insert(r->links, (gpointer)&r->input->links[l].a, NULL);
    g_hash_table_insert(r->links, (gpointer)&r->input->links[l].b, NULL);
  }
  for (guint32 i = 0; i < r->input->n_identifiers; i++)
    if (g_hash_table_contains(r->links, &r->input->identifiers[i].hash))
      g_hash_table_insert(r->links, &r->input->identifiers[i].hash, GUINT_TO_POINTER(i + 1));
}

static void resolve_by_replay(ResolveInput *input, ResolveOutput *output, const guint32 *bound) {
  Resolver r = {.input = input, .output = output};
  r.tuple_start = g_new(guint32, input->n_tuples + 1);
  r.tuple_members = g_new(guint32, input->tuple_start[input->n_tuples] + 1);
  r.sets = g_new(Set, input->n_identifiers);
  r.label = g_new(guint32, input->n_identifiers);
  r.stands = g_array_new(FALSE, FALSE, sizeof(Stand));
  r.veto_ends = g_array_new(FALSE, FALSE, sizeof(VetoEnd));
  r.moves = g_array_new(FALSE, FALSE, sizeof(Move));
  if (input->n_links)
    index_links(&r);
  if (bound)
    mark_many_partners(&r, bound);
  guint rounds = 0;
  do
    replay(&r);
  while (mark_several_owners(&r, ++rounds > SHARED_ROUNDS_MAX));
  g_autofree guint32 *name = name_sets(&r);
  tell_owners(&r, name);
  write_persons(&r, name);
  g_autofree Handover *handovers = write_handovers(&r, name);
  visit_assign(input, handovers, r.moves->len, output);
  g_array_free(r.stands, TRUE);
  g_array_free(r.veto_ends, TRUE);
  g_array_free(r.moves, TRUE);
  g_clear_pointer(&r.links, g_hash_table_unref);
  g_clear_pointer(&r.refused, g_hash_table_unref);
  g_free(r.first_stand);
  g_free(r.label);
  g_free(r.sets);
  g_free(r.tuple_members);
  g_free(r.tuple_start);
}

/* --- components where nothing can go wrong ------------------------------------------------------ */
/* At most one strong identifier a namespace, no vetoes, nothing shared or over a limit: then every event
 * joins what it shows, whatever the order. */
static gboolean is_plain(const ResolveInput *input) {
  if (input->n_links || input->n_aliases || input->n_identifiers > input->set_size_max)
    return FALSE;
  guint64 strong = 0;
  for (guint32 i = 0; i < input->n_identifiers; i++) {
    if (input->identifiers[i].shared)
      return FALSE;
    if (input->spaces->spaces[input->identifiers[i].space].strength != STRENGTH_STRONG)
      continue;
    guint64 bit = G_GUINT64_CONSTANT(1) << input->identifiers[i].space;
    if (strong & bit)
      return FALSE;
    strong |= bit;
  }
  return TRUE;
}

static gboolean is_connected(const ResolveInput *input) {
  enum { SMALL = 32 };
  Set small[SMALL];
  g_autofree Set *large = input->n_identifiers > SMALL ? g_new(Set, input->n_identifiers) : NULL;
  Set *sets = large ? large : small;
  for (guint32 i = 0; i < input->n_identifiers; i++)
    sets[i].parent = i;
  guint32 left = input->n_identifiers;
  for (guint32 t = 0; t < input->n_tuples; t++)
    for (guint32 k = input->tuple_start[t] + 1; k < input->tuple_start[t + 1]; k++) {
      guint32 a = find(sets, input->tuple_members[input->tuple_start[t]]), b = find(sets, input->tuple_members[k]);
      sets[b].parent = a;
      left -= a != b;
    }
  return left <= 1;
}

static void resolve_plain(ResolveInput *input, ResolveOutput *output) {
  Resolver r = {.input = input, .output = output};
  guint32 name = NONE, owner = NONE;
  for (guint32 i = 0; i < input->n_identifiers; i++) {
    if (is_strong(&r, i) && (owner == NONE || compare_owners(&r, i, owner) < 0))
      owner = i;
    if (name == NONE || compare_earliest(&r, i, name) < 0)
      name = i;
  }
  guint64 person = id_of(&r, owner != NONE ? owner : name);
  for (gsize e = 0; e < input->n_events; e++)
    output->event_person[e] = person;
  for (guint32 i = 0; i < input->n_identifiers; i++)
    output->identifier_person[i] = person;
  visit_assign(input, NULL, 0, output);
}

void resolve(ResolveInput *input, ResolveOutput *output) {
  output->conflicts = output->sets_full = 0;
  if (input->n_identifiers == 0)
    return;
  for (guint32 i = 0; i < input->n_identifiers; i++)
    if (input->spaces->spaces[input->identifiers[i].space].strength == STRENGTH_STRONG)
      input->identifiers[i].shared = FALSE;
  find_firsts(input);
  g_autofree guint32 *bound = partner_bounds(input);
  if (!bound && !output->reasons && is_plain(input) && is_connected(input))
    resolve_plain(input, output);
  else
    resolve_by_replay(input, output, bound);
}
