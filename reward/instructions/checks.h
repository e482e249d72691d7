/* reward/instructions/checks.h - the checks of the table, by file. Each is a function of its call
 * and a text that is not blank (check.h); what its instruction asks for stands in its row
 * (table.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_INSTRUCTIONS_CHECKS_H
#define REWARD_INSTRUCTIONS_CHECKS_H

#include "reward/instructions/check.h"

/* A check by its name, for the lists below. */
#define CHECK(name) enum check_result name(const struct check_call *call, struct span text)

/* counting.c: so many words, sentences, letters */
CHECK(number_words);
CHECK(number_sentences);
CHECK(letter_frequency);
CHECK(letter_counting);
CHECK(lowercase_counting);
CHECK(count_unique);
CHECK(counting_composition);

/* keywords.c: words that must be there, so often, or not at all */
CHECK(keywords_existence);
CHECK(keyword_frequency);
CHECK(forbidden_words);
CHECK(word_once);
CHECK(count_increment_word);
CHECK(exclude_word_harder);
CHECK(keyword_specific_position);
CHECK(no_adjacent_consecutive);
CHECK(palindrome);

/* format.c: marks of Markdown, brackets, JSON */
CHECK(number_placeholders);
CHECK(number_bullet_lists);
CHECK(constrained_response);
CHECK(number_highlighted_sections);
CHECK(multiple_sections);
CHECK(json_format);
CHECK(title);
CHECK(square_brackets);
CHECK(bigram_wrapping);
CHECK(sentence_hyphens);
CHECK(no_comma);
CHECK(no_point);
CHECK(no_exclamation);
CHECK(quotation);
CHECK(postscript);

/* paragraphs.c: paragraphs, two answers, the prompt copied */
CHECK(number_paragraphs);
CHECK(nth_paragraph_first_word);
CHECK(two_paragraphs_by_stars);
CHECK(two_paragraphs_by_lines);
CHECK(two_responses);
CHECK(repeat_prompt);
CHECK(copy_prompt);
CHECK(copy_prompt_often);
CHECK(copy_span);
CHECK(repeat_phrase);

/* ends.c: first and last words */
CHECK(end_checker);
CHECK(first_word_sent);
CHECK(first_word_answer);
CHECK(last_word_sent);
CHECK(last_word_answer);
CHECK(start_end);

/* case.c: capitals and small letters */
CHECK(capital_word_frequency);
CHECK(english_capital);
CHECK(english_lowercase);
CHECK(response_language);

#undef CHECK

#endif
