/* SPDX-License-Identifier: Apache-2.0
 * A filter is the condition's tree with everything looked up. A leaf about events turns a dictionary into
 * verdicts, one byte an entry: once for shared dictionaries, per block for the others; match_codes spreads
 * them over the block. Instants and amounts compare as numbers instead. The tree joins bitmaps.
 *
 * A leaf about persons takes the bitmap of its inner condition, leaves out what the question does not see
 * (after `now`, excluded, before `within`), and counts or picks within each person's range of events:
 *
 *   events    a a a a | b b | c c c      count(x) >= 2:  a has 3 bits, b 1, c 2  ->  a and c
 *   x and seen 1 1 0 1 | 0 1 | 1 1 0      last(x).f = 1:  looks at the last set bit of each range */
#include "analysis/filter.h"
#include "analysis/bits.h"
#include "analysis/field.h"
#include "analysis/match.h"
#include "analysis/standing.h"
#include "base/decimal.h"
#include "base/error.h"
#include "base/regex.h"
#include "journey/value_path.h"

typedef struct { /* a value as written, and as millionths where that is exact: most numbers compare that way */
  Text text;
  gboolean number;
  gint64 micro;
} Literal;

typedef struct Node Node;
struct Node {
  ConditionKind kind;
  ConditionOp op;
  GPtrArray *children; /* of Node*; COUNT: the inner condition; PICK: that and what the picked event must satisfy */
  Field *field;        /* COMPARE, EXISTS; COUNT: by */
  Standing *standing;  /* COMPARE, EXISTS of stage, relationship, persona, consent.X; then `verdicts` are of its codes */
  GArray *literals;    /* COMPARE: of Literal */
  GArray *numbers;     /* COMPARE of time and value, COUNT: of gint64 */
  Regex *regex;        /* OP_MATCH */
  guint8 *verdicts;    /* of a shared dictionary */
  gint64 within_ms;    /* COUNT */
  gboolean last;       /* PICK */
};

struct Filter {
  Node *root;
  gboolean person_level;
  GError *wrong_level; /* what to say where the other level is needed */
  gint64 now_ms, to_ms;
};

typedef struct { /* a block being judged, for its events or for its persons */
  const Filter *filter;
  guint block;
  const Block *data;
  guint n; /* bits of this level */
} Context;

/* --- making ---------------------------------------------------------------------------------- */

static void node_free(Node *node) {
  if (!node)
    return;
  g_ptr_array_unref(node->children);
  field_free(node->field);
  standing_free(node->standing);
  for (guint i = 0; i < node->literals->len; i++)
    g_free((char *)g_array_index(node->literals, Literal, i).text.at);
  g_array_unref(node->literals);
  g_array_unref(node->numbers);
  regex_free(node->regex);
  g_free(node->verdicts);
  g_free(node);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Node, node_free)

static Node *node_new(ConditionKind kind, ConditionOp op) {
  Node *node = g_new0(Node, 1);
  node->kind = kind;
  node->op = op;
  node->children = g_ptr_array_new_with_free_func((GDestroyNotify)node_free);
  node->literals = g_array_new(FALSE, FALSE, sizeof(Literal));
  node->numbers = g_array_new(FALSE, FALSE, sizeof(gint64));
  return node;
}

static Field *find_field(const Question *question, const char *name, guint column, GError **error) {
  Field *field = field_new(question, name, error);
  if (!field)
    g_prefix_error(error, "column %u: ", column);
  return field;
}

static gboolean read_number(Node *node, const Question *question, const char *text, guint column, GError **error) {
  gint64 number;
  const char *why;
  if (field_kind(node->field) == FIELD_TIME) {
    if (!clock_parse(text_of(text), question->zone, &number, &why))
      return error_set(error, ERROR_INVALID, "column %u: expected a time, found \"%s\": %s", column, text, why);
  } else {
    char currency[MONEY_CURRENCY_SIZE];
    if (!money_parse(text_of(text), DECIMAL_POINT, &number, currency, &why) || *currency)
      return error_set(error, ERROR_INVALID, "column %u: expected an amount such as 99.50, found \"%s\"", column, text);
  }
  g_array_append_val(node->numbers, number);
  return TRUE;
}

static gboolean read_numbers(Node *node, const Question *question, const Condition *condition, GError **error) {
  if (condition->op > OP_IN)
    return error_set(error, ERROR_INVALID, "column %u: \"%s\" is compared with = != < <= > >= or in, not with \"%s\"",
                     condition->field_column, condition->field, condition_op_text(condition->op));
  for (guint i = 0; i < condition->values->len; i++)
    if (!read_number(node, question, g_ptr_array_index(condition->values, i), condition->value_column, error))
      return FALSE;
  return TRUE;
}

static gboolean judge(const Node *node, ColumnEntry entry, ValueReader **reader);

static void judge_shared(Node *node) {
  guint32 n = field_shared_count(node->field);
  node->verdicts = g_malloc(n);
  for (guint32 entry = 0; entry < n; entry++)
    node->verdicts[entry] = (guint8)judge(node, field_shared_entry(node->field, entry), NULL);
}

/* A canonical decimal of at most 12 digits before the point and 6 behind it. */
static gboolean small_decimal(Text text, gint64 *micro) {
  const char *at = text.at, *end = text.at + text.size;
  gboolean negative = at < end && *at == '-';
  const char *first = at += negative;
  gint64 whole = 0;
  while (at < end && g_ascii_isdigit(*at) && at - first < 12)
    whole = whole * 10 + (*at++ - '0');
  if (at == first || (at - first > 1 && *first == '0'))
    return FALSE;
  gint64 scale = 1000000;
  if (at < end && *at == '.' && at + 1 < end)
    for (at++; at < end && g_ascii_isdigit(*at) && scale > 1; at++)
      whole = whole * 10 + (*at - '0'), scale /= 10;
  *micro = (negative ? -whole : whole) * scale;
  return at == end;
}

static gboolean read_texts(Node *node, const Condition *condition, GError **error) {
  for (guint i = 0; i < condition->values->len; i++) {
    Literal literal = {.text = text_of(g_strdup(g_ptr_array_index(condition->values, i)))};
    literal.number = small_decimal(literal.text, &literal.micro);
    g_array_append_val(node->literals, literal);
  }
  if (node->kind == CONDITION_COMPARE && node->op == OP_MATCH) {
    node->regex = regex_new(g_array_index(node->literals, Literal, 0).text.at, error);
    if (!node->regex) {
      g_prefix_error(error, "column %u: ", condition->value_column);
      return FALSE;
    }
  }
  return TRUE;
}

/* COMPARE, EXISTS, and what PICK asks of the picked event. */
static Node *leaf_new(const Question *question, const Condition *condition, ConditionKind kind, GError **error) {
  g_autoptr(Node) node = node_new(kind, condition->op);
  node->field = find_field(question, condition->field, condition->field_column, error);
  if (!node->field)
    return NULL;
  gboolean numbers = kind == CONDITION_COMPARE && (field_kind(node->field) == FIELD_TIME || field_kind(node->field) == FIELD_VALUE);
  if (!(numbers ? read_numbers(node, question, condition, error) : read_texts(node, condition, error)))
    return NULL;
  if (field_is_shared(node->field))
    judge_shared(node);
  return g_steal_pointer(&node);
}

/* A stage that is none is a slip, not a condition that nobody meets. */
static gboolean names_stand(const Node *node, const Condition *condition, GError **error) {
  gboolean names = condition->op == OP_EQ || condition->op == OP_NE || condition->op == OP_IN;
  for (guint i = 0; names && i < node->literals->len; i++) {
    const char *name = g_array_index(node->literals, Literal, i).text.at;
    guint code = standing_count(node->standing);
    while (code > 0 && strcmp(standing_name(node->standing, code), name))
      code--;
    if (code == 0 && g_str_has_prefix(condition->field, "consent."))
      return error_set(error, ERROR_INVALID, "column %u: `%s` is true or false, found \"%s\"", condition->value_column,
                       condition->field, name);
    if (code == 0)
      return error_set(error, ERROR_INVALID, "column %u: there is no %s \"%s\"\nhint: `etappe project show` lists them",
                       condition->value_column, condition->field, name);
  }
  return TRUE;
}

static Node *standing_leaf(const Question *question, const Condition *condition, GError **error) {
  g_autoptr(Node) node = node_new(condition->kind, condition->op);
  node->standing = standing_new(question, condition->field, error);
  if (!node->standing) {
    g_prefix_error(error, "column %u: ", condition->field_column);
    return NULL;
  }
  if (!read_texts(node, condition, error) || !names_stand(node, condition, error))
    return NULL;
  node->verdicts = g_malloc0(standing_count(node->standing) + 1);
  for (guint code = 1; code <= standing_count(node->standing); code++)
    node->verdicts[code] = (guint8)judge(node, (ColumnEntry){VALUE_TEXT, text_of(standing_name(node->standing, code))}, NULL);
  return g_steal_pointer(&node);
}

static Node *comparison_new(const Question *question, const Condition *condition, GError **error) {
  if (!condition_field_is_person_level(condition->field))
    return leaf_new(question, condition, condition->kind, error);
  return standing_leaf(question, condition, error);
}

static Node *compile(const Question *question, const Condition *condition, GError **error) {
  if (condition->kind == CONDITION_COMPARE || condition->kind == CONDITION_EXISTS)
    return comparison_new(question, condition, error);
  g_autoptr(Node) node = node_new(condition->kind, condition->op);
  for (guint i = 0; i < condition->children->len; i++) {
    Node *child = compile(question, g_ptr_array_index(condition->children, i), error);
    if (!child)
      return NULL;
    g_ptr_array_add(node->children, child);
  }
  if (condition->kind == CONDITION_PICK) {
    Node *wanted = leaf_new(question, condition, CONDITION_COMPARE, error);
    if (!wanted)
      return NULL;
    g_ptr_array_add(node->children, wanted);
    node->last = condition->last;
  }
  if (condition->kind == CONDITION_COUNT) {
    gint64 number = g_ascii_strtoll(g_ptr_array_index(condition->values, 0), NULL, 10);
    g_array_append_val(node->numbers, number);
    node->within_ms = condition->within_ms;
    if (condition->by && !(node->field = find_field(question, condition->by, condition->field_column, error)))
      return NULL;
  }
  return g_steal_pointer(&node);
}

Filter *filter_new(const Question *question, const Condition *condition, GError **error) {
  g_autoptr(Filter) filter = g_new0(Filter, 1);
  filter->person_level = condition_is_person_level(condition);
  filter->now_ms = question->now_ms;
  filter->to_ms = question->to_ms;
  if (filter->person_level && !condition_require_persons(condition, error))
    return NULL;
  if (filter->person_level)
    condition_require_events(condition, &filter->wrong_level);
  else
    condition_require_persons(condition, &filter->wrong_level);
  filter->root = compile(question, condition, error);
  return filter->root ? g_steal_pointer(&filter) : NULL;
}

void filter_free(Filter *filter) {
  if (!filter)
    return;
  node_free(filter->root);
  g_clear_error(&filter->wrong_level);
  g_free(filter);
}

/* --- verdicts on values ---------------------------------------------------------------------- */

static gboolean contains(Text text, Text part) {
  return part.size == 0 || (text.size >= part.size && memmem(text.at, text.size, part.at, part.size));
}

static gboolean holds(ConditionOp op, gint64 a, gint64 b) {
  switch (op) {
  case OP_EQ: return a == b;
  case OP_NE: return a != b;
  case OP_LT: return a < b;
  case OP_LE: return a <= b;
  case OP_GT: return a > b;
  case OP_GE: return a >= b;
  default: return FALSE;
  }
}

static gboolean judge_scalar(const Node *node, Text scalar) {
  const Literal *literals = &g_array_index(node->literals, Literal, 0);
  if (node->op == OP_MATCH)
    return regex_match(node->regex, scalar);
  if (node->op == OP_CONTAINS)
    return contains(scalar, literals[0].text);
  ConditionOp op = node->op == OP_IN ? OP_EQ : node->op;
  gint64 micro;
  gboolean number = small_decimal(scalar, &micro);
  for (guint i = 0; i < node->literals->len; i++)
    if (number && literals[i].number ? holds(op, micro, literals[i].micro) : condition_compare(op, scalar, literals[i].text))
      return TRUE;
  return FALSE;
}

static gboolean judge_element(Text scalar, gpointer node) {
  return !judge_scalar(node, scalar);
}

/* Of an array, any scalar may match. The reader is made when the first array is met; names have none. */
static gboolean judge(const Node *node, ColumnEntry entry, ValueReader **reader) {
  if (entry.kind == VALUE_NONE)
    return FALSE;
  if (node->kind == CONDITION_EXISTS)
    return TRUE;
  if (entry.kind != VALUE_JSON)
    return judge_scalar(node, entry.text);
  if (!*reader)
    *reader = value_reader_new();
  return !value_each_scalar(*reader, entry.text, judge_element, (gpointer)node);
}

static gboolean judge_number(const Node *node, gint64 number) {
  ConditionOp op = node->op == OP_IN ? OP_EQ : node->op;
  for (guint i = 0; i < node->numbers->len; i++)
    if (holds(op, number, g_array_index(node->numbers, gint64, i)))
      return TRUE;
  return FALSE;
}

/* --- bitmaps --------------------------------------------------------------------------------- */

static guint64 *bits_new(guint n, GError **error) {
  guint64 *bits = g_try_malloc0_n(MAX(bits_words(n), 1), sizeof *bits);
  if (!bits)
    error_set(error, ERROR_LIMIT, "not enough memory for a bitmap of %u bits", n);
  return bits;
}

static void bits_invert(guint64 *bits, guint n) {
  for (guint i = 0; i < bits_words(n); i++)
    bits[i] = ~bits[i];
  bits_clear_range(bits, n, bits_words(n) * 64);
}

static void bits_copy(guint64 *bits, const guint64 *from, guint n) {
  if (from)
    memcpy(bits, from, bits_words(n) * sizeof *bits);
  else
    memset(bits, 0, bits_words(n) * sizeof *bits);
}

static gboolean bits_any(const guint64 *bits, guint n) {
  guint64 any = 0;
  for (guint i = 0; i < bits_words(n); i++)
    any |= bits[i];
  return any != 0;
}

/* --- events ---------------------------------------------------------------------------------- */

static void time_bits(const Node *node, const Context *context, guint64 *bits) {
  gint64 first = g_array_index(node->numbers, gint64, 0);
  switch (node->op) {
  case OP_LT: bits_between(context->data, G_MININT64, first, bits); break;
  case OP_LE: bits_between(context->data, G_MININT64, first + 1, bits); break;
  case OP_GT: bits_between(context->data, first + 1, G_MAXINT64, bits); break;
  case OP_GE: bits_between(context->data, first, G_MAXINT64, bits); break;
  case OP_EQ: bits_between(context->data, first, first + 1, bits); break;
  default:
    memset(bits, 0, bits_words(context->n) * sizeof *bits);
    for (guint i = 0; i < context->n; i++)
      if (judge_number(node, block_time_ms(context->data, i)))
        bit_set(bits, i);
  }
}

static void value_bits(const Node *node, const Context *context, guint64 *bits) {
  const guint64 *has_value = context->data->has_value;
  memset(bits, 0, bits_words(context->n) * sizeof *bits);
  if (!has_value)
    return;
  for (guint i = bits_next(has_value, 0, context->n); i < context->n; i = bits_next(has_value, i + 1, context->n)) {
    gint64 micro;
    if (block_value(context->data, i, &micro) && judge_number(node, micro))
      bit_set(bits, i);
  }
}

static gboolean dictionary_bits(const Node *node, const Context *context, guint64 *bits, GError **error) {
  g_auto(FieldBlock) field = {0};
  if (!field_block(node->field, context->block, context->data, &field, error))
    return FALSE;
  if (node->verdicts) {
    match_codes(&field.codes, context->n, node->verdicts, field.n_entries, bits);
    return TRUE;
  }
  g_autofree guint8 *verdicts = g_try_malloc(MAX(field.n_entries, 1));
  if (!verdicts)
    return error_set(error, ERROR_LIMIT, "not enough memory to judge %u values", field.n_entries);
  g_autoptr(ValueReader) reader = NULL;
  for (guint32 entry = 0; entry < field.n_entries; entry++)
    verdicts[entry] = (guint8)judge(node, field_entry(node->field, &field, entry), &reader);
  match_codes(&field.codes, context->n, verdicts, field.n_entries, bits);
  return TRUE;
}

static gboolean leaf_bits(const Node *node, const Context *context, guint64 *bits, GError **error) {
  FieldKind kind = field_kind(node->field);
  gboolean exists = node->kind == CONDITION_EXISTS;
  if (kind == FIELD_TIME)
    exists ? bits_fill(bits, context->n) : time_bits(node, context, bits);
  else if (kind == FIELD_VALUE)
    exists ? bits_copy(bits, context->data->has_value, context->n) : value_bits(node, context, bits);
  else
    return dictionary_bits(node, context, bits, error);
  return TRUE;
}

/* --- persons --------------------------------------------------------------------------------- */

static gboolean node_bits(const Node *node, const Context *context, guint64 *bits, GError **error);

/* The events that a person-level leaf looks at: its inner condition's, as far as the question sees them. */
static guint64 *seen_bits(const Node *node, const Context *context, GError **error) {
  const Filter *filter = context->filter;
  Context events = *context;
  events.n = context->data->n_events;
  g_autofree guint64 *bits = bits_new(events.n, error), *seen = bits_new(events.n, error);
  if (!bits || !seen || !node_bits(g_ptr_array_index(node->children, 0), &events, bits, error))
    return NULL;
  gint64 from = G_MININT64, until = filter->now_ms < G_MAXINT64 ? filter->now_ms + 1 : G_MAXINT64;
  if (node->within_ms) {
    gint64 end = MIN(filter->to_ms, filter->now_ms);
    from = end > G_MININT64 + node->within_ms ? end - node->within_ms : G_MININT64;
    until = MIN(until, filter->to_ms);
  }
  bits_between(context->data, from, until, seen);
  bits_and(bits, seen, bits_words(events.n));
  if (context->data->excluded)
    bits_and_not(bits, context->data->excluded, bits_words(events.n));
  return g_steal_pointer(&bits);
}

static guint count_range(const guint64 *bits, guint from, guint to) {
  guint n = 0;
  for (guint i = from / 64; from < to && i <= (to - 1) / 64; i++) {
    guint64 word = bits[i];
    if (i == from / 64)
      word &= G_MAXUINT64 << (from % 64);
    if (i == (to - 1) / 64 && to % 64)
      word &= (G_GUINT64_CONSTANT(1) << (to % 64)) - 1;
    n += (guint)__builtin_popcountll(word);
  }
  return n;
}

/* Entries as sets of texts: the same text under two kinds is one value, an array is its elements. Where all entries
 * are of one plain kind each stands for itself, and only `stamp` is made. */
typedef struct {
  GHashTable *numbers; /* of char* text to number */
  GArray *all;         /* of guint32: the numbers of every entry, one after the other */
  guint32 *start;      /* n_entries + 1 offsets into all */
  guint32 *stamp;      /* per number: the last person it was counted for, plus 1 */
} Distinct;

static gboolean distinct_add(Text scalar, gpointer data) {
  Distinct *distinct = data;
  char *text = text_dup(scalar);
  gpointer number = g_hash_table_lookup(distinct->numbers, text);
  if (number)
    g_free(text);
  else
    g_hash_table_insert(distinct->numbers, text, number = GUINT_TO_POINTER(g_hash_table_size(distinct->numbers) + 1));
  guint32 index = GPOINTER_TO_UINT(number) - 1;
  g_array_append_val(distinct->all, index);
  return TRUE;
}

static void distinct_clear(Distinct *distinct) {
  g_clear_pointer(&distinct->numbers, g_hash_table_destroy);
  g_clear_pointer(&distinct->all, g_array_unref);
  g_clear_pointer(&distinct->start, g_free);
  g_clear_pointer(&distinct->stamp, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Distinct, distinct_clear)

static gboolean one_plain_kind(const Field *field, const FieldBlock *block) {
  for (guint32 entry = 1; entry < block->n_entries; entry++) {
    ValueKind kind = field_entry(field, block, entry).kind;
    if (kind == VALUE_JSON || (kind != VALUE_NONE && kind != field_entry(field, block, 1).kind))
      return FALSE;
  }
  return field_kind(field) != FIELD_KIND; /* several sources share one kind */
}

static void distinct_init(Distinct *distinct, const Field *field, const FieldBlock *block) {
  distinct->stamp = g_new0(guint32, (gsize)block->n_entries + 1);
  if (one_plain_kind(field, block))
    return;
  g_autoptr(ValueReader) reader = value_reader_new();
  distinct->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  distinct->all = g_array_new(FALSE, FALSE, sizeof(guint32));
  distinct->start = g_new0(guint32, (gsize)block->n_entries + 1);
  for (guint32 entry = 0; entry < block->n_entries; entry++) {
    ColumnEntry value = field_entry(field, block, entry);
    distinct->start[entry] = distinct->all->len;
    if (value.kind == VALUE_JSON)
      value_each_scalar(reader, value.text, distinct_add, distinct);
    else if (value.kind != VALUE_NONE)
      distinct_add(value.text, distinct);
  }
  distinct->start[block->n_entries] = distinct->all->len;
  g_free(distinct->stamp);
  distinct->stamp = g_new0(guint32, (gsize)g_hash_table_size(distinct->numbers) + 1);
}

static guint stamp_new(guint32 *stamp, guint32 value) {
  guint is_new = *stamp != value;
  *stamp = value;
  return is_new;
}

static guint distinct_range(Distinct *distinct, const Field *field, const FieldBlock *block, const guint64 *bits, guint from,
                            guint to, guint32 stamp) {
  guint n = 0;
  for (guint i = bits_next(bits, from, to); i < to; i = bits_next(bits, i + 1, to)) {
    guint32 entry = codes_at(&block->codes, i);
    if (entry >= block->n_entries)
      continue;
    if (!distinct->start) {
      n += field_entry(field, block, entry).kind == VALUE_NONE ? 0 : stamp_new(&distinct->stamp[entry], stamp);
      continue;
    }
    for (guint32 k = distinct->start[entry]; k < distinct->start[entry + 1]; k++)
      n += stamp_new(&distinct->stamp[g_array_index(distinct->all, guint32, k)], stamp);
  }
  return n;
}

static gboolean count_bits(const Node *node, const Context *context, guint64 *bits, GError **error) {
  const Block *data = context->data;
  g_autofree guint64 *seen = seen_bits(node, context, error);
  g_auto(FieldBlock) field = {0};
  g_auto(Distinct) distinct = {0};
  if (!seen || (node->field && !field_block(node->field, context->block, data, &field, error)))
    return FALSE;
  if (node->field)
    distinct_init(&distinct, node->field, &field);
  memset(bits, 0, bits_words(context->n) * sizeof *bits);
  for (guint person = 0; person < data->n_persons; person++) {
    guint from = data->person_start[person], to = data->person_start[person + 1];
    guint n =
        node->field ? distinct_range(&distinct, node->field, &field, seen, from, to, person + 1) : count_range(seen, from, to);
    if (judge_number(node, n))
      bit_set(bits, person);
  }
  return TRUE;
}

/* The last set bit in [from, to), or `to`. */
static guint last_bit(const guint64 *bits, guint from, guint to) {
  for (guint i = to; i > from; i--)
    if (bit_at(bits, i - 1))
      return i - 1;
  return to;
}

static gboolean pick_bits(const Node *node, const Context *context, guint64 *bits, GError **error) {
  const Block *data = context->data;
  Context events = *context;
  events.n = data->n_events;
  g_autofree guint64 *seen = seen_bits(node, context, error), *wanted = bits_new(events.n, error);
  if (!seen || !wanted || !node_bits(g_ptr_array_index(node->children, 1), &events, wanted, error))
    return FALSE;
  memset(bits, 0, bits_words(context->n) * sizeof *bits);
  for (guint person = 0; person < data->n_persons; person++) {
    guint from = data->person_start[person], to = data->person_start[person + 1];
    guint picked = node->last ? last_bit(seen, from, to) : bits_next(seen, from, to);
    if (picked < to && bit_at(wanted, picked))
      bit_set(bits, person);
  }
  return TRUE;
}

static gboolean standing_bits(const Node *node, const Context *context, guint64 *bits, GError **error) {
  guint8 codes[BLOCK_PERSONS_MAX];
  if (!standing_block(node->standing, context->block, context->data, codes, error))
    return FALSE;
  memset(bits, 0, bits_words(context->n) * sizeof *bits);
  for (guint person = 0; person < context->n; person++)
    if (node->verdicts[codes[person]])
      bit_set(bits, person);
  return TRUE;
}

/* --- the tree -------------------------------------------------------------------------------- */

static gboolean joined_bits(const Node *node, const Context *context, guint64 *bits, GError **error) {
  gboolean and = node->kind == CONDITION_AND;
  g_autofree guint64 *other = bits_new(context->n, error);
  if (!other || !node_bits(g_ptr_array_index(node->children, 0), context, bits, error))
    return FALSE;
  for (guint i = 1; i < node->children->len; i++) {
    if (and&&!bits_any(bits, context->n))
      break;
    if (!node_bits(g_ptr_array_index(node->children, i), context, other, error))
      return FALSE;
    (and? bits_and : bits_or)(bits, other, bits_words(context->n));
  }
  return TRUE;
}

static gboolean node_bits(const Node *node, const Context *context, guint64 *bits, GError **error) {
  switch (node->kind) {
  case CONDITION_AND:
  case CONDITION_OR: return joined_bits(node, context, bits, error);
  case CONDITION_NOT:
    if (!node_bits(g_ptr_array_index(node->children, 0), context, bits, error))
      return FALSE;
    bits_invert(bits, context->n);
    return TRUE;
  case CONDITION_COUNT: return count_bits(node, context, bits, error);
  case CONDITION_PICK: return pick_bits(node, context, bits, error);
  default: return (node->standing ? standing_bits : leaf_bits)(node, context, bits, error);
  }
}

static gboolean check_level(const Filter *filter, gboolean persons, GError **error) {
  if (filter->person_level == persons)
    return TRUE;
  g_propagate_error(error, g_error_copy(filter->wrong_level));
  return FALSE;
}

gboolean filter_events(Filter *filter, guint block, const Block *data, guint64 *events, GError **error) {
  Context context = {.filter = filter, .block = block, .data = data, .n = data->n_events};
  return check_level(filter, FALSE, error) && node_bits(filter->root, &context, events, error);
}

gboolean filter_persons(Filter *filter, guint block, const Block *data, guint64 *persons, GError **error) {
  Context context = {.filter = filter, .block = block, .data = data, .n = data->n_persons};
  if (!check_level(filter, TRUE, error))
    return FALSE;
  if (data->unidentified) {
    memset(persons, 0, bits_words(context.n) * sizeof *persons);
    return TRUE;
  }
  if (!node_bits(filter->root, &context, persons, error))
    return FALSE;
  if (data->dead)
    bits_and_not(persons, data->dead, bits_words(context.n));
  return TRUE;
}
