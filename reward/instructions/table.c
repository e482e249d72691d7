/* reward/instructions/table.c - the table of verifiable instructions.
 *
 * Sources: IFEval (arXiv 2311.07911; google-research, instruction_following_eval), whose 25 are all
 * here, and IF-RLVR (arXiv 2507.02833; allenai/open-instruct, IFEvalG), which adds 29 for training.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/instructions/checks.h"

/* clang-format off */
static const struct check checks[] = {
    /* IFEval */
    {"keywords:existence", {"keywords"}, keywords_existence, "every keyword is there"},
    {"keywords:frequency", {"keyword", "frequency", "relation"}, keyword_frequency, "the keyword is there less than, or at least, frequency times"},
    {"keywords:forbidden_words", {"forbidden_words"}, forbidden_words, "none of the words is there, as a word"},
    {"keywords:letter_frequency", {"letter", "let_frequency", "let_relation"}, letter_frequency, "the letter is there so often, in either case"},
    {"language:response_language", {"language"}, response_language, "the text is in the language"},
    {"length_constraints:number_sentences", {"num_sentences", "relation"}, number_sentences, "so many sentences"},
    {"length_constraints:number_paragraphs", {"num_paragraphs"}, number_paragraphs, "just so many paragraphs between ***"},
    {"length_constraints:number_words", {"num_words", "relation"}, number_words, "so many words"},
    {"length_constraints:nth_paragraph_first_word", {"num_paragraphs", "nth_paragraph", "first_word"}, nth_paragraph_first_word, "just so many paragraphs between blank lines, and the nth begins with the word"},
    {"detectable_content:number_placeholders", {"num_placeholders"}, number_placeholders, "at least so many [placeholders]"},
    {"detectable_content:postscript", {"postscript_marker"}, postscript, "the marker is there, in either case"},
    {"detectable_format:number_bullet_lists", {"num_bullets"}, number_bullet_lists, "just so many lines that begin with * or -"},
    {"detectable_format:constrained_response", {NULL}, constrained_response, "\"My answer is yes.\", \"... no.\" or \"... maybe.\" is there"},
    {"detectable_format:number_highlighted_sections", {"num_highlights"}, number_highlighted_sections, "at least so many *highlighted* pieces"},
    {"detectable_format:multiple_sections", {"section_spliter", "num_sections"}, multiple_sections, "the splitter with a number behind it is there at least so often"},
    {"detectable_format:json_format", {NULL}, json_format, "the whole is JSON, in a fence or not"},
    {"detectable_format:title", {NULL}, title, "a <<title>> is there"},
    {"combination:two_responses", {NULL}, two_responses, "two different answers with ****** between them"},
    {"combination:repeat_prompt", {"prompt_to_repeat"}, repeat_prompt, "begins with the prompt, in either case"},
    {"startend:end_checker", {"end_phrase"}, end_checker, "ends with the phrase, in either case"},
    {"startend:quotation", {NULL}, quotation, "begins and ends with \""},
    {"change_case:capital_word_frequency", {"capital_frequency", "capital_relation"}, capital_word_frequency, "so many words in capitals"},
    {"change_case:english_capital", {NULL}, english_capital, "English, and no small letter"},
    {"change_case:english_lowercase", {NULL}, english_lowercase, "English, and no capital letter"},
    {"punctuation:no_comma", {NULL}, no_comma, "no comma"},
    /* IF-RLVR */
    {"copy:repeat_phrase", {"phrase", "small_n"}, repeat_phrase, "the phrase is there just so often, each time with one word changed"},
    {"copy:copy", {"prompt_to_repeat"}, copy_prompt, "the prompt and nothing else, in either case"},
    {"new:copy_span_idx", {"prompt_to_repeat", "n_start", "n_end"}, copy_span, "the prompt's characters from n_start to before n_end, and nothing else"},
    {"detectable_format:sentence_hyphens", {NULL}, sentence_hyphens, "sentences with a hyphen between them and no blank"},
    {"keywords:no_adjacent_consecutive", {NULL}, no_adjacent_consecutive, "no word begins with the letter after its neighbour's"},
    {"detectable_format:square_brackets", {NULL}, square_brackets, "every word is in [brackets]"},
    {"keywords:word_once", {"keyword"}, word_once, "the keyword is there once"},
    {"keywords:word_count_different_numbers", {"keyword", "frequency", "relation"}, keyword_frequency, "as keywords:frequency"},
    {"keywords:exclude_word_harder", {"keyword", "instruction"}, exclude_word_harder, "the keyword is not there between two blanks"},
    {"paragraphs:paragraphs", {NULL}, two_paragraphs_by_stars, "two paragraphs with *** between them"},
    {"paragraphs:paragraphs2", {NULL}, two_paragraphs_by_lines, "two paragraphs with a blank line between them"},
    {"first_word:first_word_sent", {"first_word"}, first_word_sent, "every sentence begins with the word"},
    {"first_word:first_word_answer", {"first_word"}, first_word_answer, "begins with the word"},
    {"last_word:last_word_sent", {"last_word"}, last_word_sent, "every sentence ends with the word"},
    {"last_word:last_word_answer", {"last_word"}, last_word_answer, "ends with the word"},
    {"detectable_format:bigram_wrapping", {NULL}, bigram_wrapping, "two words each in <<angular brackets>>"},
    {"copy:copying_simple", {"prompt_to_repeat"}, copy_prompt, "as copy:copy"},
    {"copy:copying_multiple", {"prompt_to_repeat", "N"}, copy_prompt_often, "the prompt N times with ****** between, and nothing else"},
    {"punctuation:punctuation_dot", {NULL}, no_point, "no point"},
    {"punctuation:punctuation_exclamation", {NULL}, no_exclamation, "no exclamation mark"},
    {"count:lowercase_counting", {"N"}, lowercase_counting, "at most N words of small letters"},
    {"letters:letter_counting", {"N", "relation"}, letter_counting, "so many letters"},
    {"letters:letter_counting2", {"letter", "let_frequency", "let_relation"}, letter_frequency, "as keywords:letter_frequency"},
    {"count:counting_composition", {"n_sent", "n_words"}, counting_composition, "three paragraphs between ***, of just n_sent sentences of just n_words words"},
    {"count:count_unique", {NULL}, count_unique, "no word twice"},
    {"count:count_increment_word", {"keyword1", "keyword2"}, count_increment_word, "keyword1 is there once, keyword2 twice"},
    {"keywords:palindrome", {NULL}, palindrome, "a word that reads the same backwards"},
    {"keywords:keyword_specific_position", {"keyword", "n", "m"}, keyword_specific_position, "the keyword is the mth word of the nth sentence"},
    {"keywords:start_end", {NULL}, start_end, "begins and ends with the same word"},
};
/* clang-format on */

enum { N_CHECKS = sizeof(checks) / sizeof(checks[0]) };

const struct check *check_at(size_t i)
{
    return i < N_CHECKS ? &checks[i] : NULL;
}

const struct check *check_find(struct span id)
{
    for (size_t i = 0; i < N_CHECKS; i++) {
        if (span_is(id, checks[i].id)) return &checks[i];
    }
    return NULL;
}
