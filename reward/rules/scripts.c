/* reward/rules/scripts.c - see scripts.h: ranges in order, searched by halves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/scripts.h"

#include <stddef.h>

struct range {
    uint32_t first, last;
    enum script script;
};

/* clang-format off */
static const struct range ranges[] = {
    {0x41, 0x5A, SCRIPT_LATIN}, {0x61, 0x7A, SCRIPT_LATIN}, {0xAA, 0xAA, SCRIPT_LATIN},
    {0xBA, 0xBA, SCRIPT_LATIN}, {0xC0, 0xD6, SCRIPT_LATIN}, {0xD8, 0xF6, SCRIPT_LATIN},
    {0xF8, 0x2AF, SCRIPT_LATIN},
    {0x300, 0x36F, SCRIPT_MARK},
    {0x370, 0x373, SCRIPT_GREEK}, {0x376, 0x377, SCRIPT_GREEK}, {0x37B, 0x37D, SCRIPT_GREEK},
    {0x37F, 0x37F, SCRIPT_GREEK}, {0x386, 0x386, SCRIPT_GREEK}, {0x388, 0x3FF, SCRIPT_GREEK},
    {0x400, 0x481, SCRIPT_CYRILLIC}, {0x483, 0x487, SCRIPT_MARK}, {0x48A, 0x52F, SCRIPT_CYRILLIC},
    {0x591, 0x5C7, SCRIPT_MARK}, {0x5D0, 0x5F2, SCRIPT_HEBREW},
    {0x610, 0x61A, SCRIPT_MARK}, {0x620, 0x64A, SCRIPT_ARABIC}, {0x64B, 0x65F, SCRIPT_MARK},
    {0x66E, 0x66F, SCRIPT_ARABIC}, {0x670, 0x670, SCRIPT_MARK}, {0x671, 0x6D3, SCRIPT_ARABIC},
    {0x6D5, 0x6D5, SCRIPT_ARABIC}, {0x6FA, 0x6FF, SCRIPT_ARABIC}, {0x750, 0x77F, SCRIPT_ARABIC},
    {0x900, 0x903, SCRIPT_MARK}, {0x904, 0x939, SCRIPT_DEVANAGARI}, {0x93A, 0x93C, SCRIPT_MARK},
    {0x93D, 0x93D, SCRIPT_DEVANAGARI}, {0x93E, 0x94F, SCRIPT_MARK},
    {0x950, 0x950, SCRIPT_DEVANAGARI}, {0x951, 0x957, SCRIPT_MARK},
    {0x958, 0x961, SCRIPT_DEVANAGARI}, {0x962, 0x963, SCRIPT_MARK},
    {0xE01, 0xE30, SCRIPT_THAI}, {0xE32, 0xE33, SCRIPT_THAI}, {0xE40, 0xE46, SCRIPT_THAI},
    {0xE81, 0xEB0, SCRIPT_LAO}, {0xEB2, 0xEB3, SCRIPT_LAO}, {0xEBD, 0xEC6, SCRIPT_LAO},
    {0xEDC, 0xEDF, SCRIPT_LAO},
    {0x1000, 0x102A, SCRIPT_MYANMAR}, {0x1050, 0x1055, SCRIPT_MYANMAR},
    {0x1100, 0x11FF, SCRIPT_HANGUL},
    {0x1780, 0x17B3, SCRIPT_KHMER},
    {0x1AB0, 0x1AFF, SCRIPT_MARK},
    {0x1C80, 0x1C8F, SCRIPT_CYRILLIC},
    {0x1DC0, 0x1DFF, SCRIPT_MARK},
    {0x1E00, 0x1EFF, SCRIPT_LATIN},
    {0x1F00, 0x1FFF, SCRIPT_GREEK},
    {0x20D0, 0x20FF, SCRIPT_MARK},
    {0x3005, 0x3007, SCRIPT_HAN}, {0x3041, 0x3096, SCRIPT_HIRAGANA},
    {0x309D, 0x309F, SCRIPT_HIRAGANA}, {0x30A1, 0x30FA, SCRIPT_KATAKANA},
    {0x30FC, 0x30FF, SCRIPT_KATAKANA}, {0x3131, 0x318E, SCRIPT_HANGUL},
    {0x31F0, 0x31FF, SCRIPT_KATAKANA}, {0x3400, 0x4DBF, SCRIPT_HAN}, {0x4E00, 0x9FFF, SCRIPT_HAN},
    {0xA640, 0xA66E, SCRIPT_CYRILLIC}, {0xA680, 0xA69D, SCRIPT_CYRILLIC},
    {0xA960, 0xA97C, SCRIPT_HANGUL}, {0xAC00, 0xD7A3, SCRIPT_HANGUL},
    {0xD7B0, 0xD7FB, SCRIPT_HANGUL},
    {0xF900, 0xFAFF, SCRIPT_HAN},
    {0xFB1D, 0xFB4F, SCRIPT_HEBREW}, {0xFB50, 0xFDFB, SCRIPT_ARABIC},
    {0xFE70, 0xFEFC, SCRIPT_ARABIC},
    {0xFF21, 0xFF3A, SCRIPT_LATIN}, {0xFF41, 0xFF5A, SCRIPT_LATIN},
    {0xFF66, 0xFF9F, SCRIPT_KATAKANA},
    {0x20000, 0x323AF, SCRIPT_HAN},
};
/* clang-format on */

enum script script_of(uint32_t c)
{
    if (c < 0x80) return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ? SCRIPT_LATIN : SCRIPT_NONE;
    size_t low = 0, high = sizeof(ranges) / sizeof(ranges[0]);
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > ranges[mid].last) {
            low = mid + 1;
        } else if (c < ranges[mid].first) {
            high = mid;
        } else {
            return ranges[mid].script;
        }
    }
    return SCRIPT_NONE;
}
