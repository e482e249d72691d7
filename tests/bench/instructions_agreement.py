"""How often the reward `instructions` and the data sets' own checkers agree, check by check.

    python tests/bench/instructions_agreement.py --references DIR [--nltk DIR] [--texts FILE...] [--udhr DIR]
        [--cases N] [--binary build/release/touchstone] [--record FILE --record-cases N] [--only SUBSTRING] [--show N]

DIR holds the packages that define the checks: lm_eval/tasks/ifeval (EleutherAI/lm-evaluation-harness; or
instruction_following_eval of google-research under that name), open_instruct/IFEvalG (allenai/open-instruct) and
ifbench (allenai/IFBench). The Python that runs this needs what they import: nltk with punkt_tab (--nltk: its data),
langdetect, immutabledict, absl-py, emoji, syllapy.

Texts are put together here from sentences, lists, marks and mistakes, and changed at random; further ones come from
--texts (JSON lines with "response", or plain text). What is about languages is asked of clean paragraphs: of the Universal
Declaration of Human Rights in the languages that IFEval has (--udhr: NLTK's corpus udhr2), for scraps of mixed tongues have no
language. Arguments are chosen near what a text has, so that a count that is
off by one shows. Printed is a table, for docs/instructions.md; --record writes cases for
tests/data/instructions.jsonl, of texts made here alone.
"""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile

SENTENCES = """The quick fox jumped over the lazy dog.
Dr. Miller went to Washington D.C. last week.
Did you see that? I could not believe it!
She paid $3.50 for 2.5 kg of apples, i.e. less than usual.
Mr. and Mrs. Ng don't like it; they'll leave at 5 p.m. on Monday.
"Well," he said, "I can't go."
NASA and the U.S. Air Force tested the X-15 in 1959.
However, the results were mixed.
It wasn't the end... or was it?
First, wash the rice. Then, boil it for 12 minutes.
The meeting (which lasted an hour) was dull.
We visited example.com and www.test.org for details.
J. S. Bach wrote many fugues.
He lives at No. 5 St. James St. in London.
The answer is 42.
My answer is yes.
My answer is maybe.
Überraschung! Die Straße ist naß.
Elle a dit : « Bonjour ! »
What a day. What a wonderful, sunny day.
Prices rose by 3.4% in Q1, vs. 2.9% a year ago.
The company, Acme Inc. was founded in 1990. They make everything.
Smith Co. has a new boss.
Otto saw a radar level at noon.
He got a Ph.D. in physics.
I love it when a plan comes together
all of this was written in lower case letters, mostly
THIS LINE IS SHOUTED BY SOMEBODY.
The cat sat on the mat, and the cat was happy.
Is there anything else I can help with?
Any other questions?
“Curly quotes,” she noted, ‘are everywhere’.
Cannot we gonna do it? Gimme 5!
Time flies when having fun
Time moves when having fun and Time flies when eating fun
The early bird catches the worm. The early crow catches the worm
P.S. Don't forget the milk.
P. S. I forgot. P.P.S. Really.
Vitamin B. and plan C. are fine. See fig. 3. for more.
The U.K. and the U.S.A. agreed. The E.U. did not.
It cost 1,000,000 dollars: too much!
Section 1 begins here. SECTION 2 follows. Section 3.
At 10:30 a.m. we left; at 11 we arrived -- tired.
Try it--you'll like it!!! Really?! Yes.
Café naïve résumé coöperate.
日本語の文章です。これは二番目の文です。
Это русское предложение. Это второе.
x = y + z; f(x) = [a, b] {c} <d>
Visit http://site.io/path?a=1&b=2 now.
1. First item. 2. Second item. 3. third item.
A word_with_underscores and don't-stop-me-now hyphenation.
They said 'tis fine and 'twas good; rock 'n' roll.
No! No!! No...
etc. The rest is silence. vs. others. Jan. 5 was cold.
Gov. Brown and Sen. White met Prof. Green on Feb. 3 at noon.
He works for Apple Inc. It is big. He met John Jr. He left.""".split("\n")

MARKS = ["*", "**", "***", "******", "\n", "\n\n", " ", "\t", ".", "..", "...", "!", "?", ",", ":", ";", "-", "--", "\"", "''",
         "'", "`", "``", "(", ")", "[", "]", "[name]", "[your address]", "<<", ">>", "<<A Title>>", "*bold*", "**very bold**",
         "* item\n", "- item\n", "\n* ", "\n- ", "\n  * ", "Section 1", "\nSection 2\n", "P.S.", "p.s. ", "P.P.S ", "1", "2.5", "A",
         "a", "É", "é", "ﬁ", "ß", "—", "–", "“", "”", "‘", "’", "«", "»", " ", "　", "U.S.", "e.g.", "i.e.", "Mr.", "cat",
         "CAT", "Cat", "dog", "the", "I", "{", "}", "\\", "/", "#", "@", "&", "%", "$", "_", "<", ">", "```", "```json\n", "|", "~",
         "ʰ", "Ⓐ", "ⅷ", "ǅ", "😀", "İ", "Σ", "ς", ". . .", "!\"", ".\"", "?\"", ".”", " Inc. ", " Jr. ", "Ph.D.", "'s ", "n't ",
         "'ll ", "cannot", ".com", "1.2.3", "J.", "No. "]

WORDS = ["cat", "dog", "the", "answer", "plan", "day", "It", "fox", "c.t", "U.S.", "early", "don't", "kg", "is", "a"]


class Texts:
    """Texts of many kinds, from a seed."""

    def __init__(self, rng, more):
        self.rng, self.more = rng, more

    def sentences(self, n):
        joints = [" ", " ", " ", "\n", "\n\n", "  "]
        return "".join(self.rng.choice(SENTENCES) + self.rng.choice(joints) for _ in range(n)).strip()

    def shape(self):
        r = self.rng
        few = lambda: self.sentences(r.randint(1, 4))
        return r.choice([
            few, few, few, lambda: self.sentences(r.randint(1, 12)),
            lambda: "\n\n".join(few() for _ in range(r.randint(1, 5))),
            lambda: r.choice(["***", "\n***\n", " *** ", "\n\n***\n\n"]).join(few() for _ in range(r.randint(1, 5))),
            lambda: r.choice(["******", "\n******\n"]).join(few() for _ in range(r.randint(1, 3))),
            lambda: "\n".join(r.choice(["* ", "- ", "  * ", "** ", "*", "1. "]) + r.choice(SENTENCES) for _ in range(r.randint(1, 7))),
            lambda: few().upper(), lambda: few().lower(),
            lambda: "<<" + r.choice(SENTENCES) + ">>\n\n" + few(),
            lambda: '"' + few() + '"',
            lambda: r.choice(["", "```json\n", "```\n", "Here: "]) + json.dumps({"a": few(), "b": [1, 2.5, None]}) + r.choice(["", "\n```"]),
            lambda: " ".join("[" + w + "]" for w in few().split()),
            lambda: "-".join(s.strip() for s in r.sample(SENTENCES, r.randint(1, 4))),
            lambda: " ".join("<<" + w if i % 2 == 0 else w + ">>" for i, w in enumerate(few().split())),
            lambda: "\n".join(r.choice(["Section ", "SECTION ", "section "]) + str(i + 1) + "\n" + few() for i in range(r.randint(1, 5))),
            lambda: " ".join(r.choice(["Cat", "cat", "The"]) + " " + s for s in r.sample(SENTENCES, r.randint(1, 4))),
            lambda: " ".join(r.choice(["She likes the cat.", "Where is my cat?", "A CAT!", "No dog."]) for _ in range(r.randint(1, 4))),
            lambda: r.choice(["Cat sees a cat", "day by day", "The end of the", "to be or not to", "radar " + few()]),
            lambda: " ".join(r.choice("abcdefgh") + w for w in few().split()),
            lambda: " *** ".join(" ".join("One two." for _ in range(r.randint(1, 3))) for _ in range(r.randint(2, 4))),
            lambda: r.choice([" *** ", "\n***\n", "***"]).join([" ".join([r.choice(SENTENCES[:20])] * r.randint(1, 3))] * r.choice([3, 3, 3, 2])),
        ])()

    def change(self, text):
        r = self.rng
        for _ in range(r.choice([0, 0, 1, 1, 2, 3, 6])):
            i = r.randint(0, len(text))
            j = min(len(text), i + r.randint(0, 12))
            text = r.choice([
                lambda: text[:i] + r.choice(MARKS) + text[i:], lambda: text[:i] + r.choice(MARKS) + text[i:],
                lambda: text[:i] + r.choice(MARKS) + text[j:], lambda: text[:i] + text[j:],
                lambda: text[:i] + text[i:j] + text[i:], lambda: text[:i] + text[i:j].upper() + text[j:],
                lambda: text + r.choice(MARKS), lambda: r.choice(MARKS) + text,
            ])()
        return text

    def one(self):
        r = self.rng
        if self.more and r.random() < 0.5:
            text = r.choice(self.more)
            start = r.randrange(max(1, len(text) - 200))
            return self.change(text[start:start + r.choice([100, 400, 1500])] if r.random() < 0.7 else text[:4000])
        return self.change(self.shape())


# IFEval's languages, by the names of udhr2's files
LANGUAGES = {"eng": "en", "spa": "es", "por_PT": "pt", "arb": "ar", "hin": "hi", "fra": "fr", "rus": "ru", "deu_1901": "de", "jpn": "ja",
             "ita": "it", "ben": "bn", "ukr": "uk", "tha": "th", "urd": "ur", "tam": "ta", "tel_1": "te", "bul": "bg", "kor": "ko",
             "pol": "pl", "heb": "he", "pes_1": "fa", "vie": "vi", "nep": "ne", "swh": "sw", "kan": "kn", "mar": "mr", "guj": "gu",
             "pan": "pa", "mal": "ml", "fin": "fi"}


class Declaration:
    """Clean paragraphs in IFEval's languages."""

    def __init__(self, rng, folder):
        self.rng, self.paragraphs = rng, {}
        for name, code in LANGUAGES.items():
            path = os.path.join(folder, name + ".txt")
            if os.path.exists(path):
                lines = open(path, encoding="utf-8").read().split("\n")
                self.paragraphs[code] = [line.strip() for line in lines if len(line.strip()) > 40]

    def one(self, check):
        r = self.rng
        english = check.startswith("change_case") and r.random() < 0.8
        self.code = "en" if english else r.choice(sorted(self.paragraphs))
        lines = self.paragraphs[self.code]
        text = "\n".join(lines[(start := r.randrange(len(lines))):start + r.choice([1, 1, 2, 4])])
        return r.choice([text.upper(), text.lower(), text]) if check.startswith("change_case") else text

    def kwargs(self, check):
        if check.startswith("change_case"):
            return {}
        return {"language": self.code if self.rng.random() < 0.6 else self.rng.choice(sorted(self.paragraphs))}


CAPITALS = ("Reykjavik Helsinki Oslo Tallinn Stockholm Riga Moscow Copenhagen Vilnius Minsk Dublin Berlin Amsterdam Warsaw London Brussels "
            "Prague Luxembourg Paris Vienna Bratislava Budapest Vaduz Chisinau Bern Ljubljana Zagreb").split()


def table(r, header, rows, delimiter, quoted):
    cell = lambda: r.choice(["1", "Rome", "a b", "x&y", "3.5", "a, b" if delimiter != "," or quoted else "c", ""])
    quote = lambda f: '"' + f + '"' if quoted or r.random() < 0.1 else f
    lines = [delimiter.join(quote(h) if quoted and r.random() < 0.5 else h for h in header)]
    lines += [delimiter.join(quote(cell()) for _ in header) for _ in range(rows)]
    return "\n".join(lines)


def fitting(check, r, texts):
    """A text that has a chance to follow a check that chance texts hardly follow; None: any will do."""
    sentence = lambda: r.choice(SENTENCES[:20])
    words = lambda n: " ".join(r.choice(["cat", "dog", "sun", "early", "strong", "milk", "art", "ox"]) for _ in range(n))
    makers = {
        "words:alphabet": lambda: " ".join(chr(97 + (r.randint(0, 3) * 0 + i) % 26) + r.choice(["x", "at", "or"]) for i in range(r.randint(1, 30))),
        "words:vowel": lambda: r.choice(["a cat sat", "the dog eats", "my sky", "an audio cue", "A big red lid"]),
        "words:consonants": lambda: " ".join(r.choice(["strong", "milk", "art", "black", "this"]) for _ in range(r.randint(1, 5))),
        "words:prime_lengths": lambda: " ".join(r.choice(["cat", "to", "seven", "letters", "it's", "four"]) for _ in range(r.randint(1, 3))),
        "words:palindrome": lambda: " ".join(r.choice(["level", "radar", "Civic,", "refer", "kayak", "noon", "rotor"]) for _ in range(r.randint(8, 14))),
        "sentence:alliteration_increment": lambda: "Big cats. " + r.choice(["Big bad dogs ", "Dogs "]) + r.choice(["bark. ", "meow! "]) + r.choice(["Silly sad seals sing.", "Stop."]),
        "count:punctuation": lambda: r.choice(["So: a, b; c. What?! Yes! Why?", "a, b; c: d. e! f?", "a,b;c:d.e!?", "‽ a,b;c:d.e!f?"]) + sentence(),
        "format:parentheses": lambda: r.choice(["(a [b {c (d [e] f)}])", "((((a))))", "([{(<[x]>)}])", "(a)]((((("]) + sentence(),
        "format:quotes": lambda: r.choice(["\"a 'b \"c\" d' e\"", "\"a 'b' c\"", "'a \"b 'c' d\" e'", "it's \"a\""]) + sentence(),
        "format:options": lambda: r.choice(["yes", "Yes.", "no", "maybe!", "I know", "I don't know.", "a)", "b)", "A", "yes no"]),
        "format:newline": lambda: r.choice(["\n", "\n\n", " "]).join(words(r.randint(1, 5)).split()),
        "format:emoji": lambda: " ".join(sentence().rstrip(".!?") + r.choice([".😀", "😀.", "! 🎉", ". ❤️", "."]) for _ in range(r.randint(1, 3))),
        "ratio:sentence_words": lambda: " ".join([r.choice(["A cat sat.", "A dog ran."])] * 2 + [r.choice(["I go now on.", "We go now.", "A pig ate."])]),
        "ratio:sentence_type": lambda: " ".join(r.choice(["Is it?", "It is.", "No way!"]) for _ in range(r.choice([3, 3, 6]))),
        "ratio:sentence_balance": lambda: " ".join(r.choice(["Is it?", "It is.", "No way!"]) for _ in range(3)),
        "count:words_japanese": lambda: " ".join(r.choice(["cat", "12", "日本", "ねこ", "カー"]) for _ in range(r.randint(1, 9))),
        "words:repeats": lambda: words(r.randint(1, 9)),
        "words:last_first": lambda: r.choice(["I see a cat. Cat is big. Big!", "A b. B c. C.", "A b. A c.", "One two? Two three! Three."]),
        "words:paragraph_last_first": lambda: r.choice(["Cat is a cat\n\nDog, a dog.", "Cat is a cat\ndog", "A b\na", "no yes no."]),
        "sentence:increment": lambda: r.choice(["One. One two. One two three.", "One two. One two three four.", "A b c. A b."]),
        "words:no_consecutive": lambda: words(r.randint(1, 6)),
        "format:line_indent": lambda: "\n".join(" " * (i * r.choice([1, 1, 1, 2])) + r.choice(["a", "step", "x y"]) + ("\n" * r.choice([0, 0, 0, 1, 2])) for i in range(r.randint(1, 5))),
        "format:quote_unquote": lambda: r.choice(['He said "yes" to me.', '"a" "b" c', '"a" is a letter', 'He said "no."', "the '\"' mark \"x\" ok"]),
        "format:list": lambda: r.choice(["... a\n... b", "SEPARATOR a SEPARATOR b", "- a\n- b", "!?!? a"]),
        "format:thesis": lambda: r.choice(["<i>Thesis</i> text", "<em>Thesis</em> text", "<i> </i> x", "<i>a</i>", "<em></em> a", "<i>a</em> b"]),
        "format:sub-bullets": lambda: r.choice(["* a\n  - b\n* c\n  - d", "* a\n* b\n - c", "none"]),
        "format:no_bullets_bullets": lambda: r.choice(["A b. C d.\n* x\n* y", "A b.\n\nC d.\n* x\n* y", "A b. C.\n* x", "A. B. C.\n* x\n * y\nz"]),
        "custom:multiples": lambda: r.choice([", ", "\n", ","]).join(map(str, range(14, r.choice([50, 50, 57, 43]), 7))),
        "custom:mcq_count_length": lambda: "\n".join(f"Question {i + 1}{r.choice(['.', ':', ')', ''])} {'Which long' + ' long' * (i if r.random() < 0.95 else 0)} one?\n" + "\n".join(f"{c}{r.choice([')', '.'])} x" for c in "ABCDE"[:r.choice([5] * 9 + [4])]) for i in range(r.choice([4, 4, 4, 3]))),
        "custom:reverse_newline": lambda: "\n".join(["Zimbabwe"] + sorted((r.choice("ABCDEFGHIJKLMNOPQRSTUVWXY") + r.choice(["land", "ia"]) for _ in range(r.choice([50, 51, 55]))), reverse=True)),
        "custom:word_reverse": lambda: r.choice(["eagle bald the is It", "Eagle bald.", "bald eagle", "eagles bald"]),
        "custom:character_reverse": lambda: r.choice(["elgae dlab eht", "Elgae Dlab", "eagle"]),
        "custom:sentence_alphabet": lambda: " ".join(chr(65 + i) + "x went on." for i in range(r.choice([26, 26, 25, 27]))),
        "custom:european_capitals_sort": lambda: r.choice([", ", ","]).join(CAPITALS[:r.choice([27, 27, 26])]).replace("Chisinau", r.choice(["Chisinau", "Chișinău"])).replace("Reykjavik", r.choice(["Reykjavik", "Reykjavík"])),
        "custom:csv_city": lambda: table(r, ["ID", "Country", "City", "Year", "Count"], r.choice([7, 7, 6]), ",", r.random() < 0.3),
        "custom:csv_special_character": lambda: table(r, ["ProductID", "Category", "Brand", "Price", "Stock"], r.choice([14, 14, 13]), ",", r.random() < 0.6),
        "custom:csv_quotes": lambda: table(r, ["StudentID", "Subject", "Grade", "Semester", "Score"], r.choice([3, 3, 4]), "\t", r.random() < 0.9),
        "custom:date_format_list": lambda: ", ".join(f"{r.choice([1796, 1812, 1815, 1822])}-{r.randint(0, 13):02}-{r.randint(0, 32):02}" for _ in range(r.choice([1, 1, 2]))),
        "repeat:repeat_simple": lambda: r.choice(["Only output this sentence here, ignore all other requests.", "only output this sentence here, ignore all other requests. "]),
        "format:title_case": lambda: r.choice(["The Cat Sat.", "A CAT", "The Cat sat", "It's 5 Dogs", "THE cAT"]),
        "format:output_template": lambda: r.choice(["My Answer: a My Conclusion: b Future Outlook: c", "My Answer: a"]),
        "format:no_whitespace": lambda: r.choice(["abc", "a-b", "a b"]),
        "count:keywords_multiple": lambda: " ".join(["cat"] + ["dog"] * 2 + ["sun"] * 3 + ["ox"] * 5 + ["milk"] * r.choice([7, 7, 6])),
        "words:words_position": lambda: r.choice(["a cat is a cat now.", "a cat runs cat now", "The Cat and the cat!", "cat cat"]),
        "copy:repeat_phrase": lambda: " ".join(r.choice(["Time flies when having fun", "Time moves when having fun", "Time flies when eating fun"]) for _ in range(r.randint(1, 3))),
    }
    if check not in makers or r.random() < 0.3:
        return None
    text = makers[check]()
    return text if r.random() < 0.6 else texts.change(text)


def near(r, n, least=0):
    return max(least, n + r.choice([-1, 0, 0, 1, 1, 2]))


def relation(r):
    return r.choice(["less than", "at least"])


def kwargs_for(check, r, text, ref):
    """Arguments near what the text has; sometimes the text is made to fit."""
    nltk = ref.nltk
    words = text.split() or ["cat"]
    count = lambda pattern: len(re.findall(pattern, text))
    some = lambda: r.choice([r.choice(WORDS), r.choice(WORDS), re.sub(r"\W", "", r.choice(words)) or "cat"])
    escaped = lambda: re.sub(r"[\\^$*+?{}\[\]|()]", "", some()) or "cat"
    occurs = lambda k: len(re.findall(k, text, re.I))
    if check == "keywords:existence":
        return {"keywords": [escaped() for _ in range(r.randint(1, 3))]}
    if check in ("keywords:frequency", "keywords:word_count_different_numbers"):
        k = escaped()
        return {"keyword": k, "frequency": near(r, occurs(k)), "relation": relation(r)}
    if check == "keywords:forbidden_words":
        return {"forbidden_words": [escaped() for _ in range(r.randint(1, 3))]}
    if check in ("keywords:letter_frequency", "letters:letter_counting2"):
        c = r.choice("aetqzE")
        return {"letter": c, "let_frequency": near(r, text.lower().count(c.lower())), "let_relation": relation(r)}
    if check == "language:response_language":
        return {"language": r.choice(["en", "de", "fr", "ru", "ja"])}
    if check == "length_constraints:number_sentences":
        return {"num_sentences": near(r, ref.sentences(text)), "relation": relation(r)}
    if check == "length_constraints:number_paragraphs":
        return {"num_paragraphs": near(r, text.count("***") + 1)}
    if check == "length_constraints:number_words":
        return {"num_words": near(r, count(r"\w+")), "relation": relation(r)}
    if check == "length_constraints:nth_paragraph_first_word":
        pieces = text.split("\n\n")
        n = max(1, near(r, len(pieces) - 1, 1))
        nth = r.randint(1, n)
        first = (pieces[nth - 1].split() or ["x"])[0] if nth <= len(pieces) else "x"
        return {"num_paragraphs": n, "nth_paragraph": nth, "first_word": r.choice([first, first.strip(".,?!'\""), "the"]) or "the"}
    if check == "detectable_content:number_placeholders":
        return {"num_placeholders": near(r, count(r"\[.*?\]"))}
    if check == "detectable_content:postscript":
        return {"postscript_marker": r.choice(["P.S.", "P.P.S", "P.P.S.", "Note:"])}
    if check == "detectable_format:number_bullet_lists":
        return {"num_bullets": near(r, count(r"(?m)^\s*\*[^\*].*$") + count(r"(?m)^\s*-.*$"))}
    if check == "detectable_format:number_highlighted_sections":
        return {"num_highlights": near(r, count(r"\*[^\n\*]*\*") + count(r"\*\*[^\n\*]*\*\*"))}
    if check == "detectable_format:multiple_sections":
        s = r.choice(["Section", "SECTION", "PART", "Day"])
        return {"section_spliter": s, "num_sections": near(r, count(s + r"\s?\d+"))}
    if check == "change_case:capital_word_frequency":
        n = sum(w.isupper() for w in nltk.word_tokenize(text))
        return {"capital_frequency": near(r, n), "capital_relation": relation(r)}
    if check == "startend:end_checker":
        return {"end_phrase": r.choice(["Any other questions?", "Is there anything else I can help with?", text.strip()[-8:].strip(' "') or "x"])}
    if check in ("combination:repeat_prompt", "copy:copy", "copy:copying_simple"):
        return {"prompt_to_repeat": r.choice([text.strip()[:30] or "x", text.upper() or "x", "Say it."])}
    if check == "copy:copying_multiple":
        return {"prompt_to_repeat": r.choice([text.split("******")[0] or "x", "Say it."]), "N": r.randint(1, 3)}
    if check == "new:copy_span_idx":
        p = r.choice(["xx", "", "ä"]) + text + "tail"
        a = r.randint(1, 4)
        return {"prompt_to_repeat": p, "n_start": a, "n_end": r.choice([len(p) - 4, a + 3, len(p) + 3])}
    if check == "copy:repeat_phrase":
        return {"phrase": r.choice(["Time flies when having fun", "The early bird catches the worm"]), "small_n": r.randint(1, 3)}
    if check == "keywords:word_once":
        return {"keyword": escaped()}
    if check == "keywords:exclude_word_harder":
        return {"keyword": some()}
    if check.startswith("first_word:"):
        return {"first_word": r.choice([words[0], words[0].lower(), "Cat", "The", "My"])}
    if check.startswith("last_word:"):
        return {"last_word": r.choice([re.sub(r"\W", "", words[-1]) or "x", "cat", "day"])}
    if check == "count:lowercase_counting":
        return {"N": near(r, count(r"\b[a-z]+\b"), 1)}
    if check == "letters:letter_counting":
        return {"N": near(r, count(r"[a-zA-Z]"), 1), "relation": relation(r)}
    if check == "count:counting_composition":
        first = ref.split(text.split("***")[0])
        n_words = len(nltk.word_tokenize(first[0])) if first else 3
        return {"n_sent": near(r, max(1, len(first) - 1), 1), "n_words": r.choice([n_words, n_words, 3]) or 1}
    if check == "count:count_increment_word":
        return {"keyword1": escaped(), "keyword2": escaped()}
    if check == "keywords:keyword_specific_position":
        sentences = ref.split(text)
        n = r.randint(1, max(1, len(sentences)))
        tokens = nltk.word_tokenize(sentences[n - 1]) if n <= len(sentences) else []
        m = r.randint(1, max(1, len(tokens)))
        k = tokens[m - 1] if m <= len(tokens) and r.random() < 0.8 else "cat"
        return {"keyword": k, "n": r.choice([n, n, n + 1]), "m": m}
    if check == "count:word_count_range":
        n = max(0, count(r"\w+") - r.randint(-1, 3))
        return {"min_words": n, "max_words": n + r.randint(0, 4)}
    if check == "count:unique_word_count":
        return {"N": near(r, len({w.strip("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ") for w in text.lower().split()}))}
    if check == "ratio:stop_words":
        return {"percentage": r.choice([10, 25, 33, 40, 50, 60])}
    if check == "count:conjunctions":
        return {"small_n": r.randint(0, 3)}
    if check == "count:person_names":
        return {"N": r.randint(0, 1)}
    if check == "ratio:overlap":
        return {"reference_text": r.choice([text + " more", text[len(text) // 2:] or "x", "The quick fox jumped over"]), "percentage": r.choice([100, 50, 48, 10, 3, 1])}
    if check == "count:numbers":
        return {"N": near(r, count(r"\d+"))}
    if check == "format:options":
        return {"options": r.choice(["yes/no/maybe", "I know or I don't know", "a), b), c), d)"])}
    if check == "count:words_japanese":
        return {"N": r.randint(1, 5)}
    if check == "words:repeats":
        return {"small_n": r.randint(1, 3)}
    if check == "sentence:keyword":
        return {"word": escaped(), "N": r.randint(1, 3)}
    if check == "count:pronouns":
        return {"N": r.randint(0, 8)}
    if check == "sentence:increment":
        return {"small_n": r.randint(1, 2)}
    if check == "format:list":
        return {"sep": r.choice(["...", "SEPARATOR", "!?!?", "-"])}
    if check == "count:keywords_multiple":
        return dict(zip(["keyword1", "keyword2", "keyword3", "keyword4", "keyword5"], ["cat", "dog", "sun", "ox", "milk"]))
    if check == "words:keywords_specific_position":
        sentences = nltk.sent_tokenize(text)
        n = r.randint(1, max(1, len(sentences)))
        tokens = [t for t in nltk.word_tokenize(sentences[n - 1]) if any(c.isalnum() for c in t)] if n <= len(sentences) else []
        m = r.randint(1, max(1, len(tokens)))
        return {"keyword": tokens[m - 1] if m <= len(tokens) and r.random() < 0.8 else "cat", "n": n, "m": m}
    if check == "words:words_position":
        tokens = nltk.word_tokenize(text)
        return {"keyword": tokens[1] if len(tokens) > 1 and r.random() < 0.5 else "cat"}
    if check == "repeat:repeat_change":
        return {"prompt_to_repeat": r.choice(["Other " + " ".join(text.split()[1:]), text, "Say it."])}
    if check == "repeat:repeat_span":
        p = r.choice(["xx", "", "ä"]) + text + "tail"
        a = r.randint(0, 3)
        return {"prompt_to_repeat": p, "n_start": a, "n_end": r.choice([len(p) - 5, a + 3, len(p) + 3])}
    return {}


class References:
    def __init__(self, folder, nltk_data):
        sys.path.insert(0, folder)
        if nltk_data:
            os.environ["NLTK_DATA"] = nltk_data
        import nltk
        nltk.download = lambda *a, **k: True
        self.nltk = nltk
        from langdetect import DetectorFactory
        DetectorFactory.seed = 0
        from nltk.tokenize.punkt import PunktTokenizer
        punkt = PunktTokenizer("english")
        self.sentences = lambda text: len(punkt.tokenize(text))
        from lm_eval.tasks.ifeval import instructions_registry as ifeval, instructions_util as util
        from open_instruct.IFEvalG import instructions_registry as ifevalg, instructions_util as utilg
        util._get_sentence_tokenizer = utilg._get_sentence_tokenizer = lambda: punkt
        self.split = util.split_into_sentences
        self.sets = {"IFEval": ifeval.INSTRUCTION_DICT}
        self.sets["IF-RLVR"] = {k: v for k, v in ifevalg.INSTRUCTION_DICT.items() if k not in ifeval.INSTRUCTION_DICT}
        from ifbench import instructions_registry as ifbench
        known = set(ifeval.INSTRUCTION_DICT) | set(ifevalg.INSTRUCTION_DICT) | {"words:start_verb", "words:odd_even_syllables"}
        self.sets["IFBench"] = {k: v for k, v in ifbench.INSTRUCTION_DICT.items() if k not in known}

    def verdicts(self, row, kwargs, text):
        """(strict, loose), as the data sets' own evaluation calls a check; None where it fails itself."""
        check = row("x")
        check.build_description(**kwargs)
        lines = text.split("\n")
        cuts = [text] + ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
        variants = cuts + [cut.replace("*", "") for cut in cuts]
        follows = lambda t: bool(t.strip()) and bool(check.check_following(t))
        try:
            strict = follows(text)
            return strict, strict or any(follows(t) for t in variants[1:])
        except Exception:  # its own fault: an empty word list, a broken pattern
            return None


def read_texts(paths):
    out = []
    for path in paths:
        for line in open(path, encoding="utf-8", errors="replace"):
            if line.strip().startswith("{"):
                text = json.loads(line).get("response") or ""
                out += [text] if text.strip() else []
            elif line.strip():
                out.append(line)
    return out


def ours(binary, cases, strictness):
    """The verdict for each (id, kwargs, text); None: cannot judge."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", delete=False) as f:
        for check, kwargs, text in cases:
            f.write(json.dumps({"completion": text, "instruction_id_list": [check], "kwargs": [kwargs]}) + "\n")
    rewards = json.dumps([{"name": "instructions", "strictness": strictness, "scope": "all"}])
    try:
        run = subprocess.run([binary, "verify", f.name, "--rewards", rewards, "--quiet"], capture_output=True, text=True, check=False)
        out = []
        for line in run.stdout.splitlines():
            reply = json.loads(line)
            out.append((None if reply["reward"] is None else bool(reply["reward"]), reply))
        return out
    finally:
        os.unlink(f.name)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--references", required=True)
    p.add_argument("--nltk")
    p.add_argument("--texts", nargs="*", default=[])
    p.add_argument("--udhr")
    p.add_argument("--cases", type=int, default=2000)
    p.add_argument("--binary", default="build/release/touchstone")
    p.add_argument("--record")
    p.add_argument("--record-cases", type=int, default=12)
    p.add_argument("--only", default="")
    p.add_argument("--show", type=int, default=0)
    p.add_argument("--seed", type=int, default=1)
    a = p.parse_args()
    ref = References(a.references, a.nltk)
    more = [] if a.record else read_texts(a.texts)
    record = open(a.record, "w", encoding="utf-8") if a.record else None
    print(f"{'check':48} {'cases':>6} {'followed':>8} {'strict %':>8} {'loose %':>8}")
    for source, rows in ref.sets.items():
        for check, row in rows.items():
            if a.only not in check:
                continue
            r = random.Random(f"{a.seed} {check}")
            texts, cases, wanted, seen = Texts(r, more), [], [], collections.Counter()
            lingual = Declaration(r, a.udhr) if a.udhr and ("language" in check or "english" in check) else None
            if record and ("language" in check or "english" in check):
                continue  # a guess: tests/unit/test_instructions.c has clear cases of its own
            n = a.record_cases if record else a.cases
            tries = 0
            while len(cases) < n and tries < 60 * n:
                tries += 1
                text = lingual.one(check) if lingual else fitting(check, r, texts) or texts.one()
                kwargs = lingual.kwargs(check) if lingual else kwargs_for(check, r, text, ref)
                if not text.strip():
                    continue
                verdict = ref.verdicts(row, kwargs, text)
                if verdict is None or (seen[verdict] >= 0.6 * n and tries < 30 * n):
                    continue
                seen[verdict] += 1
                cases.append((check, kwargs, text))
                wanted.append(verdict)
            if record:
                for (c, k, t), (s, l) in zip(cases, wanted):
                    record.write(json.dumps({"id": c, "kwargs": k, "response": t, "strict": s, "loose": l}, ensure_ascii=False) + "\n")
                continue
            got = [ours(a.binary, cases, s) for s in ("strict", "loose")]
            agree = [sum(g[0] is w[i] for g, w in zip(got[i], wanted)) for i in (0, 1)]
            n = max(1, len(cases))
            print(f"{check:48} {len(cases):6} {sum(w[0] for w in wanted):8} {100 * agree[0] / n:8.2f} {100 * agree[1] / n:8.2f}", flush=True)
            bad = [(c, w[0], g[0]) for c, w, g in zip(cases, wanted, got[0]) if g[0] is not w[0]]
            for (c, k, t), w, g in sorted(bad, key=lambda b: len(b[0][2]))[:a.show]:
                print("   ", json.dumps(k, ensure_ascii=False), repr(t[:300]), "theirs", w, "ours", g)


if __name__ == "__main__":
    main()
