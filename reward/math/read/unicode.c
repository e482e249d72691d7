/* reward/math/read/unicode.c - Unicode mathematics rewritten as LaTeX, so that the lexer sees ASCII
 * only.
 *
 * A table of single characters, and four ranges: full-width forms, superscripts, subscripts and
 * mathematical alphabets. What has no meaning here becomes a space-separated '?', which is no
 * mathematics and so never equals anything by accident.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buffer.h"
#include "base/utf8.h"
#include "reward/math/read/lexer.h"

/* clang-format off */
static const struct {
    uint32_t code;
    const char *latex;
} characters[] = {
    {0x00a0, " "}, {0x00a2, "\\text{ cents}"}, {0x00a3, "\\pounds "}, {0x00a5, "\\yen "}, {0x00ac, "\\neg "},
    {0x00ad, ""}, {0x00b0, "\\degree "}, {0x00b1, "\\pm "}, {0x00b5, "\\mu "}, {0x00b7, "\\cdot "},
    {0x00bc, "\\frac{1}{4}"}, {0x00bd, "\\frac{1}{2}"}, {0x00be, "\\frac{3}{4}"},
    {0x00d7, "\\times "}, {0x00f7, "\\div "}, {0x0131, "i"},
    {0x0391, "A"}, {0x0393, "\\Gamma "}, {0x0394, "\\Delta "}, {0x0398, "\\Theta "}, {0x039b, "\\Lambda "},
    {0x039e, "\\Xi "}, {0x03a0, "\\prod "}, {0x03a3, "\\sum "}, {0x03a6, "\\Phi "}, {0x03a8, "\\Psi "}, {0x03a9, "\\Omega "},
    {0x03b1, "\\alpha "}, {0x03b2, "\\beta "}, {0x03b3, "\\gamma "}, {0x03b4, "\\delta "}, {0x03b5, "\\epsilon "},
    {0x03b6, "\\zeta "}, {0x03b7, "\\eta "}, {0x03b8, "\\theta "}, {0x03b9, "\\iota "}, {0x03ba, "\\kappa "},
    {0x03bb, "\\lambda "}, {0x03bc, "\\mu "}, {0x03bd, "\\nu "}, {0x03be, "\\xi "}, {0x03c0, "\\pi "},
    {0x03c1, "\\rho "}, {0x03c3, "\\sigma "}, {0x03c4, "\\tau "}, {0x03c5, "\\upsilon "}, {0x03c6, "\\phi "},
    {0x03c7, "\\chi "}, {0x03c8, "\\psi "}, {0x03c9, "\\omega "}, {0x03d1, "\\theta "}, {0x03d5, "\\phi "},
    {0x2009, " "}, {0x200a, " "}, {0x200b, ""}, {0x200c, ""}, {0x200d, ""}, {0x200e, ""}, {0x200f, ""},
    {0x2002, " "}, {0x2003, " "}, {0x2004, " "}, {0x2005, " "}, {0x2006, " "}, {0x2007, " "}, {0x2008, " "},
    {0x2010, "-"}, {0x2011, "-"}, {0x2012, "-"}, {0x2013, "-"}, {0x2014, "-"}, {0x2015, "-"}, {0x2016, "\\Vert "},
    {0x2018, "'"}, {0x2019, "'"}, {0x2022, "\\cdot "}, {0x2026, "\\ldots "}, {0x202f, " "}, {0x2032, "'"}, {0x2033, "''"},
    {0x2044, "/"}, {0x205f, " "}, {0x2060, ""}, {0x2061, ""}, {0x2062, "\\times "}, {0x2064, "+"}, {0x20ac, "\\euro "}, {0x20b9, "\\pounds "},
    {0x2102, "\\mathbb{C}"}, {0x2103, "\\text{ degrees Celsius}"}, {0x2107, "e"}, {0x2109, "\\text{ degrees Fahrenheit}"},
    {0x210e, "h"}, {0x210f, "\\hbar "}, {0x2113, "\\ell "}, {0x2115, "\\mathbb{N}"},
    {0x211a, "\\mathbb{Q}"}, {0x211d, "\\mathbb{R}"}, {0x2124, "\\mathbb{Z}"}, {0x2126, "\\Omega "},
    {0x2147, "e"}, {0x2148, "i"}, {0x2149, "j"},
    {0x2150, "\\frac{1}{7}"}, {0x2151, "\\frac{1}{9}"}, {0x2152, "\\frac{1}{10}"}, {0x2153, "\\frac{1}{3}"}, {0x2154, "\\frac{2}{3}"},
    {0x2155, "\\frac{1}{5}"}, {0x2156, "\\frac{2}{5}"}, {0x2157, "\\frac{3}{5}"}, {0x2158, "\\frac{4}{5}"}, {0x2159, "\\frac{1}{6}"},
    {0x215a, "\\frac{5}{6}"}, {0x215b, "\\frac{1}{8}"}, {0x215c, "\\frac{3}{8}"}, {0x215d, "\\frac{5}{8}"}, {0x215e, "\\frac{7}{8}"},
    {0x2160, "I"}, {0x2161, "II"}, {0x2162, "III"}, {0x2163, "IV"}, {0x2164, "V"}, {0x2189, "0"},
    {0x2190, "\\leftarrow "}, {0x2192, "\\to "}, {0x21d2, "\\Rightarrow "}, {0x21d4, "\\iff "}, {0x21a6, "\\mapsto "},
    {0x2200, "\\forall "}, {0x2202, "\\partial "}, {0x2203, "\\exists "}, {0x2205, "\\emptyset "}, {0x2206, "\\Delta "}, {0x2207, "\\nabla "},
    {0x2208, "\\in "}, {0x2209, "\\notin "}, {0x220f, "\\prod "}, {0x2211, "\\sum "}, {0x2212, "-"}, {0x2213, "\\mp "},
    {0x2215, "/"}, {0x2216, "\\setminus "}, {0x2217, "*"}, {0x2218, "\\circ "}, {0x2219, "\\cdot "},
    {0x221a, "\\surd "}, {0x221b, "\\cbrt "}, {0x221e, "\\infty "}, {0x2220, "\\angle "}, {0x2223, "|"}, {0x2225, "\\parallel "},
    {0x2227, "\\land "}, {0x2228, "\\lor "}, {0x2229, "\\cap "}, {0x222a, "\\cup "}, {0x222b, "\\int "},
    {0x2234, "\\therefore "}, {0x2236, ":"}, {0x223c, "\\sim "}, {0x2245, "\\cong "}, {0x2248, "\\approx "},
    {0x2254, "="}, {0x2260, "\\ne "}, {0x2261, "\\equiv "}, {0x2264, "\\le "}, {0x2265, "\\ge "}, {0x2266, "\\le "}, {0x2267, "\\ge "},
    {0x226a, "\\ll "}, {0x226b, "\\gg "}, {0x2282, "\\subset "}, {0x2286, "\\subseteq "}, {0x2283, "\\supset "}, {0x2287, "\\supseteq "}, {0x228a, "\\subsetneq "}, {0x22a5, "\\perp "},
    {0x22c5, "\\cdot "}, {0x22c6, "*"}, {0x22ef, "\\cdots "}, {0x2308, "\\lceil "}, {0x2309, "\\rceil "}, {0x230a, "\\lfloor "}, {0x230b, "\\rfloor "},
    {0x220e, " "}, {0x25a0, " "}, {0x25a1, " "}, {0x2705, " "}, {0x2713, " "}, {0x2714, " "}, {0x25e6, "\\degree "}, {0x27e8, "\\langle "}, {0x27e9, "\\rangle "}, {0x2a7d, "\\le "}, {0x2a7e, "\\ge "},
    {0x2329, "\\langle "}, {0x232a, "\\rangle "}, {0x3000, " "}, {0x3001, ","}, {0x3002, "."}, {0x3008, "\\langle "}, {0x3009, "\\rangle "},
    {0x300a, ""}, {0x300b, ""}, {0x3010, "["}, {0x3011, "]"}, {0xfe0f, ""}, {0xfeff, ""},
};
/* clang-format on */

static const char *character(uint32_t c)
{
    for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
        if (characters[i].code == c) return characters[i].latex;
    }
    return NULL;
}

/* The ASCII form of a superscript or subscript character, 0 when it is neither. */
static char script(uint32_t c, bool *super)
{
    static const struct {
        uint32_t code;
        char ascii;
    } odd[] = {{0x00b9, '1'}, {0x00b2, '2'}, {0x00b3, '3'}, {0x2071, 'i'},
               {0x02e3, 'x'}, {0x02b8, 'y'}, {0x1d43, 'a'}, {0x1d47, 'b'},
               {0x1d4f, 'k'}, {0x1d50, 'm'}, {0x1d57, 't'}};
    *super = true;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        if (odd[i].code == c) return odd[i].ascii;
    }
    if (c == 0x2070 || (c >= 0x2074 && c <= 0x208e)) {
        *super = c < 0x2080;
        return "0???456789+-=()n0123456789+-=()"[c - 0x2070];
    }
    *super = false;
    if (c >= 0x2090 && c <= 0x209c) return "aeox?hklmnpst"[c - 0x2090];
    return 0;
}

/* Letters and digits of U+1D400..1D7FF: 52 letters an alphabet, digits from 1D7CE. */
static char alphabet(uint32_t c)
{
    if (c >= 0x1d7ce && c <= 0x1d7ff) return (char)('0' + (c - 0x1d7ce) % 10);
    if (c >= 0x1d400 && c < 0x1d6a4) {
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(c - 0x1d400) % 52];
    }
    if (c >= 0xff01 && c <= 0xff5e) return (char)(c - 0xff01 + '!');
    return 0;
}

static size_t scripts(struct span text, struct buffer *out, bool super)
{
    size_t at = 0;
    buffer_add_str(out, super ? "^{" : "_{");
    for (;;) {
        uint32_t c;
        bool same;
        size_t n = utf8_decode(span_slice(text, at, text.n), &c);
        char ascii = n == 0 ? 0 : script(c, &same);
        if (ascii == 0 || same != super) break;
        buffer_add_char(out, ascii);
        at += n;
    }
    buffer_add_char(out, '}');
    return at;
}

static size_t rewrite_one(struct span rest, struct buffer *out)
{
    uint32_t c;
    bool super;
    size_t n = utf8_decode(rest, &c);
    if (n == 0) {
        buffer_add_str(out, " ? ");
        return 1;
    }
    const char *latex = character(c);
    char ascii = alphabet(c);
    if (latex != NULL) {
        buffer_add_str(out, latex);
    } else if (ascii != 0) {
        buffer_add_char(out, ascii);
    } else if (script(c, &super) != 0) {
        return scripts(rest, out, super);
    } else {
        /* Letters of other scripts stay: they make words, which are compared as text. */
        buffer_add(out, rest.p, n);
    }
    return n;
}

struct span lexer_plain(struct arena *a, struct span text)
{
    size_t i = 0;
    while (i < text.n && (unsigned char)text.p[i] < 0x80) {
        i++;
    }
    if (i == text.n) return text;
    struct buffer out;
    buffer_init(&out, 8 * text.n + 64);
    buffer_add(&out, text.p, i);
    while (i < text.n) {
        if ((unsigned char)text.p[i] < 0x80) {
            buffer_add_char(&out, text.p[i++]);
        } else {
            i += rewrite_one(span_slice(text, i, text.n), &out);
        }
    }
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span result = span_of(copy, copy == NULL ? 0 : out.n);
    buffer_clear(&out);
    return result;
}
