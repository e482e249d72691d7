/* server/page/assets.c - the files of the bundle. One more file is a row here and a line in assets.S.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/page/page.h"

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define WOFF2 "font/woff2"

/* clang-format off */
/* name, path, media type; the names are those of assets.S */
#define ASSETS(X)                                                                                  \
    X(index, "/", HTML)                                                                            \
    X(page_css, "/page/page.css", CSS)                                                             \
    X(app, "/page/app.js", JS)                                                                     \
    X(api, "/page/api.js", JS)                                                                     \
    X(dom, "/page/dom.js", JS)                                                                     \
    X(markdown, "/page/markdown.js", JS)                                                           \
    X(flow, "/page/flow.js", JS)                                                                   \
    X(tokens, "/page/tokens.js", JS)                                                               \
    X(settings, "/page/settings.js", JS)                                                           \
    X(chat, "/page/chat.js", JS)                                                                   \
    X(rollouts, "/page/rollouts.js", JS)                                                           \
    X(judge, "/page/judge.js", JS)                                                                 \
    X(live, "/page/live.js", JS)                                                                   \
    X(model, "/page/model.js", JS)                                                                 \
    X(katex_js, "/page/katex.js", JS)                                                              \
    X(katex_css, "/page/katex.css", CSS)                                                           \
    X(marked, "/page/marked.js", JS)                                                               \
    X(purify, "/page/purify.js", JS)                                                               \
    X(font_ams, "/page/fonts/KaTeX_AMS-Regular.woff2", WOFF2)                                      \
    X(font_cal_bold, "/page/fonts/KaTeX_Caligraphic-Bold.woff2", WOFF2)                            \
    X(font_cal, "/page/fonts/KaTeX_Caligraphic-Regular.woff2", WOFF2)                              \
    X(font_frak_bold, "/page/fonts/KaTeX_Fraktur-Bold.woff2", WOFF2)                               \
    X(font_frak, "/page/fonts/KaTeX_Fraktur-Regular.woff2", WOFF2)                                 \
    X(font_bold, "/page/fonts/KaTeX_Main-Bold.woff2", WOFF2)                                       \
    X(font_bold_italic, "/page/fonts/KaTeX_Main-BoldItalic.woff2", WOFF2)                          \
    X(font_italic, "/page/fonts/KaTeX_Main-Italic.woff2", WOFF2)                                   \
    X(font_main, "/page/fonts/KaTeX_Main-Regular.woff2", WOFF2)                                    \
    X(font_math_bold, "/page/fonts/KaTeX_Math-BoldItalic.woff2", WOFF2)                            \
    X(font_math, "/page/fonts/KaTeX_Math-Italic.woff2", WOFF2)                                     \
    X(font_sans_bold, "/page/fonts/KaTeX_SansSerif-Bold.woff2", WOFF2)                             \
    X(font_sans_italic, "/page/fonts/KaTeX_SansSerif-Italic.woff2", WOFF2)                         \
    X(font_sans, "/page/fonts/KaTeX_SansSerif-Regular.woff2", WOFF2)                               \
    X(font_script, "/page/fonts/KaTeX_Script-Regular.woff2", WOFF2)                                \
    X(font_size1, "/page/fonts/KaTeX_Size1-Regular.woff2", WOFF2)                                  \
    X(font_size2, "/page/fonts/KaTeX_Size2-Regular.woff2", WOFF2)                                  \
    X(font_size3, "/page/fonts/KaTeX_Size3-Regular.woff2", WOFF2)                                  \
    X(font_size4, "/page/fonts/KaTeX_Size4-Regular.woff2", WOFF2)                                  \
    X(font_mono, "/page/fonts/KaTeX_Typewriter-Regular.woff2", WOFF2)

#define DECLARE(name, path, type)                                                                  \
    extern const char asset_##name[], asset_##name##_end[], asset_##name##_gz[],                   \
        asset_##name##_gz_end[];
ASSETS(DECLARE)

#define ROW(name, path, type)                                                                      \
    {path, type, asset_##name, asset_##name##_end, asset_##name##_gz, asset_##name##_gz_end},
const struct page_asset page_assets[] = {ASSETS(ROW)};
/* clang-format on */
const size_t page_n_assets = sizeof(page_assets) / sizeof(page_assets[0]);
