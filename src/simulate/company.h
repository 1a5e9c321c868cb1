/* SPDX-License-Identifier: Apache-2.0
 * company.h: who the simulated retailer is: its channels and their true effects, campaigns, goods, stores,
 * regions and personas. Constant tables; nothing here draws a random number. */
#pragma once
#include "base/text.h"

typedef enum {
  CHANNEL_NONE,
  CHANNEL_PAID_SOCIAL,
  CHANNEL_ORGANIC_SOCIAL,
  CHANNEL_INFLUENCER,
  CHANNEL_DISPLAY,
  CHANNEL_PAID_SEARCH,
  CHANNEL_ORGANIC_SEARCH,
  CHANNEL_PRICE_COMPARISON,
  CHANNEL_REFERRAL, /* the review portal */
  CHANNEL_EMAIL,
  CHANNEL_PUSH,
  CHANNEL_DIRECT,
  CHANNEL_STORE,
  CHANNEL_CALL,
  CHANNEL_CHAT,
  CHANNEL_INVITE, /* members bring friends */
  CHANNELS
} Channel;

typedef enum { PERSONA_STYLE, PERSONA_FAMILY, PERSONA_BARGAIN, PERSONAS } Persona;
typedef enum { MOOD_INSPIRED, MOOD_COMPARING, MOOD_DECIDING, MOODS } Mood;
enum { CATEGORIES = 12, MODELS = 8, STORES = 12, REGIONS = 16, REASONS = 16, COMMENTS = 16, AGENTS = 10, BOT_AGENTS = 4 };

typedef struct {
  Text key; /* as in the column `channel` */
  Text source, medium;
  gboolean web;            /* opens a visit of the website */
  gboolean seasonal;       /* its campaign is that of the season */
  double cost_eur;         /* mean cost of one touch */
  double effect[PERSONAS]; /* true effect of the first touch on the logit of buying; each further one has half */
  float mix[MOODS][PERSONAS];
} ChannelInfo;
extern const ChannelInfo CHANNEL[CHANNELS];
extern const double BRAND_SEARCH_EFFECT; /* a search for the shop's own name causes next to nothing */

typedef struct {
  Text name;
  float share;
  double intercept;     /* logit of buying without any touch */
  double sessions_mean; /* touches of a journey beyond the first */
  double again;         /* chance of a further journey */
  double store;         /* chance to buy in a store rather than online */
  double spend;         /* factor on the value of a basket */
  double coupon;
} PersonaInfo;
extern const PersonaInfo PERSONA[PERSONAS];

typedef struct {
  Text name, singular;
  float weight;
  guint price_eur; /* of the middle model */
  double delivery_days;
  double returned; /* chance of a return */
  float season[4]; /* factor in spring, summer, autumn, winter */
} CategoryInfo;
extern const CategoryInfo CATEGORY[CATEGORIES];
extern const Text MODEL[MODELS];

typedef struct {
  Text name;
  float weight;
  guint8 store; /* nearest */
} RegionInfo;
extern const RegionInfo REGION[REGIONS];
extern const Text STORE[STORES];

/* What is planted to be found, see docs/simulator.md. */
enum { REGION_LATE = 1, CATEGORY_SHORT = 7 };

typedef enum {
  REASON_NONE,
  REASON_TOO_SMALL,
  REASON_COLOUR,
  REASON_DAMAGED,
  REASON_MISSING_PART,
  REASON_LATE,
  REASON_NOT_LIKED,
  REASON_CHANGED_MIND,
  REASON_CHEAPER_ELSEWHERE,
  REASON_PAYMENT_TIMEOUT,
  REASON_QUESTION,
  REASON_ASSEMBLY,
  REASON_SPARE_PART,
  REASON_DELIVERY_DATE,
} Reason;
extern const Text REASON[REASONS];

typedef enum {
  COMMENT_NONE,
  COMMENT_LATE,
  COMMENT_DAMAGED,
  COMMENT_MISSING,
  COMMENT_LOVE,
  COMMENT_GOOD,
  COMMENT_FAIR,
  COMMENT_ADVICE,
  COMMENT_WAITED,
  COMMENT_SHIPPING_COSTS,
  COMMENT_PAYMENT,
  COMMENT_CHEAPER,
} Comment;
extern const Text COMMENT[COMMENTS];

extern const Text AGENT[AGENTS]; /* [0] empty; odd ones mobile, even ones desktop */
extern const Text BOT_AGENT[BOT_AGENTS];
extern const Text FIRST_NAME[32], LAST_NAME[32];
extern const Text MAIL_HOST[4];

/* Sources, contents and terms that a row can name; [0] empty. */
typedef enum { SOURCE_NONE, SOURCE_GOOGLE, SOURCE_BING, SOURCE_BLOG_A, SOURCE_BLOG_B, SOURCE_BLOG_C, SOURCES } Source;
extern const Text SOURCE[SOURCES];
enum { CONTENTS = 12, TERMS = 8, TERM_BRAND = 1, COUPONS = 5 };
extern const Text CONTENT[CONTENTS];
extern const Text TERM[TERMS];
extern const Text COUPON[COUPONS];
