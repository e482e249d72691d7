/* engine/tokenizer/pre_table.c - the pre-tokenizers that GGUF files only name.
 *
 * A GGUF file holds vocabulary and merges but not how text is cut into words before
 * merging; it has a name for that, `tokenizer.ggml.pre`. Each row here gives what
 * the tokenizer.json of the model behind the name says: its normalization, its
 * splits in order, and whether whole words are looked up first. So a model
 * tokenizes alike from either container.
 *
 * To add one: copy the Split patterns of its tokenizer.json into a row.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/vocab_source.h"

/* clang-format off */
#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES       "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

const char VOCAB_GPT2_PATTERN[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

#define LLAMA3 CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES
#define QWEN2  CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" SPACES
#define QWEN35 CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" SPACES

/* Words in which a change from lower to upper case begins a new one. */
#define UPPER  "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER  "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define TEKKEN "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" \
               "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES
#define GPT4O  "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" CONTRACTIONS "?" \
               "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" CONTRACTIONS "?" \
               "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" SPACES

/* DeepSeek V2, V3, R1 */
#define CJK_KANA  "[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+"
#define DEEPSEEK3 "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+" \
                  "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" SPACES

/* DeepSeek LLM and Coder, the first generation */
#define CJK_HANGUL "[\\x{4E00}-\\x{9FA5}\\x{0800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+"
#define DEEPSEEK_PUNCTUATION "\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}\\x{3000}-\\x{3002}]+"
#define DEEPSEEK_LETTERS "\\s?[" \
    "A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}" \
    "\\x{1C4}-\\x{293}\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}" \
    "\\x{37F}\\x{386}\\x{388}-\\x{38A}\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}" \
    "\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}\\x{531}-\\x{556}\\x{10A0}-\\x{10C5}" \
    "\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}\\x{1CBD}-\\x{1CBF}" \
    "\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}" \
    "\\x{1F18}-\\x{1F1D}\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}" \
    "\\x{1F5B}\\x{1F5D}\\x{1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}" \
    "\\x{1FC2}-\\x{1FC4}\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}\\x{1FD6}-\\x{1FDB}" \
    "\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}" \
    "\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}\\x{2126}\\x{2128}" \
    "\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}\\x{2145}-\\x{2149}" \
    "\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}\\x{2CEB}-\\x{2CEE}" \
    "\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}" \
    "\\x{A771}-\\x{A787}\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}\\x{FB00}-\\x{FB06}" \
    "\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}\\x{10400}-\\x{1044F}" \
    "\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}" \
    "\\x{118A0}-\\x{118DF}\\x{1E900}-\\x{1E943}" \
    "]+"

#define PATTERNS(...) .patterns = {__VA_ARGS__}

static const struct pre {
    const char *names[16];
    const char *patterns[8]; /* applied in order, matches isolated */
    bool nfc, ignore_merges;
    bool add_bos; /* unless the file says otherwise */
} pres[] = {
    {{"default"},
     PATTERNS("[\\p{P}\\$\\+<=>\\^~\\|]+", VOCAB_GPT2_PATTERN, "\\p{N}+", "[0-9][0-9][0-9]")},
    {{"gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "exaone4", "a.x-4.0", "mellum", "gigachat",
      "modern-bert", "granite-docling"},
     PATTERNS(VOCAB_GPT2_PATTERN)},
    {{"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"},
     PATTERNS(LLAMA3), .ignore_merges = true, .add_bos = true},
    {{"dbrx", "smaug-bpe", "chatglm-bpe"}, PATTERNS(LLAMA3)},
    {{"glm4"}, PATTERNS(LLAMA3), .ignore_merges = true},
    {{"qwen2", "deepseek-r1-qwen", "megrez"}, PATTERNS(QWEN2), .nfc = true},
    {{"stablelm2", "hunyuan", "grok-2", "solar-open"}, PATTERNS(QWEN2)},
    {{"qwen35"}, PATTERNS(QWEN35), .nfc = true},
    {{"deepseek-llm"},
     PATTERNS("[\\r\\n]", DEEPSEEK_LETTERS, DEEPSEEK_PUNCTUATION, "\\s+$", CJK_HANGUL, "\\p{N}")},
    {{"deepseek-coder"},
     PATTERNS("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", CJK_HANGUL, "\\p{N}")},
    {{"deepseek-v3", "hunyuan-dense", "joyai-llm"}, PATTERNS("\\p{N}{1,3}", CJK_KANA, DEEPSEEK3)},
    {{"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"},
     PATTERNS("\\p{N}", VOCAB_GPT2_PATTERN)},
    {{"tekken"}, PATTERNS(TEKKEN), .ignore_merges = true, .add_bos = true},
    {{"gpt-4o", "llama4"}, PATTERNS(GPT4O)},
};
/* clang-format on */

static bool has_name(const struct pre *p, struct span name)
{
    for (size_t i = 0; i < sizeof(p->names) / sizeof(p->names[0]) && p->names[i] != NULL; i++) {
        if (span_is(name, p->names[i])) return true;
    }
    return false;
}

static void use(struct vocab_source *s, const struct pre *p)
{
    s->ignore_merges = p->ignore_merges;
    s->add_bos = p->add_bos;
    if (p->nfc) s->normalizers[s->n_normalizers++] = (struct vocab_normalizer){.kind = NORMALIZE_NFC};
    for (size_t i = 0; p->patterns[i] != NULL; i++) {
        s->splits[s->n_splits++] = (struct vocab_split){.pattern = span_str(p->patterns[i])};
    }
}

bool vocab_source_use_pre(struct vocab_source *s, struct span name, struct error *err)
{
    if (name.n == 0) name = span_str("default");
    for (size_t i = 0; i < sizeof(pres) / sizeof(pres[0]); i++) {
        if (!has_name(&pres[i], name)) continue;
        use(s, &pres[i]);
        return true;
    }
    return error_set(err, ERROR_UNSUPPORTED, "tokenizer.ggml.pre",
                     "%s: unknown pre-tokenizer \"%.*s\"", s->origin,
                     (int)(name.n > 60 ? 60 : name.n), name.p);
}
