/* reward/rules/language_detect.c - see language_detect.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/language_detect.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <textcat.h>
#include <unistd.h>

static const char FOLDER[] = "/usr/share/libexttextcat/";

static const char END_OF_NAME[] = "--utf8\n";

/* Profiles and what their languages are called, as the library's own fpdb.conf has them. */
static const char FEW[] =
    "en.lm en--utf8\nde.lm de--utf8\nfr.lm fr--utf8\nes.lm es--utf8\npt.lm pt--utf8\n"
    "it.lm it--utf8\nnl.lm nl--utf8\npl.lm pl--utf8\nvi.lm vi--utf8\ntr.lm tr--utf8\n"
    "id.lm id--utf8\nru.lm ru--utf8\nuk.lm uk--utf8\nbg.lm bg--utf8\nel.lm el--utf8\n"
    "zh-Hans.lm zh--utf8\nzh-Hant.lm zh--utf8\nja.lm ja--utf8\nko.lm ko--utf8\n"
    "ar.lm ar--utf8\nfa.lm fa--utf8\nhe.lm he--utf8\nhi.lm hi--utf8\nth.lm th--utf8\n";
static const char MANY[] =
    "af.lm af--utf8\nar.lm ar--utf8\nbg.lm bg--utf8\nbn.lm bn--utf8\nca.lm ca--utf8\n"
    "cs.lm cs--utf8\ncy.lm cy--utf8\nda.lm da--utf8\nde.lm de--utf8\nel.lm el--utf8\n"
    "en.lm en--utf8\nes.lm es--utf8\net.lm et--utf8\nfa.lm fa--utf8\nfi.lm fi--utf8\n"
    "fr.lm fr--utf8\ngu.lm gu--utf8\nhe.lm he--utf8\nhi.lm hi--utf8\nhr.lm hr--utf8\n"
    "hu.lm hu--utf8\nid.lm id--utf8\nit.lm it--utf8\nja.lm ja--utf8\nkn.lm kn--utf8\n"
    "ko.lm ko--utf8\nlt.lm lt--utf8\nlv.lm lv--utf8\nmk.lm mk--utf8\nml.lm ml--utf8\n"
    "mr.lm mr--utf8\nne.lm ne--utf8\nnl.lm nl--utf8\nnb.lm no--utf8\nnn.lm no--utf8\n"
    "pa.lm pa--utf8\npl.lm pl--utf8\npt.lm pt--utf8\nro.lm ro--utf8\nru.lm ru--utf8\n"
    "sk.lm sk--utf8\nsl.lm sl--utf8\nso.lm so--utf8\nsq.lm sq--utf8\nsv.lm sv--utf8\n"
    "sw.lm sw--utf8\nta.lm ta--utf8\nth.lm th--utf8\ntl.lm tl--utf8\n"
    "tr.lm tr--utf8\nuk.lm uk--utf8\nur.lm ur--utf8\nvi.lm vi--utf8\n"
    "zh-Hans.lm zh-cn--utf8\nzh-Hant.lm zh-tw--utf8\n";

static const struct {
    const char *profiles;
    int least_bytes;
    double likely; /* what is so near to the best guess is as good */
} sets[LANGUAGE_SETS] = {
    [LANGUAGES_FEW] = {FEW, 40, 1.01},
    [LANGUAGES_MANY] = {MANY, 1, 1.03},
};

/* Of a verifier process, which has one thread. */
static struct detector {
    void *handle; /* keeps the text at hand in itself */
    candidate_t *candidates;
} detectors[LANGUAGE_SETS];

/* The library reads its list of profiles from a file. */
static void open_profiles(enum language_set set)
{
    struct detector *d = &detectors[set];
    struct span profiles = span_str(sets[set].profiles);
    char path[40];
    int fd = memfd_create("profiles", MFD_CLOEXEC);
    if (fd < 0) return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (write(fd, profiles.p, profiles.n) == (ssize_t)profiles.n) {
        d->handle = special_textcat_Init(path, FOLDER);
    }
    close(fd);
    if (d->handle == NULL) return;
    textcat_SetProperty(d->handle, TCPROP_MINIMUM_DOCUMENT_SIZE, sets[set].least_bytes);
    d->candidates = textcat_GetClassifyFullOutput(d->handle);
}

/* The next line's file and name. */
static bool next_profile(struct span *rest, struct span *file, struct span *name)
{
    size_t gap = span_find(*rest, span_str(" "), 0);
    if (gap == SPAN_NONE) return false;
    size_t end = span_find(*rest, span_str(END_OF_NAME), gap);
    *file = span_slice(*rest, 0, gap);
    *name = span_slice(*rest, gap + 1, end);
    *rest = span_slice(*rest, end + strlen(END_OF_NAME), rest->n);
    return true;
}

bool language_detect_is_there(struct error *err)
{
    char path[sizeof(FOLDER) + 40];
    struct span file, name;
    for (int set = 0; set < LANGUAGE_SETS; set++) {
        struct span rest = span_str(sets[set].profiles);
        while (next_profile(&rest, &file, &name)) {
            snprintf(path, sizeof(path), "%s%.*s", FOLDER, (int)file.n, file.p);
            if (access(path, R_OK) == 0) continue;
            return error_set(err, ERROR_NOT_AVAILABLE, NULL,
                             "the language profiles of libexttextcat are not in %s", FOLDER);
        }
    }
    return true;
}

const char *language_detect_knows(enum language_set set, struct span language)
{
    struct span rest = span_str(sets[set].profiles), file, name;
    while (next_profile(&rest, &file, &name)) {
        if (span_eq(name, language)) return name.p;
    }
    return NULL;
}

bool language_detect_open(enum language_set set)
{
    if (detectors[set].candidates == NULL) open_profiles(set);
    return detectors[set].candidates != NULL;
}

/* A name of a profile, or of a list of them, without what stands behind it. */
static struct span plain_name(const char *name)
{
    struct span all = span_str(name);
    return span_slice(all, 0, span_find(all, span_str("--"), 0));
}

enum language_guess language_detect(enum language_set set, struct span text, const char *language)
{
    struct detector *d = &detectors[set];
    assert(d->candidates != NULL);
    int n = textcat_ClassifyFull(d->handle, text.p, text.n, d->candidates);
    enum language_guess guess = n > 0 ? GUESS_OTHER : GUESS_NONE;
    for (int i = 0; i < n; i++) { /* best first; a score is a distance */
        const candidate_t *c = &d->candidates[i];
        bool likely = c->score <= d->candidates[0].score * sets[set].likely;
        if (likely && span_eq(plain_name(c->name), plain_name(language))) guess = GUESS_SAME;
    }
    return guess;
}
