/* SPDX-License-Identifier: Apache-2.0
 * A text becomes tokens, each knowing its column; one function a rule of the grammar then walks them,
 * and the first token that does not fit is the error. What makes it friendlier than a plain expression
 * grammar is one rule: where a condition may begin, a run of plain words that no operator follows is an
 * event's name (`Send for Credit Collection`). Chains of `and` and of `or` are flat, so that depth counts
 * what a person would call nesting. */
#include "project/condition.h"
#include "base/clock.h"
#include "base/decimal.h"
#include "base/error.h"

typedef enum { TOKEN_END, TOKEN_WORD, TOKEN_STRING, TOKEN_OP, TOKEN_MARK, TOKEN_BAD } TokenKind;

typedef struct {
  TokenKind kind;
  ConditionOp op;   /* TOKEN_OP */
  char mark;        /* TOKEN_MARK: ( ) , */
  char *text;       /* unescaped; of the bad token: what was expected there */
  gsize start, end; /* bytes of the source */
  guint column;
} Token;

typedef struct {
  const char *source;
  GArray *tokens; /* ends with TOKEN_END */
  guint at, depth, nodes;
  GError *error;
} Parser;

static const char *const OP_TEXT[] = {"=", "!=", "<", "<=", ">", ">=", "in", "~", "contains"};

const char *condition_op_text(ConditionOp op) {
  return OP_TEXT[op];
}

/* --- tokens ---------------------------------------------------------------------------------- */

static gboolean word_char(const char *at) {
  return (guchar)*at >= 0x80 || g_ascii_isalnum(*at) || (*at && strchr("_-./:$@+#%&", *at)) || (at[0] == '[' && at[1] == ']');
}

static const char *lex_word(Token *token, const char *at) {
  const char *begin = at;
  while (word_char(at))
    at += *at == '[' ? 2 : 1;
  token->kind = TOKEN_WORD;
  token->text = g_strndup(begin, (gsize)(at - begin));
  return at;
}

/* \" and \\ are escapes; any other backslash stands for itself, so that "\d+" is the regular expression it looks like. */
static const char *lex_string(Token *token, const char *at) {
  g_autoptr(GString) text = g_string_new(NULL);
  for (at++; *at && *at != '"'; at++) {
    if (at[0] == '\\' && (at[1] == '"' || at[1] == '\\'))
      at++;
    g_string_append_c(text, *at);
  }
  if (!*at) {
    token->kind = TOKEN_BAD;
    token->text = g_strdup("expected a closing quote for the text that begins here, found end");
    return at;
  }
  token->kind = TOKEN_STRING;
  token->text = g_strdup(text->str);
  return at + 1;
}

static const char *lex_operator(Token *token, const char *at) {
  static const struct {
    const char *text;
    ConditionOp op;
  } operators[] = {{"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE}, {"=", OP_EQ}, {"<", OP_LT}, {">", OP_GT}, {"~", OP_MATCH}};
  for (guint i = 0; i < G_N_ELEMENTS(operators); i++)
    if (g_str_has_prefix(at, operators[i].text)) {
      token->kind = TOKEN_OP;
      token->op = operators[i].op;
      token->text = g_strdup(operators[i].text);
      return at + strlen(operators[i].text);
    }
  return NULL;
}

static const char *lex_one(Token *token, const char *at) {
  if (!*at)
    return at;
  if (word_char(at))
    return lex_word(token, at);
  if (*at == '"')
    return lex_string(token, at);
  const char *after = lex_operator(token, at);
  if (after)
    return after;
  token->text = g_strndup(at, 1);
  token->mark = *at;
  token->kind = strchr("(),", *at) ? TOKEN_MARK : TOKEN_BAD;
  if (token->kind == TOKEN_BAD) {
    g_free(token->text);
    token->text =
        g_strdup_printf("expected a name, a value or an operator, found \"%c\"\nhint: names and values with other characters "
                        "than letters, digits and _ - . / : stand in double quotes",
                        *at);
  }
  return at + 1;
}

static void token_clear(gpointer token) {
  g_free(((Token *)token)->text);
}

static GArray *lex(const char *source) {
  GArray *tokens = g_array_new(FALSE, TRUE, sizeof(Token));
  g_array_set_clear_func(tokens, token_clear);
  const char *at = source, *counted = source;
  guint column = 1;
  for (gboolean more = TRUE; more;) {
    while (g_ascii_isspace(*at))
      at++;
    column += (guint)g_utf8_strlen(counted, at - counted);
    counted = at;
    Token token = {.kind = TOKEN_END, .start = (gsize)(at - source), .column = column};
    at = lex_one(&token, at);
    token.end = (gsize)(at - source);
    more = token.kind != TOKEN_END && token.kind != TOKEN_BAD;
    g_array_append_val(tokens, token);
  }
  return tokens;
}

static const Token *peek_at(const Parser *parser, guint ahead) {
  return &g_array_index(parser->tokens, Token, MIN(parser->at + ahead, parser->tokens->len - 1));
}
static const Token *peek(const Parser *parser) {
  return peek_at(parser, 0);
}

static const Token *take(Parser *parser) {
  const Token *token = peek(parser);
  if (parser->at < parser->tokens->len - 1)
    parser->at++;
  return token;
}

/* Keywords are all lower or all upper case: `Not Started` and `Sign In` are names. */
static gboolean is_keyword(const Token *token, const char *keyword) {
  if (token->kind != TOKEN_WORD || g_ascii_strcasecmp(token->text, keyword))
    return FALSE;
  g_autofree char *upper = g_ascii_strup(keyword, -1);
  return strcmp(token->text, keyword) == 0 || strcmp(token->text, upper) == 0;
}
static gboolean is_mark(const Token *token, char mark) {
  return token->kind == TOKEN_MARK && token->mark == mark;
}
static gboolean is_joint(const Token *token) {
  return is_keyword(token, "and") || is_keyword(token, "or") || is_keyword(token, "not");
}
static gboolean is_text(const Token *token) {
  return token->kind == TOKEN_STRING || (token->kind == TOKEN_WORD && !is_joint(token));
}
static gboolean ends_operand(const Token *token) {
  return token->kind == TOKEN_END || is_keyword(token, "and") || is_keyword(token, "or") || is_mark(token, ')') ||
         is_mark(token, ',');
}

/* --- errors ---------------------------------------------------------------------------------- */

static char *found_text(const Token *token) {
  if (token->kind == TOKEN_END)
    return g_strdup("end");
  g_autofree char *start = g_utf8_strlen(token->text, -1) > 40 ? g_utf8_substring(token->text, 0, 40) : NULL;
  return start ? g_strdup_printf("\"%s...\"", start) : g_strdup_printf("\"%s\"", token->text);
}

/* Always NULL, so that rules can `return expected(...)`. */
G_GNUC_PRINTF(3, 4) static Condition *expected(Parser *parser, const Token *token, const char *format, ...) {
  if (parser->error)
    return NULL;
  if (token->kind == TOKEN_BAD) {
    error_set(&parser->error, ERROR_INVALID, "column %u: %s", token->column, token->text);
    return NULL;
  }
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *what = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree char *found = found_text(token);
  error_set(&parser->error, ERROR_INVALID, "column %u: expected %s, found %s", token->column, what, found);
  return NULL;
}

static gboolean count_node(Parser *parser, guint column) {
  if (++parser->nodes <= CONDITION_NODES_MAX || parser->error)
    return !parser->error;
  return error_set(&parser->error, ERROR_INVALID, "column %u: expected at most %d conditions and values, found more", column,
                   CONDITION_NODES_MAX);
}

/* --- the tree -------------------------------------------------------------------------------- */

static Condition *node_new(Parser *parser, ConditionKind kind, guint column) {
  Condition *node = g_new0(Condition, 1);
  node->kind = kind;
  node->column = node->field_column = node->value_column = column;
  node->values = g_ptr_array_new_with_free_func(g_free);
  node->children = g_ptr_array_new_with_free_func((GDestroyNotify)condition_free);
  count_node(parser, column);
  return node;
}

void condition_free(Condition *condition) {
  if (!condition)
    return;
  g_free(condition->field);
  g_free(condition->by);
  g_ptr_array_unref(condition->values);
  g_ptr_array_unref(condition->children);
  g_free(condition);
}

static Condition *parse_or(Parser *parser);

/* What stands in brackets, or behind `not`, one level below. */
static Condition *parse_deeper(Parser *parser, Condition *(*rule)(Parser *)) {
  if (parser->depth == CONDITION_DEPTH_MAX) {
    error_set(&parser->error, ERROR_INVALID, "column %u: expected at most %d levels of nesting, found more", peek(parser)->column,
              CONDITION_DEPTH_MAX);
    return NULL;
  }
  parser->depth++;
  Condition *condition = rule(parser);
  parser->depth--;
  return condition;
}

/* One value after an operator. */
static gboolean parse_value(Parser *parser, Condition *node, const char *after) {
  const Token *token = peek(parser);
  if (!is_text(token))
    return expected(parser, token, "a value after \"%s\"", after) != NULL;
  if (node->values->len == 0)
    node->value_column = token->column;
  g_ptr_array_add(node->values, g_strdup(take(parser)->text));
  return count_node(parser, token->column);
}

/* "(" value {"," value} ")" */
static gboolean parse_list(Parser *parser, Condition *node) {
  take(parser); /* in */
  if (!is_mark(peek(parser), '('))
    return expected(parser, peek(parser), "\"(\" after \"in\"") != NULL;
  const char *after = take(parser)->text;
  for (;;) {
    if (!parse_value(parser, node, after))
      return FALSE;
    if (is_mark(peek(parser), ')'))
      break;
    if (!is_mark(peek(parser), ','))
      return expected(parser, peek(parser), "\",\" or \")\" after \"%s\"",
                      (char *)g_ptr_array_index(node->values, node->values->len - 1)) != NULL;
    after = take(parser)->text;
  }
  take(parser);
  return TRUE;
}

static Condition *negate(Parser *parser, Condition *node) {
  Condition *not = node_new(parser, CONDITION_NOT, node->column);
  g_ptr_array_add(not ->children, node);
  return not ;
}

static gboolean not_in_ahead(const Parser *parser) {
  return is_keyword(peek(parser), "not") && is_keyword(peek_at(parser, 1), "in");
}

/* What may follow a field: an operator and its value or values. `subject` is shown in errors. */
static Condition *parse_comparison(Parser *parser, Condition *take_node, const char *subject) {
  g_autoptr(Condition) node = take_node;
  const Token *token = peek(parser);
  gboolean not_in = not_in_ahead(parser);
  if (not_in)
    take(parser);
  if (not_in || is_keyword(token, "in")) {
    node->op = OP_IN;
    if (!parse_list(parser, node))
      return NULL;
  } else if (token->kind == TOKEN_OP || is_keyword(token, "contains")) {
    node->op = token->kind == TOKEN_OP ? token->op : OP_CONTAINS;
    if (!parse_value(parser, node, take(parser)->text))
      return NULL;
  } else
    return expected(parser, token, "an operator after \"%s\"", subject);
  return not_in ? negate(parser, g_steal_pointer(&node)) : g_steal_pointer(&node);
}

static Condition *field_node(Parser *parser, ConditionKind kind, const Token *field) {
  Condition *node = node_new(parser, kind, field->column);
  node->field = g_strdup(field->text);
  return node;
}

/* `exists FIELD`; the other spelling, `FIELD exists`, is found by parse_named. */
static Condition *parse_exists(Parser *parser) {
  const Token *exists = take(parser), *field = peek(parser);
  if (!is_text(field))
    return expected(parser, field, "a field after \"exists\"");
  Condition *node = field_node(parser, CONDITION_EXISTS, take(parser));
  node->column = exists->column;
  return node;
}

/* --- persons: count, first, last ------------------------------------------------------------- */

gboolean condition_field_is_person_level(const char *field) {
  return !strcmp(field, "stage") || !strcmp(field, "relationship") || !strcmp(field, "persona") ||
         g_str_has_prefix(field, "consent.");
}

static gboolean person_leaf(const Condition *condition) {
  return condition->kind == CONDITION_COUNT || condition->kind == CONDITION_PICK ||
         (condition->field && condition_field_is_person_level(condition->field));
}

/* The first leaf that is (or is not) about persons. */
static const Condition *find_leaf(const Condition *condition, gboolean person) {
  if (condition->kind > CONDITION_NOT)
    return person_leaf(condition) == person ? condition : NULL;
  for (guint i = 0; i < condition->children->len; i++) {
    const Condition *found = find_leaf(g_ptr_array_index(condition->children, i), person);
    if (found)
      return found;
  }
  return NULL;
}

/* "(" COND of a call such as count(...); the caller reads what follows. */
static Condition *parse_inner(Parser *parser, const char *name) {
  take(parser); /* ( */
  g_autoptr(Condition) inner = parse_deeper(parser, parse_or);
  if (!inner)
    return NULL;
  const Condition *person = find_leaf(inner, TRUE);
  if (person) {
    error_set(&parser->error, ERROR_INVALID, "column %u: expected a condition on events inside %s(...), found one on persons",
              person->column, name);
    return NULL;
  }
  return g_steal_pointer(&inner);
}

static gboolean parse_count_option(Parser *parser, Condition *node) {
  const Token *name = take(parser), *value = peek(parser);
  if (is_keyword(name, "within") && !node->within_ms) {
    if (value->kind != TOKEN_WORD || !duration_parse(value->text, &node->within_ms, NULL))
      return expected(parser, value, "a duration such as 30d after \"within\"") != NULL;
  } else if (is_keyword(name, "by") && !node->by) {
    if (!is_text(value))
      return expected(parser, value, "a field after \"by\"") != NULL;
    node->by = g_strdup(value->text);
    node->field_column = value->column;
  } else
    return expected(parser, name, "%s after \",\"",
                    node->within_ms ? (node->by ? "nothing more" : "\"by FIELD\"")
                    : node->by      ? "\"within DURATION\""
                                    : "\"within DURATION\" or \"by FIELD\"") != NULL;
  take(parser);
  return TRUE;
}

static gboolean whole_number(const char *text) {
  return *text && strlen(text) <= 15 && strspn(text, "0123456789") == strlen(text);
}

static Condition *parse_count(Parser *parser) {
  g_autoptr(Condition) node = node_new(parser, CONDITION_COUNT, take(parser)->column);
  Condition *inner = parse_inner(parser, "count");
  if (!inner)
    return NULL;
  g_ptr_array_add(node->children, inner);
  while (is_mark(peek(parser), ',')) {
    take(parser);
    if (!parse_count_option(parser, node))
      return NULL;
  }
  if (!is_mark(peek(parser), ')'))
    return expected(parser, peek(parser), "\",\" or \")\" in count(...)");
  take(parser);
  const Token *op = peek(parser);
  if (op->kind != TOKEN_OP || op->op > OP_GE)
    return expected(parser, op, "= != < <= > or >= after count(...)");
  node->op = take(parser)->op;
  const Token *number = peek(parser);
  if (number->kind != TOKEN_WORD || !whole_number(number->text))
    return expected(parser, number, "a whole number after \"%s\"", op->text);
  return parse_value(parser, node, op->text) ? g_steal_pointer(&node) : NULL;
}

static Condition *parse_pick(Parser *parser) {
  const Token *name = take(parser);
  g_autoptr(Condition) node = node_new(parser, CONDITION_PICK, name->column);
  node->last = is_keyword(name, "last");
  Condition *inner = parse_inner(parser, name->text);
  if (!inner)
    return NULL;
  g_ptr_array_add(node->children, inner);
  if (!is_mark(peek(parser), ')'))
    return expected(parser, peek(parser), "\")\" in %s(...)", name->text);
  take(parser);
  const Token *field = peek(parser);
  gboolean quoted = field->kind == TOKEN_WORD && !strcmp(field->text, ".") && peek_at(parser, 1)->kind == TOKEN_STRING;
  if (!quoted && (field->kind != TOKEN_WORD || field->text[0] != '.' || !field->text[1]))
    return expected(parser, field, "a field such as .channel after %s(...)", name->text);
  take(parser);
  node->field = g_strdup(quoted ? take(parser)->text : field->text + 1);
  node->field_column = field->column + 1;
  if (condition_field_is_person_level(node->field))
    return expected(parser, field, "a field of events after %s(...)", name->text);
  return parse_comparison(parser, g_steal_pointer(&node), field->text);
}

/* --- events ---------------------------------------------------------------------------------- */

static gboolean standard_field(const char *text) {
  static const char *const fields[] = {"event", "channel", "touchpoint", "source",   "medium",    "campaign", "content",
                                       "term",  "place",   "value",      "currency", "time",      "order",    "id",
                                       "cost",  "score",   "grade",      "kind",     "initiator", NULL};
  return g_strv_contains(fields, text) || strchr(text, '.') || condition_field_is_person_level(text);
}

/* Does what follows the field at the parser make it a comparison? `in` without a list ends names
 * such as `Sign in`, unless the field is one that we know. */
static gboolean operator_ahead(const Parser *parser) {
  const Token *field = peek(parser), *next = peek_at(parser, 1), *second = peek_at(parser, 2);
  if (next->kind == TOKEN_OP || is_keyword(next, "contains"))
    return TRUE;
  if (is_keyword(next, "not") && is_keyword(second, "in"))
    return TRUE;
  return is_keyword(next, "in") && (is_mark(second, '(') || field->kind == TOKEN_STRING || standard_field(field->text));
}

static Condition *event_node(Parser *parser, const Token *first, char *take_name) {
  Condition *node = node_new(parser, CONDITION_COMPARE, first->column);
  node->field = g_strdup("event");
  node->op = OP_EQ;
  g_ptr_array_add(node->values, take_name);
  return node;
}

/* A run of plain words, as they stand in the source, is an event's name. */
static Condition *parse_name(Parser *parser) {
  const Token *first = take(parser), *last = first;
  if (first->kind == TOKEN_WORD)
    while (peek(parser)->kind == TOKEN_WORD && !ends_operand(peek(parser)))
      last = take(parser);
  if (!ends_operand(peek(parser)))
    return last == first ? expected(parser, peek(parser), "an operator after \"%s\"", first->text)
                         : expected(parser, &first[1], "an operator after \"%s\"", first->text);
  if (last == first && first->kind == TOKEN_WORD && g_str_has_prefix(first->text, "consent.")) {
    Condition *node = field_node(parser, CONDITION_COMPARE, first);
    g_ptr_array_add(node->values, g_strdup("true"));
    return node;
  }
  gboolean words = last != first;
  return event_node(parser, first,
                    words ? g_strndup(parser->source + first->start, last->end - first->start) : g_strdup(first->text));
}

static Condition *parse_named(Parser *parser) {
  const Token *field = peek(parser);
  if (operator_ahead(parser)) {
    take(parser);
    return parse_comparison(parser, field_node(parser, CONDITION_COMPARE, field), field->text);
  }
  if (is_keyword(peek_at(parser, 1), "exists") && ends_operand(peek_at(parser, 2))) {
    Condition *node = field_node(parser, CONDITION_EXISTS, take(parser));
    take(parser);
    return node;
  }
  return parse_name(parser);
}

static Condition *parse_group(Parser *parser) {
  const Token *open = take(parser);
  g_autoptr(Condition) inner = parse_deeper(parser, parse_or);
  if (!inner)
    return NULL;
  if (!is_mark(peek(parser), ')'))
    return expected(parser, peek(parser), "\"and\", \"or\" or the \")\" of column %u", open->column);
  take(parser);
  return g_steal_pointer(&inner);
}

static Condition *parse_primary(Parser *parser) {
  const Token *token = peek(parser);
  gboolean call = is_mark(peek_at(parser, 1), '(');
  if (is_mark(token, '('))
    return parse_group(parser);
  if (!is_text(token))
    return expected(parser, token, "a condition");
  if (call && is_keyword(token, "count"))
    return parse_count(parser);
  if (call && (is_keyword(token, "first") || is_keyword(token, "last")))
    return parse_pick(parser);
  if (is_keyword(token, "exists") && peek_at(parser, 1)->kind != TOKEN_OP)
    return parse_exists(parser);
  return parse_named(parser);
}

static Condition *parse_not(Parser *parser) {
  const Token *token = peek(parser);
  if (!is_keyword(token, "not"))
    return parse_primary(parser);
  take(parser);
  Condition *child = parse_deeper(parser, parse_not);
  if (!child)
    return NULL;
  Condition *node = negate(parser, child);
  node->column = token->column;
  return node;
}

/* Moves `child` under `parent`; a child of the parent's kind hands over its own children. */
static void adopt(Condition *parent, Condition *child) {
  if (child->kind != parent->kind) {
    g_ptr_array_add(parent->children, child);
    return;
  }
  g_ptr_array_extend_and_steal(parent->children, g_steal_pointer(&child->children));
  child->children = g_ptr_array_new();
  condition_free(child);
}

static Condition *parse_chain(Parser *parser, ConditionKind kind, const char *joint, Condition *(*part)(Parser *)) {
  g_autoptr(Condition) first = part(parser);
  if (!first || !is_keyword(peek(parser), joint))
    return g_steal_pointer(&first);
  g_autoptr(Condition) chain = node_new(parser, kind, first->column);
  adopt(chain, g_steal_pointer(&first));
  while (is_keyword(peek(parser), joint)) {
    const Token *token = take(parser);
    if (ends_operand(peek(parser)))
      return expected(parser, peek(parser), "a condition after \"%s\"", token->text);
    Condition *next = part(parser);
    if (!next)
      return NULL;
    adopt(chain, next);
  }
  return g_steal_pointer(&chain);
}

static Condition *parse_and(Parser *parser) {
  return parse_chain(parser, CONDITION_AND, "and", parse_not);
}
static Condition *parse_or(Parser *parser) {
  return parse_chain(parser, CONDITION_OR, "or", parse_and);
}

static gboolean check_text(const char *text, GError **error) {
  gsize size = strlen(text);
  const char *bad;
  if (size > CONDITION_SIZE_MAX)
    return error_set(error, ERROR_INVALID, "a condition has at most %d bytes, this one has %" G_GSIZE_FORMAT, CONDITION_SIZE_MAX,
                     size);
  if (!g_utf8_validate(text, (gssize)size, &bad))
    return error_set(error, ERROR_INVALID, "column %ld: expected UTF-8 text, found the byte 0x%02x",
                     g_utf8_strlen(text, bad - text) + 1, (guchar)*bad);
  return TRUE;
}

Condition *condition_parse(const char *text, GError **error) {
  if (!check_text(text, error))
    return NULL;
  Parser parser = {.source = text, .tokens = lex(text)};
  g_autoptr(GArray) tokens = parser.tokens;
  g_autoptr(Condition) condition = parse_or(&parser);
  if (condition && peek(&parser)->kind != TOKEN_END)
    expected(&parser, peek(&parser), "\"and\", \"or\" or the end");
  if (!parser.error)
    return g_steal_pointer(&condition);
  g_propagate_error(error, parser.error);
  return NULL;
}

/* --- text ------------------------------------------------------------------------------------ */

static gboolean reserved_word(const char *text) {
  static const char *const words[] = {"and", "or", "not", "in", "contains", "exists", "count", "first", "last", NULL};
  for (guint i = 0; words[i]; i++)
    if (!g_ascii_strcasecmp(text, words[i]))
      return TRUE;
  return FALSE;
}

static void append_quoted(GString *out, const char *text) {
  const char *at = text;
  while (word_char(at))
    at += *at == '[' ? 2 : 1;
  if (*text && !*at && !reserved_word(text)) {
    g_string_append(out, text);
    return;
  }
  g_string_append_c(out, '"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *text);
  }
  g_string_append_c(out, '"');
}

char *condition_value_text(const char *value) {
  GString *out = g_string_new(NULL);
  append_quoted(out, value);
  return g_string_free(out, FALSE);
}

static void append_values(GString *out, const Condition *condition, const char *negation) {
  g_string_append_printf(out, condition->op == OP_IN ? "%s %s (" : "%s %s ", negation, OP_TEXT[condition->op]);
  for (guint i = 0; i < condition->values->len; i++) {
    g_string_append(out, i ? ", " : "");
    append_quoted(out, g_ptr_array_index(condition->values, i));
  }
  g_string_append(out, condition->op == OP_IN ? ")" : "");
}

static void append_condition(GString *out, const Condition *condition);

static void append_child(GString *out, const Condition *parent, guint i) {
  const Condition *child = g_ptr_array_index(parent->children, i);
  gboolean brackets = child->kind == CONDITION_OR || (child->kind == CONDITION_AND && parent->kind == CONDITION_NOT);
  if (brackets && parent->kind <= CONDITION_NOT) {
    g_string_append_c(out, '(');
    append_condition(out, child);
    g_string_append_c(out, ')');
  } else
    append_condition(out, child);
}

static void append_call(GString *out, const Condition *condition, const char *negation) {
  gboolean count = condition->kind == CONDITION_COUNT;
  g_string_append(out, count ? "count(" : condition->last ? "last(" : "first(");
  append_child(out, condition, 0);
  if (condition->within_ms)
    g_string_append_printf(out, ", within %" G_GINT64_FORMAT "ms", condition->within_ms);
  if (condition->by) {
    g_string_append(out, ", by ");
    append_quoted(out, condition->by);
  }
  g_string_append(out, count ? ")" : ").");
  if (!count)
    append_quoted(out, condition->field);
  append_values(out, condition, negation);
}

static void append_comparison(GString *out, const Condition *condition, const char *negation) {
  append_quoted(out, condition->field);
  append_values(out, condition, negation);
}

/* `a not in (b)` keeps its form: a prefix would make it one level deeper than it was written. */
static void append_not(GString *out, const Condition *condition) {
  const Condition *child = g_ptr_array_index(condition->children, 0);
  gboolean in = child->values->len && child->op == OP_IN;
  if (in && child->kind == CONDITION_COMPARE)
    append_comparison(out, child, " not");
  else if (in && child->kind == CONDITION_PICK)
    append_call(out, child, " not");
  else {
    g_string_append(out, "not ");
    append_child(out, condition, 0);
  }
}

static void append_condition(GString *out, const Condition *condition) {
  switch (condition->kind) {
  case CONDITION_AND:
  case CONDITION_OR:
    for (guint i = 0; i < condition->children->len; i++) {
      g_string_append(out, i == 0 ? "" : condition->kind == CONDITION_AND ? " and " : " or ");
      append_child(out, condition, i);
    }
    break;
  case CONDITION_NOT: append_not(out, condition); break;
  case CONDITION_COMPARE: append_comparison(out, condition, ""); break;
  case CONDITION_EXISTS:
    g_string_append(out, "exists ");
    append_quoted(out, condition->field);
    break;
  case CONDITION_COUNT:
  case CONDITION_PICK: append_call(out, condition, "");
  }
}

char *condition_text(const Condition *condition) {
  GString *out = g_string_new(NULL);
  append_condition(out, condition);
  return g_string_free(out, FALSE);
}

/* --- meaning --------------------------------------------------------------------------------- */

gboolean condition_is_person_level(const Condition *condition) {
  return find_leaf(condition, TRUE) != NULL;
}

gboolean condition_require_events(const Condition *condition, GError **error) {
  const Condition *leaf = find_leaf(condition, TRUE);
  if (!leaf)
    return TRUE;
  g_autofree char *text = condition_text(leaf);
  return error_set(error, ERROR_INVALID,
                   "column %u: expected a condition on events, found `%s`, which is one on persons\nhint: conditions on persons "
                   "belong to --among",
                   leaf->column, text);
}

gboolean condition_require_persons(const Condition *condition, GError **error) {
  const Condition *leaf = find_leaf(condition, FALSE);
  if (!leaf)
    return TRUE;
  g_autofree char *text = condition_text(leaf);
  return error_set(
      error, ERROR_INVALID,
      "column %u: expected a condition on persons, found `%s`, which is one on events\nhint: say how often, as in `count(%s) >= 1`",
      leaf->column, text, text);
}

gboolean condition_compare(ConditionOp op, Text scalar, Text value) {
  gboolean numbers = decimal_is_canonical(scalar) && decimal_is_canonical(value);
  int order = numbers ? decimal_compare(scalar, value) : text_compare(scalar, value);
  switch (op) {
  case OP_EQ: return order == 0;
  case OP_NE: return order != 0;
  case OP_LT: return order < 0;
  case OP_LE: return order <= 0;
  case OP_GT: return order > 0;
  case OP_GE: return order >= 0;
  default: return FALSE;
  }
}
