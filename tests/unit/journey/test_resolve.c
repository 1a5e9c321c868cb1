// SPDX-License-Identifier: Apache-2.0
/* Every rule of docs/identity.md, each case worked by hand. The notation is in identity_case.h. */
#include "identity_case.h"

/* The same persons with and without explanation: the second way never takes the short path. */
static void expect(const char *line, const char *persons) {
  for (int explained = 0; explained < 2; explained++) {
    g_autoptr(Case) c = case_read(line);
    case_resolve(c, explained);
    g_autofree char *actual = case_persons(c);
    if (strcmp(actual, persons) != 0)
      g_test_message("%s", line);
    g_assert_cmpstr(actual, ==, persons);
  }
}

static void expect_present(const char *line, const char *present) {
  g_autoptr(Case) c = case_read(line);
  case_resolve(c, FALSE);
  g_autofree char *actual = case_present(c);
  g_assert_cmpstr(actual, ==, present);
}

static void expect_visits(const char *line, const char *persons, const char *visits) {
  expect(line, persons);
  g_autoptr(Case) c = case_read(line);
  case_resolve(c, FALSE);
  g_autofree char *actual = case_visits(c);
  g_assert_cmpstr(actual, ==, visits);
}

static void alone(void) {
  expect("d1", "d1");
  expect("d1; d2; d1", "d1 d2 d1");
  expect("e1; u1", "e1 u1");
}

static void linked(void) {
  expect("d1+e1; d1; e1", "e1 e1 e1"); /* seen together at once: the stronger kind gives the id */
  expect("d1; d1+e1; e1", "d1 d1 d1"); /* d1 was there first */
  expect("d1; d1+d2; d2+d3; d3", "d1 d1 d1 d1");
  expect("d1; d1+u1; d1", "u1 u1 u1");
}

static void owners(void) {
  expect("k1; k1+u1; k1", "u1 u1 u1"); /* user before card, back to the beginning */
  expect("k1; k1+c1; c1+l1; l1+d1; d1", "c1 c1 c1 c1 c1");
  expect("l1+k1; l1", "k1 k1");
  expect("d1+e1; e1+k1; k1+u1; d1", "u1 u1 u1 u1");
}

static void ownerless_past(void) {
  expect("d1; d1+e1; e1; e1+u1; d1", "u1 u1 u1 u1 u1");
  expect("d1; e1; d1+e1; d1+u1; d1+u2; d1; e1", "u1 u1 u1 u1 u2 u2 u1"); /* the rest of the set stays */
}

static void card_keeps_owner(void) {
  expect("k1+u1; k1+u2; k1; u2", "u1 u2 u1 u2");
  expect("u1+k1; u1+k2; k2; u1", "u1 u1 k2 u1"); /* two cards never join by inference */
  expect("u1+u2; u1; u2", "u2 u1 u2");           /* u2 has the lower hash */
  g_autoptr(Case) c = case_read("k1+u1; k1+u2; k1+u2; k1");
  case_resolve(c, FALSE);
  g_assert_cmpuint(c->output.conflicts, ==, 1); /* the same pair counts once */
}

static void device_moves(void) {
  expect("d1; d1+u1; d1; d1+u2; d1", "u1 u1 u1 u2 u2");
  expect("d1; d1+u1; d1; d1+u2; d1; d1+u1; d1", "u1 u1 u1 u2 u2 u1 u1");
  expect_present("d1+u1; d1+u2", "d1=u2 u1=u1 u2=u2");
  expect("d1+d2+u1; d1+u2; d1; d2", "u1 u2 u2 u1"); /* only the one that was seen */
  expect("d1+u1; d1+k1; d1; k1", "u1 u1 u1 u1");    /* a card without a user is no other owner */
  expect("d1+u1; k1+u2; d1+k1; d1", "u1 u2 u2 u2"); /* the card's owner is */
}

static void device_follows_device(void) {
  expect("v1+u1; d1+u2; v1+d1; d1; v1", "u1 u2 u2 u2 u2"); /* anonymous ranks before device here: it decides */
}

static void shared_weak(void) {
  expect("e1+u1; e1+u2; e1", "u1 u2 e1");
  expect("e1; e1+u1; e1; e1+u2; e1", "e1 u1 e1 u2 e1");       /* judged on the whole record */
  expect("e1+u1; e1+d1; d1; e1+u2; d1", "u1 d1 d1 u2 d1");    /* nor does it link a device */
  expect("e1+k1; e1+u1; k1; e1; k1+u1", "u1 u1 u1 u1 u1");    /* two strong ids, one owner */
  expect("e1+u1; d1+u1; e1+d1; d1+u2; e1", "u1 u1 u1 u2 u1"); /* never seen with u2 itself */
  expect_present("e1+u1; e1+u2", "e1*=e1 u1=u1 u2=u2");
}

static void shared_in_rounds(void) {
  /* e1 is seen with u3 at last and falls; so k1 was never joined to u1 and goes with u2; so e2 falls. */
  expect("e1+k1; e1+u1; k1+u2; e2+k1; e2+u1; e2; k1; e1", "u1 u1 u2 u1 u1 u1 u1 u1");
  expect("e1+k1; e1+u1; k1+u2; e2+k1; e2+u1; e2; k1; e1; e1+u3", "u2 u1 u2 u2 u1 e2 u2 e1 u3");
}

static void many_partners(void) {
  expect("d1+u1; d1+u2; d1+u3; d1||links 3", "u1 u2 u3 u3");
  expect("d1+u1; d1+u2; d1+u3; d1+u4; d1||links 3", "u1 u2 u3 u4 d1");
  expect("e1+d1; e1+d2; e1+d3; d1; d3; e1||links 2", "d1 d2 d3 d1 d3 e1");
  expect("u1+d1; u1+d2; u1+d3; d3||links 2", "u1 u1 u1 u1"); /* strong ones never are */
  expect("d1+u1; d1+u1; d1+u2; d1||links 2", "u1 u1 u2 u2"); /* partners, not meetings */
}

static void given_shared(void) {
  expect("d1+u1; d1||shared d1", "u1 d1");
  expect("d1+d2; d2+u1; d1||shared d1", "u1 u1 d1");
  expect("u1+d1; d1||shared u1", "u1 u1");
}

static void vetoes(void) {
  expect("d1; d1+u1; d1|veto d1 u1", "d1 u1 d1");
  expect("d1; d1+u1; d1; d1+u2; d1|veto d1 u1", "u2 u1 u2 u2 u2"); /* the next one may */
  expect("d1; d1+u1; d1; d1+u2; d1|veto d1 u2", "u1 u1 u1 u2 u1"); /* not moved */
  expect("d1; d1+u1; d1; d1+u2; d1|veto u2 d1", "u1 u1 u1 u2 u1");
  expect("k1+u1; k1|veto k1 u1", "u1 k1");
  expect("e1+d1; d1+u1; e1; d1|veto e1 u1", "e1 u1 e1 e1"); /* later links give way: e1 and d1 were first */
  expect("d1+u1; e1+d1; e1; d1|veto e1 u1", "u1 e1 e1 u1");
  expect("d1+k1; d1+u1; d1|veto k1 u1", "k1 u1 u1"); /* owners held apart: the device moves */
  expect("d1+u1; e1+u2; d1+u2; d1|veto d1 e1", "u1 u2 u2 u1");
  expect("d1+u1; d1+u2; e1+d1; e1+u1; e1|veto e1 u2", "u1 u2 u1 u1 u1");
}

static void vetoes_on_the_past(void) {
  /* d1 stood with u1 once; e1, which must never stand with d1, cannot join u1 either. */
  expect("d1+u1; d1+u2; e1+u1; e1|veto d1 e1", "u1 u2 u1 e1");
  expect("d1+u1; d1+u2; e1+u2; e1|veto d1 e1", "u1 u2 u2 e1");
}

static void aliases(void) {
  expect("u1; u2|alias u1 u2", "u2 u2");
  expect("u1+k1; u2+k2; k1; k2|alias u1 u2", "u2 u2 u2 u2"); /* both keep their cards */
  expect("u1+c1; c2+k1; c1; k1|alias u1 c2", "c2 c2 c2 c2");
  expect("c1; u1+c1; u2+c1; u2|alias c1 u1", "u1 u1 u2 u2"); /* no second user by inference */
  expect("u1; u2; u3|alias u1 u2, alias u2 u3", "u3 u3 u3");
  expect("u1; u2; u3|alias u2 u3, alias u1 u2", "u3 u3 u3");
  expect("d1; u1; d1|alias d1 u1", "u1 u1 u1");
  expect("d1; d2|alias d2 d1", "d1 d1");
  expect("d1; d2|alias d1 d2", "d1 d1");              /* without owner the earliest names the person */
  expect("e1+u1; e1+u2; e1|alias u1 u2", "u2 u2 u2"); /* one owner after all */
  expect("u1; u2|alias u1 u9, alias u2 u9", "u9 u9"); /* though nobody was seen as u9 */
}

static void aliases_give_way(void) {
  expect("u1; u2|alias u1 u2, veto u1 u2", "u1 u2");
  expect("d1; u1; u2|alias d1 u1, alias d1 u2", "u1 u1 u2"); /* a device is no bridge between two users */
  expect("d1; d1+u2; d1|alias d1 u1", "u1 u2 u2");
}

static void alias_calls(void) {
  expect("u1; u1>u2; u1", "u2 u2 u2");
  expect("u1+k1; u2+k2; u1>u2; k1; k2", "u2 u2 u2 u2 u2");
  expect("d1; d1>u1; d1", "u1 u1 u1");
  expect("d1+u1; d1>u2; d1", "u1 u2 u2");
  expect("d1; d1>u1; d1; d1>u2; d1", "u1 u1 u1 u2 u2"); /* everyone who registers on it */
  expect("u1; u2; u1>u2|veto u1 u2", "u1 u2 u2");
}

static void full_sets(void) {
  const char *line = "u1+d1; u1+d2; u1+d3; d3; d2||size 3";
  expect(line, "u1 u1 u1 d3 u1");
  g_autoptr(Case) c = case_read(line);
  case_resolve(c, FALSE);
  g_assert_cmpuint(c->output.sets_full, ==, 1);
  expect("u1+d1; u1+d2; u2+d1; u1+d3; d3; u1+d1; d1||size 3", "u1 u1 u2 u1 d3 u1 u1"); /* d1 still counts */
}

static void visits(void) {
  expect_visits("d1@0; d1@30; d1@61; d1@62", "d1 d1 d1 d1", "1 1 2 2");
  expect_visits("d1@0/1; d1@1; d1@2/1; d1@3/2; d1@4/1; d1@5", "d1 d1 d1 d1 d1 d1", "1 1 1 2 3 3");
  expect_visits("d1@0; d1@1/1; d1@100/1", "d1 d1 d1", "1 2 3");
  expect_visits("d1@0; d2@1; d1@2; u1@3; d1#4; d1@33", "d1 d2 d1 u1 d1 d1", "1 2 1 0 0 3");
  expect_visits("d1+v1@0; d2+v1@1; d1@2", "d1 d1 d1", "1 1 2"); /* the device before the anonymous id */
  expect_visits("d1+w1@0; w1@1", "d1 d1", "1 2");
}

static void visit_goes_over(void) {
  expect_visits("d1+u1; d1@3000; d1@3001; d1+u2@3002; d1@3003", "u1 u2 u2 u2 u2", "0 1 1 1 1");
  expect_visits("d1+u1; d1@3000; d1@3040; d1+u2@3041", "u1 u1 u2 u2", "0 1 2 2"); /* only that visit */
  expect_visits("d1+u1; d1@3000; d1+u1@3001; d1@3002; d1+u2@3003; d1@3004", "u1 u1 u1 u1 u2 u2", "0 1 1 1 1 1"); /* split */
  expect_visits("d1+u1; e1+u1; d1@6000; d1+e1@6001; d1@6002; d1+u2@6003", "u1 u1 u1 u1 u1 u2", "0 0 1 1 1 1");
  expect_visits("d1+u1; d1@3000; d1+u2@3001; d1@3002; d1+u1@3003; d1@3004", "u1 u1 u2 u2 u1 u1", "0 1 1 1 1 1");
  expect_visits("d1+u1; d1@3000; d1+u2@3001; d1@3002; d1+u3@3003; d1@3004", "u1 u2 u2 u2 u3 u3", "0 1 1 1 1 1");
  expect_visits("d1+u1; d1@3000; d1+u2#3001; d1@3002", "u1 u2 u2 u2", "0 1 0 1"); /* by the shop's server */
  expect_visits("d1+u1; d1@3000; d1+u2#3031", "u1 u1 u2", "0 1 0");               /* too late */
  expect_visits("d1+u1; d1+d2@3000; d1+d2+u2@3001", "u1 u2 u2", "0 1 1");
}

static void shared_visits(void) {
  expect_visits("d1+u1@0; d1+u2@20; d1+u1@40; d1@41; d1@50||shared d1", "u1 u2 u1 d1 d1", "1 2 3 4 4");
}

static guint count_reasons(const Case *c, ReasonKind kind) {
  guint n = 0;
  for (guint i = 0; i < c->output.reasons->len; i++)
    n += g_array_index(c->output.reasons, Reason, i).kind == kind;
  return n;
}

static const Reason *reason_of(const Case *c, ReasonKind kind) {
  for (guint i = 0; i < c->output.reasons->len; i++)
    if (g_array_index(c->output.reasons, Reason, i).kind == kind)
      return &g_array_index(c->output.reasons, Reason, i);
  return NULL;
}

static void assert_reason(const Case *c, ReasonKind kind, const char *identifier, const char *with, const char *person,
                          guint64 row) {
  const Reason *reason = reason_of(c, kind);
  g_assert_nonnull(reason);
  g_autofree char *a = case_name(c->input.identifiers[reason->identifier].hash), *p = case_name(reason->person);
  g_assert_cmpstr(a, ==, identifier);
  g_assert_cmpstr(p, ==, person);
  g_assert_cmpuint(reason->row, ==, row);
  if (with == NULL) {
    g_assert_cmpuint(reason->with, ==, G_MAXUINT32);
    return;
  }
  g_autofree char *b = case_name(c->input.identifiers[reason->with].hash);
  g_assert_cmpstr(b, ==, with);
}

static void reasons(void) {
  g_autoptr(Case) c = case_read("d1; d1+u1; d1+u2; k1+u1; k1+u2; e1+u2; e1+u1; d2+u1|veto d2 u1, alias u3 u1");
  case_resolve(c, TRUE);
  assert_reason(c, REASON_SEEN_WITH, "d1", "u1", "u1", 2);
  assert_reason(c, REASON_MOVED, "d1", "u2", "u2", 3);
  assert_reason(c, REASON_INERT, "k1", "u2", "u1", 5);
  assert_reason(c, REASON_SHARED, "e1", NULL, "e1", 6);
  assert_reason(c, REASON_VETOED, "d2", "u1", "d2", 8);
  g_assert_cmpuint(reason_of(c, REASON_VETOED)->veto, ==, CASE_LINK_NUMBER);
  assert_reason(c, REASON_ALIAS, "u3", "u1", "u1", CASE_LINK_NUMBER + 1);
  g_assert_cmpuint(count_reasons(c, REASON_OWNER), ==, 3); /* u1, u2, d2 */
}

static void firsts(void) {
  g_autoptr(Case) c = case_read("d1; d1+u1; u1");
  case_resolve(c, FALSE);
  g_assert_cmpint(c->input.identifiers[0].first_time_ms, ==, 86400000);
  g_assert_cmpuint(c->input.identifiers[0].first_row, ==, 1);
  g_assert_cmpuint(c->input.identifiers[1].first_row, ==, 2);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/an identifier never seen with another is a person of its own", alone);
  g_test_add_func("/an event links its identifiers", linked);
  g_test_add_func("/the strongest kind owns, back to the beginning", owners);
  g_test_add_func("/what has no owner belongs to the first one it is seen with", ownerless_past);
  g_test_add_func("/a strong identifier keeps its first owner", card_keeps_owner);
  g_test_add_func("/a device moves from then on, never its past", device_moves);
  g_test_add_func("/a device follows the event's strongest identifier, even a device", device_follows_device);
  g_test_add_func("/a weak identifier of two owners is shared", shared_weak);
  g_test_add_func("/sharing is judged again until nothing changes", shared_in_rounds);
  g_test_add_func("/too many partners make a device or weak identifier shared", many_partners);
  g_test_add_func("/what is known as shared stays shared, strong ones never are", given_shared);
  g_test_add_func("/a veto keeps two identifiers apart, later links give way", vetoes);
  g_test_add_func("/a veto binds where a device once stood", vetoes_on_the_past);
  g_test_add_func("/an alias joins, its target owns", aliases);
  g_test_add_func("/an alias gives way to a veto and is no bridge over a device", aliases_give_way);
  g_test_add_func("/an alias call of the wire works like one", alias_calls);
  g_test_add_func("/a set stops growing at its limit", full_sets);
  g_test_add_func("/visits end by a gap or a new campaign", visits);
  g_test_add_func("/a visit goes to the new owner unless it names the old one", visit_goes_over);
  g_test_add_func("/a shared device's visits are told apart by person", shared_visits);
  g_test_add_func("/every link can be explained", reasons);
  g_test_add_func("/first events are told", firsts);
  return g_test_run();
}
