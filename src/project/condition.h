/* SPDX-License-Identifier: Apache-2.0
 * condition.h: the one small language of all questions, parsed into a tree.
 * Grammar and meaning: docs/conditions.md. Values are not looked up here. */
#pragma once
#include "base/text.h"

typedef enum {
  CONDITION_AND,
  CONDITION_OR,
  CONDITION_NOT,     /* children */
  CONDITION_COMPARE, /* field op values */
  CONDITION_EXISTS,  /* field */
  CONDITION_COUNT,   /* count(COND[, within D][, by FIELD]) op number */
  CONDITION_PICK,    /* first|last(COND).field op values */
} ConditionKind;
typedef enum { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_MATCH, OP_CONTAINS } ConditionOp;

typedef struct Condition Condition;
struct Condition {
  ConditionKind kind;
  ConditionOp op;
  char *field;         /* as written: event, channel, properties.total, properties.products[].category */
  GPtrArray *values;   /* of char*; several for OP_IN */
  GPtrArray *children; /* of Condition* */
  gint64 within_ms;    /* COUNT; 0 none */
  char *by;            /* COUNT; NULL none */
  gboolean last;       /* PICK: last instead of first */
  guint column;        /* 1-based, in characters, where it begins */
  guint field_column;  /* where `field` (COUNT: `by`) stands */
  guint value_column;  /* where the first value stands */
};

enum { CONDITION_DEPTH_MAX = 64, CONDITION_NODES_MAX = 1000, CONDITION_SIZE_MAX = 16 << 10 };

/* ERROR_INVALID names the column and what was expected there. Nodes are conditions and values together. */
Condition *condition_parse(const char *text, GError **error);
void condition_free(Condition *condition);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Condition, condition_free)
char *condition_text(const Condition *condition); /* canonical text, parses to the same tree; caller frees */
/* A value as a condition writes it: bare where it can be, else in quotes. Caller frees. */
char *condition_value_text(const char *value);
gboolean condition_is_person_level(const Condition *condition); /* holds count, first, last, stage, ... */
gboolean condition_field_is_person_level(const char *field);    /* stage, relationship, persona, consent.X */
const char *condition_op_text(ConditionOp op);

/* A condition is wholly about events or wholly about persons; these refuse the other kind, and a mixture,
 * with the column and what to write instead. */
gboolean condition_require_events(const Condition *condition, GError **error);
gboolean condition_require_persons(const Condition *condition, GError **error);

/* Does a stored scalar satisfy `scalar op value`? Numbers when both are canonical decimals, else bytes.
 * OP_IN, OP_MATCH and OP_CONTAINS are the caller's. */
gboolean condition_compare(ConditionOp op, Text scalar, Text value);
