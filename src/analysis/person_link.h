/* SPDX-License-Identifier: Apache-2.0
 * person_link.h: joining two persons and separating two identifiers by hand. First a plan, drawn from the
 * evidence without changing anything; then it is carried out in one record. */
#pragma once
#include "analysis/who.h"
#include "journey/snapshot.h"

typedef enum {
  LINK_PLAN_NOTHING,   /* as it was asked for already */
  LINK_PLAN_ADD,       /* stores `link`: a merge or a veto */
  LINK_PLAN_TAKE_BACK, /* takes back the links of `undo` */
} LinkPlanKind;

typedef struct {
  LinkPlanKind kind;
  Link link;                  /* to add; its number once carried out */
  GArray *undo;               /* of Link: to take back */
  WhoNames *names;            /* knows the ends of all these links */
  char *x, *y;                /* the two as people write them */
  guint64 person_x, person_y; /* whose they will be: equal when one */
} LinkPlan;

/* X joins the person of Y, which owns; or the vetoes between the two are taken back. ERROR_NOT_FOUND,
 * ERROR_USAGE, ERROR_CONFLICT when something keeps them apart that a merge does not change. */
LinkPlan *link_plan_merge(Snapshot *snapshot, const char *x, const char *y, GError **error);
/* The merge that joins the two is taken back, or a veto stored: X and Y never stand in one set. */
LinkPlan *link_plan_unmerge(Snapshot *snapshot, const char *x, const char *y, GError **error);
void link_plan_free(LinkPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LinkPlan, link_plan_free)

gboolean link_plan_carry_out(LinkPlan *plan, Record *record, gint64 now_ms, GError **error);

guint link_plan_links(const LinkPlan *plan); /* that it adds or takes back */
const Link *link_plan_link(const LinkPlan *plan, guint i);
/* The command that makes it as before; caller frees. */
char *link_plan_take_back_text(const LinkPlan *plan, const Link *link);
/* What came of it, inside an open object: done, one_person, persons, links. */
void link_plan_write(const LinkPlan *plan, JsonOut *out);
