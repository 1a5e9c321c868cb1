/* SPDX-License-Identifier: Apache-2.0
 * coupon.h: codes that were given away on a channel (a podcast's, an influencer's, a flyer's): the section `coupons`
 * of the project file. An order that states one was brought by that channel, whatever else is known. */
#pragma once
#include "project/tree.h"
#include "wire/event.h"

typedef struct {
  char *code; /* in any case of letters; a star at its end stands for anything: "LENA-*" */
  char *name, *channel, *source, *medium, *campaign, *content;
} Coupon;

Coupon *coupon_read(TreeNode *map, const char *path, GError **error); /* ERROR_INVALID with line and key */
void coupon_free(Coupon *coupon);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coupon, coupon_free)

/* The coupon of `coupons` (Coupon*) that the event states in properties.coupon, or NULL. */
const Coupon *coupon_find(const GPtrArray *coupons, const Event *event);
