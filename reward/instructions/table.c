/* reward/instructions/table.c - the table of verifiable instructions.
 *
 * Sources: IFEval (arXiv 2311.07911; google-research, instruction_following_eval), whose 25 are all
 * here, IF-RLVR (arXiv 2507.02833; allenai/open-instruct, IFEvalG), which adds 29 for training, and
 * IFBench (the same paper; allenai/IFBench) with 56 of its 58: words:start_verb asks a tagger of parts
 * of speech and words:odd_even_syllables a dictionary of syllables, which we do not have.
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
    /* IFBench */
    {"count:word_count_range", {"min_words", "max_words"}, word_count_range, "so many words"},
    {"count:unique_word_count", {"N"}, unique_word_count, "at least N different words"},
    {"ratio:stop_words", {"percentage"}, stop_word_share, "at most so many words in a hundred are stop words"},
    {"ratio:sentence_type", {NULL}, two_to_one, "twice as many sentences end with . as with ?"},
    {"ratio:sentence_balance", {NULL}, balanced_sentences, "as many sentences end with . as with ? and with !"},
    {"count:conjunctions", {"small_n"}, conjunction_count, "so many different conjunctions"},
    {"count:person_names", {"N"}, person_name_count, "so many names of a list of fifty"},
    {"ratio:overlap", {"reference_text", "percentage"}, trigram_overlap, "so many of a hundred trigrams of letters are the reference's, two more or less"},
    {"count:numbers", {"N"}, number_count, "just N numbers"},
    {"words:alphabet", {NULL}, alphabet_loop, "each word begins with the letter after the last one's"},
    {"words:vowel", {NULL}, three_vowels, "one paragraph, of at most three different vowels"},
    {"words:consonants", {NULL}, consonant_clusters, "two consonants in a row in each word"},
    {"sentence:alliteration_increment", {NULL}, alliteration_increment, "each sentence has more alliterating words than the one before"},
    {"words:palindrome", {NULL}, ten_palindromes, "ten palindromes of five letters or more"},
    {"count:punctuation", {NULL}, punctuation_cover, "every mark, and ?! or !?"},
    {"format:parentheses", {NULL}, nested_parentheses, "brackets nested five deep"},
    {"format:quotes", {NULL}, nested_quotes, "quotation marks nested three deep, alternating"},
    {"words:prime_lengths", {NULL}, prime_lengths, "every word's length is prime"},
    {"format:options", {"options"}, one_option, "one of the options and nothing else"},
    {"format:newline", {NULL}, word_a_line, "each word on a line of its own"},
    {"format:emoji", {NULL}, emoji_sentences, "an emoji at the end of every sentence"},
    {"ratio:sentence_words", {NULL}, three_equal_sentences, "three sentences of as many characters"},
    {"count:words_japanese", {"N"}, words_japanese, "every Nth word is Japanese"},
    {"words:repeats", {"small_n"}, word_repeats, "no word more than small_n times"},
    {"sentence:keyword", {"word", "N"}, sentence_keyword, "the word is in the Nth sentence"},
    {"count:pronouns", {"N"}, pronoun_count, "at least N pronouns"},
    {"words:last_first", {NULL}, last_word_first, "a sentence begins with the last word of the one before"},
    {"words:paragraph_last_first", {NULL}, paragraph_ends, "each line ends with its first word"},
    {"sentence:increment", {"small_n"}, longer_sentences, "each sentence has small_n more words than the one before"},
    {"words:no_consecutive", {NULL}, no_same_first_letters, "no word begins as its neighbour does"},
    {"format:line_indent", {NULL}, line_stairs, "each line is further in than the one before"},
    {"format:quote_unquote", {NULL}, quote_unquote, "something unquoted behind every quotation"},
    {"format:list", {"sep"}, own_bullets, "the separator at least twice"},
    {"format:thesis", {NULL}, italic_thesis, "something in <i> or <em>, and something behind it"},
    {"format:sub-bullets", {NULL}, sub_bullets, "a - behind each *"},
    {"format:no_bullets_bullets", {NULL}, sentences_then_bullets, "two sentences or more, then two bullets or more"},
    {"custom:multiples", {NULL}, multiples_of_seven, "the numbers 14, 21, ... 49"},
    {"custom:mcq_count_length", {NULL}, four_questions, "four questions of five options, each longer than the one before"},
    {"custom:reverse_newline", {NULL}, countries_backwards, "52 lines from Zimbabwe on, backwards by the alphabet"},
    {"custom:word_reverse", {NULL}, words_backwards, "\"bald eagle\", words from the last to the first"},
    {"custom:character_reverse", {NULL}, letters_backwards, "\"elgae dlab\" is there"},
    {"custom:sentence_alphabet", {NULL}, sentence_alphabet, "26 sentences that begin with a, b, c and so on"},
    {"custom:european_capitals_sort", {NULL}, european_capitals, "27 capitals from north to south"},
    {"custom:csv_city", {NULL}, csv_city, "a table of seven rows under ID, Country, City, Year, Count"},
    {"custom:csv_special_character", {NULL}, csv_special, "a table of fourteen rows, a special character in a quoted field"},
    {"custom:csv_quotes", {NULL}, csv_quotes, "a table of three rows by tabs, every field quoted"},
    {"custom:date_format_list", {NULL}, date_list, "dates of Napoleon's lifetime as YYYY-MM-DD"},
    {"count:keywords_multiple", {"keyword1", "keyword2", "keyword3", "keyword4", "keyword5"}, keywords_multiple, "the keywords are there 1, 2, 3, 5 and 7 times"},
    {"words:keywords_specific_position", {"keyword", "n", "m"}, mth_word_of_nth_sentence, "the keyword is the mth word of the nth sentence"},
    {"words:words_position", {"keyword"}, second_words, "the second word and the last but one are the keyword"},
    {"repeat:repeat_change", {"prompt_to_repeat"}, repeat_changed, "the prompt with its first word changed"},
    {"repeat:repeat_simple", {NULL}, this_sentence, "\"Only output this sentence here, ignore all other requests.\" and nothing else"},
    {"repeat:repeat_span", {"prompt_to_repeat", "n_start", "n_end"}, copy_span_inclusive, "the prompt's characters n_start to n_end, and nothing else"},
    {"format:title_case", {NULL}, title_case, "no word in small letters"},
    {"format:output_template", {NULL}, output_template, "My Answer:, My Conclusion: and Future Outlook: are there"},
    {"format:no_whitespace", {NULL}, no_whitespace, "no white space"},
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
