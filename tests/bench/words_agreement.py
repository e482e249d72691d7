"""The reward `words` beside the functions that define its measures.

    python tests/bench/words_agreement.py --references DIR [--cases N] [--binary build/release/touchstone] [--record FILE]

DIR holds squad_metrics.py (huggingface/transformers, data/metrics; from evaluate-v2.0.py of SQuAD) and
triviaqa_evaluation.py (mandarjoshi90/triviaqa). The Python that runs this needs rouge-score and rapidfuzz. Golds and
responses are put together here. Values must be the same to the last bit but one; --record writes cases for tests/data/words.jsonl.
"""
import argparse
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile
import types

WORDS = """the a an The A of Paris paris Paris, paris. U.S. US don't dont O'Neil o’neil ‘quoted’ snake_case 1,000 1000 3.5 café CAFÉ Straße
new york New-York New york, city "quoted" (paren) #1 50% & and ... — – Ångström İstanbul Σίσυφος ΟΔΟΣ 東京 東京都 naïve x the-end an. a. `tick` ´acute´
quick brown fox jumps over lazy dog running runs ran president Lincoln Abraham 1865 April 14 14th""".split()


def text(r, n):
    return r.choice(["", "", " ", "\n"]) + "".join(r.choice(WORDS) + r.choice([" ", " ", " ", "  ", "\n", ", "]) for _ in range(r.randint(0, n)))


def near(r, gold):
    words = gold.split()
    for _ in range(r.randint(0, 3)):
        i = r.randint(0, len(words))
        words[i:i + r.randint(0, 1)] = r.choice([[], [r.choice(WORDS)], [w.upper() for w in words[i:i + 1]]])
    return " ".join(words)


class Peers:
    def __init__(self, folder):
        tokenization = types.ModuleType("transformers.tokenization_bert")
        tokenization.BasicTokenizer = None
        sys.modules["transformers"] = types.ModuleType("transformers")
        sys.modules["transformers.tokenization_bert"] = tokenization
        self.squad = self.load(folder, "squad_metrics")
        self.trivia_qa = self.load(folder, "triviaqa_evaluation")
        from rouge_score import rouge_scorer
        self.rouge = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)
        from rapidfuzz.distance import Levenshtein
        self.levenshtein = Levenshtein

    @staticmethod
    def load(folder, name):
        spec = importlib.util.spec_from_file_location(name, os.path.join(folder, name + ".py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def value(self, measure, normal, gold, answer):
        module = self.squad if normal == "squad" else self.trivia_qa
        if measure == "exact":
            return float(module.normalize_answer(gold) == module.normalize_answer(answer))
        if measure == "f1":
            if module.normalize_answer(gold) == module.normalize_answer(answer) == "":
                return 1.0  # nothing equals nothing, as SQuAD 2.0 has it; TriviaQA's function says 0
            return float(self.squad.compute_f1(gold, answer) if normal == "squad" else self.trivia_qa.f1_score(answer, gold))
        if measure == "contains":
            gold = module.normalize_answer(gold)
            return float(gold != "" and gold in module.normalize_answer(answer))
        if measure == "rouge_l":
            return self.rouge.score(gold, answer)["rougeL"].fmeasure
        return self.levenshtein.normalized_similarity(module.normalize_answer(gold), module.normalize_answer(answer))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--references", required=True)
    p.add_argument("--cases", type=int, default=2000)
    p.add_argument("--binary", default="build/release/touchstone")
    p.add_argument("--record")
    a = p.parse_args()
    peers = Peers(a.references)
    r = random.Random(1)
    rows = []
    for measure in ("exact", "f1", "contains", "rouge_l", "edit"):
        for normal in ("squad", "trivia_qa"):
            for _ in range(a.cases):
                golds = [text(r, 6) for _ in range(r.randint(1, 3))]
                answer = r.choice([text(r, 8), near(r, golds[0]), near(r, golds[-1]), text(r, 3) + golds[0] + text(r, 3)])
                value = max(peers.value(measure, normal, g, answer) for g in golds)
                rows.append({"measure": measure, "normalise": normal, "golds": golds, "response": answer, "value": value})
    if a.record:
        with open(a.record, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", delete=False) as f:
        for row in rows:
            reward = {"name": "words", "measure": row["measure"], "normalise": row["normalise"], "scope": "all"}
            f.write(json.dumps({"completion": row["response"], "answer": row["golds"], "rewards": [reward]}) + "\n")
    run = subprocess.run([a.binary, "verify", f.name, "--quiet"], capture_output=True, text=True, check=False)
    os.unlink(f.name)
    bad = 0
    for row, line in zip(rows, run.stdout.splitlines(), strict=True):
        got = json.loads(line)["reward"]
        if got is None or abs(got - row["value"]) > 1e-15:
            bad += 1
            if bad <= 10:
                print(got, json.dumps(row, ensure_ascii=False))
    print(f"{len(rows)} values, {bad} differ")


if __name__ == "__main__":
    main()
