/* SPDX-License-Identifier: Apache-2.0
 * identity_case.h: evidence written as a line of text, resolved, and the answer as a line of text.
 *
 *     d1; d1+u1; d1@10/3 | veto d1 u2, alias u1 u3 | links 5
 *
 * Events are separated by `;`, their identifiers by `+`: a letter for the namespace (u user, c crm, k card,
 * l an own strong one, e email, p phone, d anonymous, v device, w an own device, o order) and a number. `@10` is a web
 * event in minute 10, `/3` its campaign; `#10` a server event; without either, a server event a day after the
 * one before. `u1>u2` is an alias call: u1 was the previous id. Then links in order of number, then limits
 * (`links`, `size`) and identifiers known to be shared (`shared e1`). */
#pragma once
#include "journey/identity.h"
#include "journey/resolve.h"
#include <stdlib.h>

enum { CASE_IDENTIFIERS_MAX = 64, CASE_LINK_NUMBER = 1000000 };

static const char CASE_LETTERS[] = "ucklepdvwo"; /* in order of rank; the index is the rank */

typedef struct {
  Spaces spaces;
  GArray *identifiers, *events, *aliases, *links, *tuple_start, *tuple_members;
  ResolveInput input;
  ResolveOutput output;
} Case;

static void case_spaces(Spaces *spaces) {
  static const char *const names[] = {"user", "crm", "card", "email", "phone", "anonymous", "loyalty", "device", "beacon"};
  static const char letters[] = "uckepdlvw";
  *spaces = (Spaces){.n_spaces = G_N_ELEMENTS(names)};
  for (guint s = 0; s < spaces->n_spaces; s++) {
    guint8 rank = (guint8)(strchr(CASE_LETTERS, letters[s]) - CASE_LETTERS);
    Strength strength = rank < 4 ? STRENGTH_STRONG : rank < 6 ? STRENGTH_WEAK : STRENGTH_DEVICE;
    spaces->spaces[s] = (Space){(char *)names[s], strength, rank, FALSE};
  }
  spaces->spaces[SPACE_ORDER] = (Space){(char *)"order", STRENGTH_WEAK, sizeof CASE_LETTERS - 2, FALSE};
}

/* The hash says the name: letter in the high half, number in the low one, mixed so that order is arbitrary. */
static guint64 case_hash(char letter, guint number) {
  return (guint64)letter << 32 | (number * 2654435761u & 0xffffffffu);
}

static char *case_name(guint64 hash) {
  if (hash < IDENTITY_NOBODY_END) /* orders alone */
    return g_strdup("-");
  for (guint number = 0; number < 100000; number++)
    if (case_hash((char)(hash >> 32), number) == hash)
      return g_strdup_printf("%c%u", (char)(hash >> 32), number);
  return g_strdup_printf("?%" G_GINT64_MODIFIER "x", hash);
}

static guint8 case_space(const Case *c, char letter) {
  if (letter == 'o')
    return SPACE_ORDER;
  for (guint8 s = 0; s < c->spaces.n_spaces; s++)
    if (CASE_LETTERS[c->spaces.spaces[s].rank] == letter)
      return s;
  g_error("no namespace %c", letter);
}

static guint32 case_identifier(Case *c, const char **at) {
  while (**at == ' ')
    ++*at;
  char letter = **at;
  guint64 hash = case_hash(letter, (guint)strtoul(*at + 1, (char **)at, 10));
  for (guint i = 0; i < c->identifiers->len; i++)
    if (g_array_index(c->identifiers, ResolveIdentifier, i).hash == hash)
      return i;
  ResolveIdentifier identifier = {.hash = hash, .space = case_space(c, letter)};
  g_array_append_val(c->identifiers, identifier);
  return c->identifiers->len - 1;
}

static int case_order(gconstpointer a, gconstpointer b, gpointer user) {
  const Case *c = user;
  const ResolveIdentifier *x = &g_array_index(c->identifiers, ResolveIdentifier, *(const guint32 *)a);
  const ResolveIdentifier *y = &g_array_index(c->identifiers, ResolveIdentifier, *(const guint32 *)b);
  int order = c->spaces.spaces[x->space].rank - c->spaces.spaces[y->space].rank;
  return order ? order : (x->hash > y->hash) - (x->hash < y->hash);
}

static guint32 case_tuple(Case *c, guint32 *members, guint n) {
  g_qsort_with_data(members, (int)n, sizeof *members, case_order, c);
  g_array_append_vals(c->tuple_members, members, n);
  g_array_append_val(c->tuple_start, c->tuple_members->len);
  return c->tuple_start->len - 2;
}

static void case_event(Case *c, const char *text, gint64 *time_ms) {
  guint32 members[CASE_IDENTIFIERS_MAX], n = 0;
  ResolveEvent event = {.row = c->events->len + 1};
  ResolveAlias alias = {0};
  const char *at = text;
  gboolean is_alias = FALSE;
  for (char before = '+'; before == '+' || before == '>'; before = *at++) {
    members[n++] = case_identifier(c, &at);
    if (before == '>') {
      is_alias = TRUE;
      alias.from = members[n - 2];
      alias.to = members[n - 1];
    }
    if (*at == '\0' || *at == '@' || *at == '#' || *at == ' ')
      break;
  }
  if (*at == '@' || *at == '#') {
    event.web = *at == '@';
    *time_ms = strtoll(at + 1, (char **)&at, 10) * 60000;
    event.campaign = *at == '/' ? (guint32)strtoul(at + 1, NULL, 10) : 0;
  } else {
    *time_ms += 86400000;
  }
  event.time_ms = alias.time_ms = *time_ms;
  alias.row = event.row;
  event.tuple = case_tuple(c, members, n);
  g_array_append_val(c->events, event);
  if (is_alias)
    g_array_append_val(c->aliases, alias);
}

static void case_link(Case *c, const char *text) {
  const char *at = text + strspn(text, " ");
  if (*at == '\0')
    return;
  Link link = {.number = CASE_LINK_NUMBER + c->links->len, .kind = *at == 'a' ? LINK_ALIAS : LINK_VETO};
  at = strchr(at, ' ');
  guint32 a = case_identifier(c, &at), b = case_identifier(c, &at);
  link.a = g_array_index(c->identifiers, ResolveIdentifier, a).hash;
  link.space_a = g_array_index(c->identifiers, ResolveIdentifier, a).space;
  link.b = g_array_index(c->identifiers, ResolveIdentifier, b).hash;
  link.space_b = g_array_index(c->identifiers, ResolveIdentifier, b).space;
  g_array_append_val(c->links, link);
}

static void case_option(Case *c, const char *text) {
  const char *at = text + strspn(text, " "), *value = strchr(at, ' ');
  if (g_str_has_prefix(at, "links"))
    c->input.max_links = (guint)atoi(value);
  else if (g_str_has_prefix(at, "size"))
    c->input.set_size_max = (guint)atoi(value);
  else if (g_str_has_prefix(at, "shared")) {
    guint32 identifier = case_identifier(c, &value);
    g_array_index(c->identifiers, ResolveIdentifier, identifier).shared = TRUE;
  }
}

static int case_event_order(gconstpointer a, gconstpointer b) { /* aliases begin with the same two fields */
  const ResolveEvent *x = a, *y = b;
  return x->time_ms != y->time_ms ? (x->time_ms < y->time_ms ? -1 : 1) : (x->row > y->row) - (x->row < y->row);
}

static Case *case_read(const char *line) {
  Case *c = g_new0(Case, 1);
  case_spaces(&c->spaces);
  c->identifiers = g_array_new(FALSE, FALSE, sizeof(ResolveIdentifier));
  c->events = g_array_new(FALSE, FALSE, sizeof(ResolveEvent));
  c->aliases = g_array_new(FALSE, FALSE, sizeof(ResolveAlias));
  c->links = g_array_new(FALSE, FALSE, sizeof(Link));
  c->tuple_start = g_array_new(FALSE, TRUE, sizeof(guint32));
  c->tuple_members = g_array_new(FALSE, FALSE, sizeof(guint32));
  g_array_set_size(c->tuple_start, 1);
  c->input.max_links = 100;
  c->input.set_size_max = 10000;
  g_auto(GStrv) parts = g_strsplit(line, "|", 3);
  g_auto(GStrv) events = g_strsplit(parts[0], ";", -1);
  gint64 time_ms = 0;
  for (char **event = events; *event; event++)
    case_event(c, *event, &time_ms);
  g_auto(GStrv) links = g_strsplit(parts[0] && parts[1] ? parts[1] : "", ",", -1);
  for (char **link = links; *link; link++)
    case_link(c, *link);
  g_auto(GStrv) options = g_strsplit(parts[0] && parts[1] && parts[2] ? parts[2] : "", ",", -1);
  for (char **option = options; *option; option++)
    case_option(c, *option);
  g_array_sort(c->events, case_event_order);
  g_array_sort(c->aliases, case_event_order);
  return c;
}

static void case_resolve(Case *c, gboolean explained) {
  c->input.spaces = &c->spaces;
  c->input.identifiers = (ResolveIdentifier *)(void *)c->identifiers->data;
  c->input.n_identifiers = c->identifiers->len;
  c->input.tuple_start = (guint32 *)(void *)c->tuple_start->data;
  c->input.tuple_members = (guint32 *)(void *)c->tuple_members->data;
  c->input.n_tuples = c->tuple_start->len - 1;
  c->input.events = (ResolveEvent *)(void *)c->events->data;
  c->input.n_events = c->events->len;
  c->input.aliases = (ResolveAlias *)(void *)c->aliases->data;
  c->input.n_aliases = c->aliases->len;
  c->input.links = (Link *)(void *)c->links->data;
  c->input.n_links = c->links->len;
  c->output.event_person = g_new0(guint64, c->events->len);
  c->output.event_visit = g_new0(guint32, c->events->len);
  c->output.identifier_person = g_new0(guint64, c->identifiers->len);
  c->output.reasons = explained ? g_array_new(FALSE, FALSE, sizeof(Reason)) : NULL;
  resolve(&c->input, &c->output);
}

static void case_free(Case *c) {
  GArray *arrays[] = {c->identifiers, c->events, c->aliases, c->links, c->tuple_start, c->tuple_members, c->output.reasons};
  for (guint i = 0; i < G_N_ELEMENTS(arrays); i++)
    if (arrays[i])
      g_array_free(arrays[i], TRUE);
  g_free(c->output.event_person);
  g_free(c->output.event_visit);
  g_free(c->output.identifier_person);
  g_free(c);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Case, case_free)

/* The persons of the events in order of arrival, by name: "u1 u1 d2". */
static char *case_persons(const Case *c) {
  g_autofree char **names = g_new0(char *, c->events->len + 1);
  for (guint e = 0; e < c->events->len; e++)
    names[g_array_index(c->events, ResolveEvent, e).row - 1] = case_name(c->output.event_person[e]);
  char *text = g_strjoinv(" ", names);
  for (guint e = 0; e < c->events->len; e++)
    g_free(names[e]);
  return text;
}

static char *case_visits(const Case *c) {
  g_autofree guint32 *visits = g_new0(guint32, c->events->len);
  for (guint e = 0; e < c->events->len; e++)
    visits[g_array_index(c->events, ResolveEvent, e).row - 1] = c->output.event_visit[e];
  GString *text = g_string_new(NULL);
  for (guint e = 0; e < c->events->len; e++)
    g_string_append_printf(text, "%s%u", e ? " " : "", visits[e]);
  return g_string_free(text, FALSE);
}

/* "d1=u1 u1=u1", in order of appearance; a shared one with `*`. */
static char *case_present(const Case *c) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < c->identifiers->len; i++) {
    const ResolveIdentifier *identifier = &g_array_index(c->identifiers, ResolveIdentifier, i);
    g_autofree char *name = case_name(identifier->hash), *person = case_name(c->output.identifier_person[i]);
    g_string_append_printf(text, "%s%s%s=%s", i ? " " : "", name, identifier->shared ? "*" : "", person);
  }
  return g_string_free(text, FALSE);
}
