/* SPDX-License-Identifier: Apache-2.0
 * purchase.h: from the cart on: checkout, till, call centre. aftersales.h tells what follows an order. */
#pragma once
#include "simulate/journey.h"

typedef struct {
  Place place;
  guint32 cents;
  guint8 number, product, coupon, quantity; /* number: the person's k-th */
  gint64 at_ms;
  gboolean mail;   /* the customer left an e-mail address with it */
  gboolean placed; /* inside the period */
} Order;

typedef enum { LEAVE_CART, LEAVE_CHECKOUT, LEAVE_PAYMENT, LEAVE_NOWHERE } Leave;

/* Cart to confirmation, or until the visitor leaves; FALSE unless an order was placed. */
gboolean purchase_online(Visit *visit, Journey *journey, Leave leave, Order *order);
gboolean purchase_store(Journey *journey, Order *order);
gboolean purchase_call(Journey *journey, Order *order);
