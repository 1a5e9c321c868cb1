// SPDX-License-Identifier: Apache-2.0
/* An attempt is a choice of the first event e1. Each later step as early as possible is best both for the
 * window and for the exclusion, so one greedy walk decides how far an attempt comes, and the earliest attempt
 * that comes farthest is the unit's:
 *
 *      events   a  b  a  c  b  c        steps a, b, c     window: 3 events
 *      e1 = 0   1--2-----x              c comes too late: depth 2
 *      e1 = 2         1-----2--3        depth 3: this attempt counts
 *
 * Persons are counted block by block, a step at a time (chain_step). V_k, the events that end a valid chain
 * of k steps, is a bitmap; an event of step k+1 continues the nearest V_k event before it, for that one has
 * the latest e1. So a look at two times an event decides, whoever the event belongs to.
 * Who wants more than counts (step times, persons, groups) needs the earliest attempt (earliest_attempt): the
 * first V_d event f of a person of depth d ends it, since no valid attempt is done before f; it begins with
 * the first e1 no more than the window before f (and not before the last exclusion before f), as a walk from
 * there is done by f.
 * Other units than persons, and steps in any order, are walked one by one (attempt_*). */
#include "analysis/funnel_kernel.h"
#include "base/clones.h"
#include <string.h>

#define CLONES CLONES_OF("arch=x86-64-v3") /* counting zeros and bits in one instruction */
enum { PREFETCH_WORDS = 8 };
#define INLINE static inline __attribute__((always_inline))

typedef struct { /* an event that matches steps, for FUNNEL_ANY */
  guint32 event, mask;
  gint64 time_ms;
  gboolean start; /* an attempt may begin here */
} Match;

struct FunnelScratch {
  guint64 *after, *reached[2]; /* bitmaps of a block's events */
  guint32 *start[2];           /* event that ends a chain -> its e1; of even and odd steps */
  guint words;
  GArray *matches; /* of Match */
  UnitSort sort;
  GArray *bits; /* of guint64: a unit's own bitmaps */
};

FunnelScratch *funnel_scratch_new(void) {
  FunnelScratch *scratch = g_new0(FunnelScratch, 1);
  scratch->matches = g_array_new(FALSE, FALSE, sizeof(Match));
  scratch->bits = g_array_new(FALSE, TRUE, sizeof(guint64));
  return scratch;
}

void funnel_scratch_free(FunnelScratch *scratch) {
  if (!scratch)
    return;
  g_free(scratch->after);
  g_free(scratch->reached[0]);
  g_free(scratch->reached[1]);
  g_free(scratch->start[0]);
  g_free(scratch->start[1]);
  g_array_unref(scratch->matches);
  unit_sort_clear(&scratch->sort);
  g_array_unref(scratch->bits);
  g_free(scratch);
}

static void scratch_room(FunnelScratch *scratch, guint words) {
  if (words <= scratch->words)
    return;
  scratch->words = words;
  scratch->after = g_renew(guint64, scratch->after, words);
  scratch->reached[0] = g_renew(guint64, scratch->reached[0], words);
  scratch->reached[1] = g_renew(guint64, scratch->reached[1], words);
  scratch->start[0] = g_renew(guint32, scratch->start[0], words * 64);
  scratch->start[1] = g_renew(guint32, scratch->start[1], words * 64);
}

/* --- a unit, as its own short bitmaps or as a part of the block's ---------------------------------- */

typedef struct {
  const Block *block;
  guint from, to; /* of the bitmaps below */
  const guint64 *steps[FUNNEL_STEPS_MAX], *in_range, *exclude, *sequence;
  const guint32 *events; /* position in the bitmaps -> event of the block; NULL: the same */
} Unit;

static guint32 unit_event(const Unit *unit, guint position) {
  return unit->events ? unit->events[position] : position;
}
static gint64 unit_time(const Unit *unit, guint position) {
  return block_time_ms(unit->block, unit_event(unit, position));
}

/* The last position that an attempt beginning at `first` may use: exclusions strictly between end it. */
static guint unit_limit(const Unit *unit, guint first) {
  return unit->exclude ? bits_next(unit->exclude, first + 1, unit->to) : unit->to;
}

static void attempt_take(FunnelAttempt *attempt, const Unit *unit, guint depth, const guint *at) {
  attempt->depth = depth;
  for (guint k = 0; k < depth; k++)
    attempt->at[k] = unit_event(unit, at[k]);
}

static guint next_start(const Unit *unit, guint from) {
  guint first = bits_next(unit->steps[0], from, unit->to);
  while (first < unit->to && unit->in_range && !bit_at(unit->in_range, first))
    first = bits_next(unit->steps[0], first + 1, unit->to);
  return first;
}

static void attempt_ordered(const FunnelRules *rules, const Unit *unit, FunnelAttempt *attempt) {
  guint at[FUNNEL_STEPS_MAX] = {0}, found[FUNNEL_STEPS_MAX] = {0}, most = rules->n_steps;
  attempt->depth = 0;
  for (guint first = next_start(unit, unit->from); first < unit->to && attempt->depth < most; first = next_start(unit, first + 1)) {
    guint limit = unit_limit(unit, first), depth = 1;
    gint64 begin_ms = unit_time(unit, first);
    at[0] = first;
    for (; depth < most; depth++) {
      if (found[depth] <= at[depth - 1])
        found[depth] = bits_next(unit->steps[depth], at[depth - 1] + 1, unit->to);
      if (found[depth] == unit->to) {
        most = depth;
        break;
      }
      if (found[depth] > limit || unit_time(unit, found[depth]) - begin_ms > rules->window_ms)
        break;
      at[depth] = found[depth];
    }
    if (depth > attempt->depth)
      attempt_take(attempt, unit, depth, at);
  }
}

static void attempt_strict(const FunnelRules *rules, const Unit *unit, FunnelAttempt *attempt) {
  guint at[FUNNEL_STEPS_MAX];
  attempt->depth = 0;
  guint first = next_start(unit, unit->from);
  for (; first < unit->to && attempt->depth < rules->n_steps; first = next_start(unit, first + 1)) {
    guint limit = unit_limit(unit, first), depth = 1;
    gint64 begin_ms = unit_time(unit, first);
    at[0] = first;
    for (; depth < rules->n_steps; depth++) {
      guint next = bits_next(unit->sequence, at[depth - 1] + 1, unit->to);
      if (next == unit->to || next > limit || !bit_at(unit->steps[depth], next) ||
          unit_time(unit, next) - begin_ms > rules->window_ms)
        break;
      at[depth] = next;
    }
    if (depth > attempt->depth)
      attempt_take(attempt, unit, depth, at);
  }
}

/* --- any order: matching events to steps ------------------------------------------------------------- */

/* Gives event `i` a step, moving earlier events to others of their steps where that helps (augmenting path). */
static gboolean assign(const Match *matches, gint *holder, guint i, guint32 *tried) {
  guint32 free_steps = matches[i].mask & ~*tried;
  while (free_steps) {
    guint step = (guint)__builtin_ctz(free_steps);
    *tried |= 1u << step;
    if (holder[step] < 0 || assign(matches, holder, (guint)holder[step], tried)) {
      holder[step] = (gint)i;
      return TRUE;
    }
    free_steps = matches[i].mask & ~*tried;
  }
  return FALSE;
}

/* Events one by one: each that can be matched besides those before it does a further step. */
static guint match_window(const FunnelRules *rules, const Match *matches, guint from, guint to, guint most, guint32 *at) {
  gint holder[FUNNEL_STEPS_MAX];
  memset(holder, 0xFF, sizeof holder);
  guint depth = 0;
  for (guint i = from; i < to && depth < most; i++) {
    guint32 tried = 0;
    if (assign(matches, holder, i, &tried))
      at[depth++] = matches[i].event;
  }
  return depth;
}

static Match match_of(const FunnelRules *rules, const Unit *unit, guint position) {
  Match match = {.event = position, .time_ms = unit_time(unit, position)};
  for (guint k = 0; k < rules->n_steps; k++)
    match.mask |= (guint32)bit_at(unit->steps[k], position) << k;
  match.start = !unit->in_range || bit_at(unit->in_range, position);
  return match;
}

/* From the first that an attempt may begin with; returns how many. */
static guint gather_matches(const FunnelRules *rules, const Unit *unit, Match *matches) {
  guint n = 0;
  for (guint w = unit->from / 64; w * 64 < unit->to; w++) {
    guint64 some = 0;
    for (guint k = 0; k < rules->n_steps; k++)
      some |= unit->steps[k][w];
    for (; some; some &= some - 1) {
      guint position = w * 64 + (guint)__builtin_ctzll(some);
      if (position < unit->from || position >= unit->to)
        continue;
      matches[n] = match_of(rules, unit, position);
      n += n > 0 || matches[n].start;
    }
  }
  return n;
}

/* The window of each attempt slides over the matches; the number of different steps in it bounds what the
 * attempt can reach and, unless an event matches several steps, is what it reaches. */
static void attempt_any(const FunnelRules *rules, const Unit *unit, GArray *scratch, FunnelAttempt *attempt) {
  g_array_set_size(scratch, unit->to - unit->from);
  const Match *matches = (const Match *)(const void *)scratch->data;
  guint n = gather_matches(rules, unit, (Match *)(void *)scratch->data), end = 0, distinct = 0, counts[FUNNEL_STEPS_MAX] = {0};
  gboolean bounded = rules->window_ms != G_MAXINT64 || unit->exclude; /* else the first attempt comes farthest */
  guint32 all = 0, at[FUNNEL_STEPS_MAX];
  for (guint i = 0; i < n; i++)
    all |= matches[i].mask;
  guint most = (guint)__builtin_popcount(all);
  attempt->depth = 0;
  for (guint i = 0; i < n && attempt->depth < most && (bounded || i == 0); i++) {
    guint limit = unit_limit(unit, matches[i].event);
    for (; end < n && (end <= i || (matches[end].event <= limit && matches[end].time_ms - matches[i].time_ms <= rules->window_ms));
         end++)
      for (guint32 mask = matches[end].mask; mask; mask &= mask - 1)
        distinct += counts[__builtin_ctz(mask)]++ == 0;
    if (matches[i].start && distinct > attempt->depth) {
      guint depth = match_window(rules, matches, i, end, distinct, at);
      if (depth > attempt->depth)
        attempt_take(attempt, unit, depth, at);
    }
    for (guint32 mask = matches[i].mask; mask; mask &= mask - 1)
      distinct -= --counts[__builtin_ctz(mask)] == 0;
  }
}

static void attempt_find(const FunnelRules *rules, const Unit *unit, FunnelScratch *scratch, FunnelAttempt *attempt) {
  switch (rules->mode) {
  case FUNNEL_ORDERED: attempt_ordered(rules, unit, attempt); break;
  case FUNNEL_STRICT: attempt_strict(rules, unit, attempt); break;
  case FUNNEL_ANY: attempt_any(rules, unit, scratch->matches, attempt); break;
  }
}

/* --- persons --------------------------------------------------------------------------------------------- */

INLINE void tally_times(const Block *block, const FunnelAttempt *attempt, FunnelTally *tally) {
  for (guint k = 1; tally->times && k < attempt->depth; k++)
    durations_add(&tally->times[k], block_time_ms(block, attempt->at[k]) - block_time_ms(block, attempt->at[k - 1]));
}

/* depth >= 1 */
static void tally_unit(const Block *block, guint32 person, const FunnelAttempt *attempt, FunnelTally *tally) {
  for (guint k = 0; k < attempt->depth; k++)
    tally->reached[k]++;
  tally_times(block, attempt, tally);
  if (tally->each)
    tally->each(tally->user, person, attempt);
}

static void whole_person(const FunnelRules *rules, const FunnelEvents *events, guint32 person, FunnelScratch *scratch,
                         FunnelTally *tally) {
  Unit unit = {.block = events->block,
               .from = events->block->person_start[person],
               .to = events->block->person_start[person + 1],
               .in_range = events->in_range,
               .exclude = events->exclude,
               .sequence = events->sequence};
  memcpy(unit.steps, events->steps, sizeof unit.steps);
  FunnelAttempt attempt;
  attempt_find(rules, &unit, scratch, &attempt);
  if (attempt.depth > 0)
    tally_unit(events->block, person, &attempt, tally);
}

/* The last set bit of word `w`, or `last`, that of the words before. */
INLINE guint32 last_bit(guint64 word, guint w, guint32 last) {
  return word ? w * 64 + 63 - (guint32)__builtin_clzll(word) : last;
}
INLINE guint64 bits_below(guint bit) {
  return (G_GUINT64_CONSTANT(1) << bit) - 1;
}

typedef struct { /* from V_k to V_(k+1) */
  const FunnelRules *rules;
  const FunnelEvents *events;
  const guint64 *chain, *after; /* V_k and bits_after of it: the nearest V_k event before is of the same person */
  guint64 *step;                /* in: events of step k+1; out: V_(k+1) */
  const guint32 *chain_start;   /* of V_k; NULL for V_1, whose events begin themselves */
  guint32 *start;               /* of V_(k+1) */
  guint words;
} Chain;

/* The times of a step lie too irregularly for the processor to foresee. */
INLINE void prefetch_times(const guint32 *time_s, guint w) {
  for (guint line = 0; line < 4; line++)
    __builtin_prefetch(time_s + (w + PREFETCH_WORDS) * 64 + line * 16);
}

/* What the usual funnel asks: nothing but a window; `fine`: times have milliseconds. */
INLINE void chain_window(const Chain *c, gboolean fine) {
  const Block *block = c->events->block;
  gint64 window = fine ? c->rules->window_ms : c->rules->window_ms / 1000;
  guint32 last = 0;
  for (guint w = 0; w < c->words; w++) {
    guint64 ends = c->chain[w], kept = 0;
    prefetch_times(block->time_s, w);
    for (guint64 hits = c->step[w] & c->after[w]; hits; hits &= hits - 1) {
      guint bit = (guint)__builtin_ctzll(hits);
      guint32 event = w * 64 + bit, before = last_bit(ends & bits_below(bit), w, last);
      guint32 first = c->chain_start ? c->chain_start[before] : before;
      gint64 took = (gint64)block->time_s[event] - block->time_s[first];
      if (fine)
        took = took * 1000 + block->time_ms[event] - block->time_ms[first];
      c->start[event] = first;
      kept |= (guint64)(took <= window) << bit;
    }
    c->step[w] = kept;
    last = last_bit(ends, w, last);
  }
}

CLONES static void chain_seconds(const Chain *c) {
  chain_window(c, FALSE);
}
CLONES static void chain_milliseconds(const Chain *c) {
  chain_window(c, TRUE);
}

CLONES static void chain_checked(const Chain *c) {
  const Block *block = c->events->block;
  const guint64 *sequence = c->rules->mode == FUNNEL_STRICT ? c->events->sequence : NULL, *exclude = c->events->exclude;
  guint32 last = 0, last_excluded = 0, last_sequence = 0;
  for (guint w = 0; w < c->words; w++) {
    guint64 ends = c->chain[w], excluded = exclude ? exclude[w] : 0, all = sequence ? sequence[w] : 0, kept = 0;
    for (guint64 hits = c->step[w] & c->after[w]; hits; hits &= hits - 1) {
      guint bit = (guint)__builtin_ctzll(hits);
      guint32 event = w * 64 + bit, before = last_bit(ends & bits_below(bit), w, last);
      guint32 first = c->chain_start ? c->chain_start[before] : before;
      gboolean valid = block_time_ms(block, event) - block_time_ms(block, first) <= c->rules->window_ms;
      valid &= last_bit(excluded & bits_below(bit), w, last_excluded) <= first;
      valid &= !sequence || last_bit(all & bits_below(bit), w, last_sequence) == before;
      c->start[event] = first;
      kept |= (guint64)valid << bit;
    }
    c->step[w] = kept;
    last = last_bit(ends, w, last);
    last_excluded = last_bit(excluded, w, last_excluded);
    last_sequence = last_bit(all, w, last_sequence);
  }
}

static void chain_step(const FunnelRules *rules, FunnelEvents *events, guint k, FunnelScratch *scratch, guint words) {
  Chain chain = {rules,
                 events,
                 events->steps[k - 1],
                 scratch->after,
                 events->steps[k],
                 k > 1 ? scratch->start[(k - 1) % 2] : NULL,
                 scratch->start[k % 2],
                 words};
  if (rules->mode == FUNNEL_STRICT || events->exclude)
    chain_checked(&chain);
  else if (events->block->time_ms)
    chain_milliseconds(&chain);
  else
    chain_seconds(&chain);
}

INLINE guint32 next_bit(const guint64 *bits, guint32 from) { /* there is one */
  guint w = from / 64;
  guint64 word = bits[w] & G_MAXUINT64 << (from % 64);
  while (!word)
    word = bits[++w];
  return w * 64 + (guint32)__builtin_ctzll(word);
}

/* The last set bit in [from, to), or `from`. */
INLINE guint32 last_before(const guint64 *bits, guint32 from, guint32 to) {
  while (to > from && !bit_at(bits, to - 1))
    to--;
  return to > from ? to - 1 : from;
}

/* Of a person of this depth whose events begin at `from`; steps[k] holds V_(k+1). */
INLINE void earliest_attempt(const FunnelRules *rules, const FunnelEvents *events, const guint32 *start, guint32 from, guint depth,
                             FunnelAttempt *attempt) {
  const Block *block = events->block;
  guint32 first = next_bit(events->steps[0], from), done = next_bit(events->steps[depth - 1], from);
  if (rules->mode == FUNNEL_STRICT && depth > 1)
    first = start[done];
  else {
    gint64 earliest_ms = rules->window_ms == G_MAXINT64 ? G_MININT64 : block_time_ms(block, done) - rules->window_ms;
    guint32 least = events->exclude ? last_before(events->exclude, from, done) : from;
    while (first < least || block_time_ms(block, first) < earliest_ms)
      first = next_bit(events->steps[0], first + 1);
  }
  attempt->depth = depth;
  attempt->at[0] = first;
  for (guint k = 1; k < depth; k++)
    attempt->at[k] = next_bit(events->steps[k], attempt->at[k - 1] + 1);
}

/* Hands on the attempts of all persons who came just `depth` steps far. */
CLONES static void tally_depth(const FunnelRules *rules, const FunnelEvents *events, const FunnelScratch *scratch, guint words,
                               guint depth, FunnelTally *tally) {
  const Block *block = events->block;
  const guint64 *reached = scratch->reached[(depth - 1) % 2], *further = scratch->reached[depth % 2];
  FunnelAttempt attempt;
  guint32 base = 0;
  for (guint w = 0; w < words; w++) {
    guint64 ends = block->ends[w];
    prefetch_times(block->time_s, w);
    for (guint64 hits = depth < rules->n_steps ? reached[w] & ~further[w] : reached[w]; hits; hits &= hits - 1) {
      guint bit = (guint)__builtin_ctzll(hits);
      guint32 person = base + (guint32)__builtin_popcountll(ends & bits_below(bit));
      earliest_attempt(rules, events, scratch->start[(depth - 1) % 2], block->person_start[person], depth, &attempt);
      tally_times(block, &attempt, tally);
      if (tally->each)
        tally->each(tally->user, person, &attempt);
    }
    base += (guint32)__builtin_popcountll(ends);
  }
}

/* The last event of each person who has one in x. */
CLONES static guint64 persons_with(const guint64 *x, const guint64 *after, const guint64 *ends, guint64 *persons, guint words) {
  guint64 n = 0;
  for (guint i = 0; i < words; i++) {
    persons[i] = (x[i] | after[i]) & ends[i];
    n += (guint64)__builtin_popcountll(persons[i]);
  }
  return n;
}

static void count_chained(const FunnelRules *rules, FunnelEvents *events, FunnelScratch *scratch, FunnelTally *tally) {
  const Block *block = events->block;
  guint words = bits_words(block->n_events);
  gboolean free_steps = rules->mode == FUNNEL_ORDERED && rules->window_ms == G_MAXINT64 && !events->exclude;
  if (events->in_range)
    bits_and(events->steps[0], events->in_range, words);
  guint64 persons = 0;
  for (guint k = 0; k < rules->n_steps; k++) {
    if (k > 0 && free_steps)
      bits_and(events->steps[k], scratch->after, words);
    else if (k > 0)
      chain_step(rules, events, k, scratch, words);
    bits_after(events->steps[k], block->ends, scratch->after, words);
    guint64 before = persons;
    persons = persons_with(events->steps[k], scratch->after, block->ends, scratch->reached[k % 2], words);
    tally->reached[k] += persons;
    if (before > persons && (tally->each || (tally->times && k > 1)))
      tally_depth(rules, events, scratch, words, k, tally);
    if (persons == 0)
      return;
  }
  if (tally->each || (tally->times && rules->n_steps > 1))
    tally_depth(rules, events, scratch, words, rules->n_steps, tally);
}

/* Persons with a match after one in range are walked; of the others only the first match counts. */
static void count_any(const FunnelRules *rules, FunnelEvents *events, FunnelScratch *scratch, FunnelTally *tally) {
  const Block *block = events->block;
  guint words = bits_words(block->n_events);
  guint64 *starts = scratch->reached[0], *some = scratch->reached[1], *after = scratch->after;
  memcpy(some, events->steps[0], words * sizeof(guint64));
  for (guint k = 1; k < rules->n_steps; k++)
    bits_or(some, events->steps[k], words);
  memcpy(starts, some, words * sizeof(guint64));
  if (events->in_range)
    bits_and(starts, events->in_range, words);
  bits_after(starts, block->ends, after, words);
  guint64 begun = tally->reached[0] + bits_count_persons(starts, after, block->ends, words);
  bits_and(some, after, words);
  for (guint32 person = 0; person < block->n_persons; person++) {
    guint from = block->person_start[person], to = block->person_start[person + 1];
    if (bits_next(tally->each ? starts : some, from, to) < to)
      whole_person(rules, events, person, scratch, tally);
  }
  tally->reached[0] = begun;
}

void funnel_count_persons(const FunnelRules *rules, FunnelEvents *events, FunnelScratch *scratch, FunnelTally *tally) {
  scratch_room(scratch, bits_words(events->block->n_events) + 1);
  if (rules->mode == FUNNEL_ANY)
    count_any(rules, events, scratch, tally);
  else
    count_chained(rules, events, scratch, tally);
}

/* --- other units ------------------------------------------------------------------------------------------- */

static const guint64 *compress(const guint64 *bits, const guint32 *events, guint n, guint64 **room) {
  if (!bits)
    return NULL;
  guint64 *own = *room;
  *room += bits_words(n) + 1;
  for (guint i = 0; i < n; i++)
    if (bit_at(bits, events[i]))
      bit_set(own, i);
  return own;
}

static void count_unit(const FunnelRules *rules, const FunnelEvents *events, guint32 person, const guint32 *own, guint n,
                       FunnelScratch *scratch, FunnelTally *tally) {
  g_array_set_size(scratch->bits, 0);
  g_array_set_size(scratch->bits, (rules->n_steps + 3) * (bits_words(n) + 1));
  guint64 *room = (guint64 *)(void *)scratch->bits->data;
  Unit unit = {.block = events->block, .to = n, .events = own};
  for (guint k = 0; k < rules->n_steps; k++)
    unit.steps[k] = compress(events->steps[k], own, n, &room);
  unit.in_range = compress(events->in_range, own, n, &room);
  unit.exclude = compress(events->exclude, own, n, &room);
  unit.sequence = compress(events->sequence, own, n, &room);
  FunnelAttempt attempt;
  attempt_find(rules, &unit, scratch, &attempt);
  if (attempt.depth > 0)
    tally_unit(events->block, person, &attempt, tally);
}

void funnel_count_units(const FunnelRules *rules, FunnelEvents *events, const UnitBlock *units, FunnelScratch *scratch,
                        FunnelTally *tally) {
  UnitSort *sort = &scratch->sort;
  for (guint32 person = 0; person < events->block->n_persons; person++) {
    unit_sort(sort, events->block, units, person);
    for (guint u = 0; u < sort->n_units; u++)
      if (sort->start[u] < sort->start[u + 1])
        count_unit(rules, events, person, sort->events + sort->start[u], sort->start[u + 1] - sort->start[u], scratch, tally);
  }
}
