/* SPDX-License-Identifier: Apache-2.0
 * coupon.h: codes that were given away on a channel (a podcast's, an influencer's, a flyer's): the section `coupons`
 * of the project file. An order that states one was brought by that channel, whatever else is known. */
#pragma once
#include "project/tree.h"
#include "wire/channel.h"
#include "wire/event.h"

typedef struct {
  char *code; /* in any case of letters; a star at its end stands for anything: "LENA-*" */
  char *name, *channel, *source, *medium, *campaign, *content;
} Coupon;

Coupon *coupon_read(TreeNode *map, const char *path, GError **error); /* ERROR_INVALID with line and key */
void coupon_free(Coupon *coupon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coupon, coupon_free)

enum { COUPON_FIELD_MAX = 255, COUPON_TEXT_MAX = 1024 };
typedef struct { /* about 30 KiB */
  Event event;
  char id[COUPON_TEXT_MAX], mark[COUPON_TEXT_MAX], scratch[CHANNEL_SCRATCH];
} CouponTouch;

/* The touch that an order with a coupon tells of, a millisecond before it: who states a code was reached where it was
 * given away. FALSE when the event is no order or states none. Its texts are the order's, the coupon's and `made`'s. */
gboolean coupon_touch(const GPtrArray *coupons, const Event *order, const ChannelHook *hook, CouponTouch *made);
