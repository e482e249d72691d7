/* engine/sample/form/formats.c - see formats.h: a row a format.
 *
 * Dates are right by the calendar: months have their days, and 29 February is in leap years alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/formats.h"

#include <assert.h>
#include <string.h>

#include "engine/sample/form/pattern.h"

/* RFC 3339, section 5.6; a year is 0001 to 9999 */
#define DATE \
    "(?!0000)(?:\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[" \
    "12]\\d|30)|" \
    "02-(?:0[1-9]|1\\d|2[0-8]))|(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|" \
    "(?:[02468][048]|[13579][26])00)-02-29)"
#define TIME \
    "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)"
/* RFC 3339, appendix A */
#define HOURS "T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S)"
#define DAYS "(?:\\d+Y(?:\\d+M(?:\\d+D)?)?|\\d+M(?:\\d+D)?|\\d+D)"
/* RFC 1123, section 2.1: labels of at most 63, 253 in all */
#define LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define HOST LABEL "(?:\\." LABEL ")*"
/* RFC 3986, appendix A */
#define OCTET "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]\\d|\\d)"
#define IPV4 OCTET "(?:\\." OCTET "){3}"
#define H16 "[0-9A-Fa-f]{1,4}"
#define LS32 "(?:" H16 ":" H16 "|" IPV4 ")"
#define IPV6 \
    "(?:(?:" H16 ":){6}" LS32 "|::(?:" H16 ":){5}" LS32 "|(?:" H16 ")?::(?:" H16 ":){4}" LS32 \
    "|(?:(?:" H16 ":){0,1}" H16 ")?::(?:" H16 ":){3}" LS32 "|(?:(?:" H16 ":){0,2}" H16 \
    ")?::(?:" H16 ":){2}" LS32 "|(?:(?:" H16 ":){0,3}" H16 ")?::" H16 ":" LS32 "|(?:(?:" H16 \
    ":){0,4}" H16 ")?::" LS32 "|(?:(?:" H16 ":){0,5}" H16 ")?::" H16 "|(?:(?:" H16 ":){0,6}" H16 \
    ")?::)"
#define UNRESERVED "A-Za-z0-9._~\\-"
#define SUB "!$&'()*+,;="
#define PERCENT "%[0-9A-Fa-f]{2}"
#define PCHAR "(?:[" UNRESERVED SUB ":@]|" PERCENT ")"
#define AUTHORITY \
    "(?:(?:[" UNRESERVED SUB ":]|" PERCENT ")*@)?(?:\\[(?:" IPV6 \
    "|[vV][0-9A-Fa-f]+\\.[" UNRESERVED SUB ":]+)\\]|" \
    "(?:[" UNRESERVED SUB "]|" PERCENT ")*)(?::\\d*)?"
#define ABEMPTY "(?:/" PCHAR "*)*"
#define ABSOLUTE "/(?:" PCHAR "+" ABEMPTY ")?"
#define TAIL "(?:\\?(?:" PCHAR "|[/?])*)?(?:#(?:" PCHAR "|[/?])*)?"
#define URI \
    "[A-Za-z][A-Za-z0-9+.-]*:(?://" AUTHORITY ABEMPTY "|" ABSOLUTE "|" PCHAR "+" ABEMPTY "|)" TAIL
#define NOSCHEME "(?:[" UNRESERVED SUB "@]|" PERCENT ")+" ABEMPTY
#define RELATIVE "(?://" AUTHORITY ABEMPTY "|" ABSOLUTE "|" NOSCHEME "|)" TAIL
/* RFC 6570, section 2 */
#define LITERAL "(?:[!#$&(-;=?-\\[\\]_a-z~\u00a0-\U0010ffff]|" PERCENT ")"
#define VARCHAR "(?:[A-Za-z0-9_]|" PERCENT ")"
#define VARSPEC VARCHAR "(?:\\.?" VARCHAR ")*(?::[1-9]\\d{0,3}|\\*)?"
#define TEMPLATE "(?:" LITERAL "|\\{[+#./;?&=,!@|]?" VARSPEC "(?:," VARSPEC ")*\\})*"
#define POINTER "(?:/(?:[^~/]|~[01])*)*"
/* RFC 5321: a local part of at most 64 */
#define ATOM "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"

static const struct {
    const char *name, *pattern; /* no pattern: of numbers */
} formats[] = {
    {"date", DATE},
    {"time", TIME},
    {"date-time", DATE "[Tt]" TIME},
    {"duration", "P(?:\\d+W|" DAYS "(?:" HOURS ")?|" HOURS ")"},
    {"uuid", "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"},
    {"email", "(?=.{1,64}@)" ATOM "(?:\\." ATOM ")*@(?=.{1,253}$)" HOST},
    {"hostname", "(?=.{1,253}$)" HOST},
    {"ipv4", IPV4},
    {"ipv6", IPV6},
    {"uri", URI},
    {"uri-reference", "(?:" URI "|" RELATIVE ")"},
    {"uri-template", TEMPLATE},
    {"json-pointer", POINTER},
    {"relative-json-pointer", "(?:0|[1-9]\\d*)(?:#|" POINTER ")"},
    {"int32", NULL},
    {"int64", NULL},
};

enum formats_known formats_rx(struct rx_pool *p, const char *name, enum chars_coding coding,
                              rx *out)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        if (strcmp(formats[i].name, name) != 0) continue;
        if (formats[i].pattern == NULL) return FORMATS_NUMBER;
        bool fine = pattern_rx(p, span_str(formats[i].pattern), PATTERN_WHOLE, coding, out, NULL);
        assert(fine || rx_failed(p));
        if (!fine) *out = RX_NONE;
        return FORMATS_STRING;
    }
    return FORMATS_UNKNOWN;
}
