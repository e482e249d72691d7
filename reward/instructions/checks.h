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
CHECK(copy_span_inclusive);
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

/* vocabulary.c: which words a text uses, and what its words are like */
CHECK(word_count_range);
CHECK(unique_word_count);
CHECK(stop_word_share);
CHECK(conjunction_count);
CHECK(person_name_count);
CHECK(pronoun_count);
CHECK(number_count);
CHECK(keywords_multiple);
CHECK(trigram_overlap);
CHECK(word_repeats);
CHECK(alphabet_loop);
CHECK(three_vowels);
CHECK(consonant_clusters);
CHECK(ten_palindromes);
CHECK(prime_lengths);
CHECK(no_same_first_letters);
CHECK(words_japanese);
CHECK(mth_word_of_nth_sentence);
CHECK(second_words);

/* sequels.c: sentences and paragraphs beside each other */
CHECK(two_to_one);
CHECK(balanced_sentences);
CHECK(three_equal_sentences);
CHECK(alliteration_increment);
CHECK(longer_sentences);
CHECK(sentence_keyword);
CHECK(sentence_alphabet);
CHECK(last_word_first);
CHECK(paragraph_ends);

/* layout.c: how a text is laid out */
CHECK(punctuation_cover);
CHECK(nested_parentheses);
CHECK(nested_quotes);
CHECK(quote_unquote);
CHECK(title_case);
CHECK(no_whitespace);
CHECK(emoji_sentences);
CHECK(word_a_line);
CHECK(line_stairs);
CHECK(own_bullets);
CHECK(italic_thesis);
CHECK(sub_bullets);
CHECK(sentences_then_bullets);
CHECK(output_template);
CHECK(one_option);

/* tasks.c: tasks with one right shape */
CHECK(multiples_of_seven);
CHECK(european_capitals);
CHECK(countries_backwards);
CHECK(words_backwards);
CHECK(letters_backwards);
CHECK(date_list);
CHECK(csv_city);
CHECK(csv_special);
CHECK(csv_quotes);
CHECK(four_questions);
CHECK(repeat_changed);
CHECK(this_sentence);

#undef CHECK

#endif
