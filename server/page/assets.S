/* server/page/assets.S - the bytes of the bundle's files, and of their gzip, from the folder that the build
 * gathers them in (Makefile, "the page").
 *
 * SPDX-License-Identifier: Apache-2.0
 */
        .macro asset name, file
        .global asset_\name, asset_\name\()_end, asset_\name\()_gz, asset_\name\()_gz_end
asset_\name:
        .incbin "\file"
asset_\name\()_end:
        .byte 0
asset_\name\()_gz:
        .incbin "\file\().gz"
asset_\name\()_gz_end:
        .byte 0
        .endm

        .section .rodata
        asset index, "index.html"
        asset page_css, "page.css"
        asset app, "app.js"
        asset api, "api.js"
        asset dom, "dom.js"
        asset markdown, "markdown.js"
        asset flow, "flow.js"
        asset tokens, "tokens.js"
        asset settings, "settings.js"
        asset chat, "chat.js"
        asset rollouts, "rollouts.js"
        asset judge, "judge.js"
        asset live, "live.js"
        asset model, "model.js"
        asset katex_js, "katex.js"
        asset katex_css, "katex.min.css"
        asset marked, "marked.umd.min.js"
        asset purify, "purify.min.js"
        asset font_ams, "KaTeX_AMS-Regular.woff2"
        asset font_cal_bold, "KaTeX_Caligraphic-Bold.woff2"
        asset font_cal, "KaTeX_Caligraphic-Regular.woff2"
        asset font_frak_bold, "KaTeX_Fraktur-Bold.woff2"
        asset font_frak, "KaTeX_Fraktur-Regular.woff2"
        asset font_bold, "KaTeX_Main-Bold.woff2"
        asset font_bold_italic, "KaTeX_Main-BoldItalic.woff2"
        asset font_italic, "KaTeX_Main-Italic.woff2"
        asset font_main, "KaTeX_Main-Regular.woff2"
        asset font_math_bold, "KaTeX_Math-BoldItalic.woff2"
        asset font_math, "KaTeX_Math-Italic.woff2"
        asset font_sans_bold, "KaTeX_SansSerif-Bold.woff2"
        asset font_sans_italic, "KaTeX_SansSerif-Italic.woff2"
        asset font_sans, "KaTeX_SansSerif-Regular.woff2"
        asset font_script, "KaTeX_Script-Regular.woff2"
        asset font_size1, "KaTeX_Size1-Regular.woff2"
        asset font_size2, "KaTeX_Size2-Regular.woff2"
        asset font_size3, "KaTeX_Size3-Regular.woff2"
        asset font_size4, "KaTeX_Size4-Regular.woff2"
        asset font_mono, "KaTeX_Typewriter-Regular.woff2"

        .section .note.GNU-stack, "", @progbits
