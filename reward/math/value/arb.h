/* reward/math/value/arb.h - Arb's balls and Calcium's exact numbers, wherever they are installed: in
 * FLINT from its version 3 on (Debian 13), before that in libraries of their own (Debian 12).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_VALUE_ARB_H
#define REWARD_MATH_VALUE_ARB_H

#if __has_include(<flint/acb.h>)
#include <flint/acb.h>
#include <flint/acb_calc.h>
#include <flint/acb_hypgeom.h>
#include <flint/ca.h>
#else
#include <acb.h>
#include <acb_calc.h>
#include <acb_hypgeom.h>
#include <calcium/ca.h>
#endif

#endif
