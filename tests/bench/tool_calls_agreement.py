"""The reward `tool_calls` beside the functions that define its rules.

    python tests/bench/tool_calls_agreement.py --references DIR [--cases N] [--binary build/release/touchstone] [--record FILE]

DIR holds rlla.py (ToolRL, verl/utils/reward_score) and ast_checker.py (BFCL, eval_checker/ast_eval). xLAM's rule, as
NeMo-Gym's xlam_fc has it, is four lines and stands here. Calls are put together here; --record writes cases for
tests/data/tool_calls.jsonl.
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

NAMES = ["get_weather", "find", "math.add"]
TEXTS = ["Paris", "paris", "New York, NY", "New-York NY", "x", "it's", 'it"s', "1,000", "10.00", "", "Berlin"]
TYPES = {"city": "string", "n": "integer", "ratio": "float", "on": "boolean", "tags": "array", "where": "dict", "rows": "dicts"}


def value(r, kind):
    return {"string": lambda: r.choice(TEXTS), "integer": lambda: r.choice([0, 1, 2, 10]), "float": lambda: r.choice([0.5, 1.0, 2, 10]),
            "boolean": lambda: r.random() < 0.5, "array": lambda: [r.choice(TEXTS) for _ in range(r.randint(0, 2))],
            "dict": lambda: {k: r.choice(TEXTS + [1, 2]) for k in r.sample(["a", "b"], r.randint(0, 2))},
            "dicts": lambda: [{k: r.choice(TEXTS[:3]) for k in r.sample(["a", "b"], r.randint(1, 2))} for _ in range(r.randint(0, 2))]}[kind]()


def call(r):
    return {"name": r.choice(NAMES), "parameters": {k: value(r, TYPES[k]) for k in r.sample(sorted(TYPES), r.randint(0, 4))}}


def near(r, calls):
    """Some of the calls, changed here and there."""
    made = json.loads(json.dumps(calls))
    for _ in range(r.choice([0, 0, 1, 1, 2])):
        c = r.choice(made) if made else None
        change = r.randint(0, 6)
        if c is None or change == 0:
            made.insert(r.randint(0, len(made)), call(r))
        elif change == 1:
            made.remove(c)
        elif change == 2:
            r.shuffle(made)
        elif change == 3:
            c["name"] = r.choice(NAMES)
        elif change == 4 and c["parameters"]:
            c["parameters"].pop(r.choice(sorted(c["parameters"])))
        else:
            k = r.choice(sorted(TYPES))
            c["parameters"][k] = value(r, r.choice([TYPES[k], TYPES[k], "string", "integer"]))
    return made


def possible(r, wanted):
    """BFCL's possible answers of a call."""
    out = {}
    for k, v in wanted["parameters"].items():
        if TYPES[k] == "dict":
            v = {a: [b, r.choice(TEXTS)] + ([""] if r.random() < 0.3 else []) for a, b in v.items()}
        if TYPES[k] == "dicts":
            v = [{a: [b] for a, b in d.items()} for d in v]
        out[k] = [v] + ([""] if r.random() < 0.3 else []) + ([value(r, TYPES[k])] if TYPES[k] in ("string", "integer", "float", "array") else [])
    return {wanted["name"]: out}


def descriptions(r):
    details = {k: {"type": {"dicts": "array"}.get(t, t), **({"items": {"type": "dict" if t == "dicts" else "string"}} if t in ("array", "dicts") else {})}
               for k, t in TYPES.items()}
    return [{"name": n, "parameters": {"type": "dict", "properties": details, "required": r.sample(sorted(TYPES), r.choice([0, 0, 1]))}} for n in NAMES]


def is_bool_confusion(gold, made):
    """Python's True is its 1; ours are told apart."""
    flat = json.dumps([gold, made])
    return ("true" in flat or "false" in flat)


class Peers:
    def __init__(self, folder):
        for name, members in {"bfcl_eval": {}, "bfcl_eval.constants": {}, "bfcl_eval.constants.enums": {"Language": types.SimpleNamespace(PYTHON=1, JAVA=2, JAVASCRIPT=3)},
                              "bfcl_eval.constants.model_config": {"MODEL_CONFIG_MAPPING": {"m": types.SimpleNamespace(underscore_to_dot=False)}},
                              "bfcl_eval.constants.type_mappings": {"JAVA_TYPE_CONVERSION": {}, "JS_TYPE_CONVERSION": {}}}.items():
            sys.modules[name] = types.ModuleType(name)
            vars(sys.modules[name]).update(members)
        for kind in ("java", "js"):
            name = f"bfcl_eval.eval_checker.ast_eval.type_convertor.{kind}_type_converter"
            sys.modules[name] = types.ModuleType(name)
            setattr(sys.modules[name], f"{kind}_type_converter", None)
        self.toolrl, self.bfcl = self.load(folder, "rlla"), self.load(folder, "ast_checker")

    @staticmethod
    def load(folder, name):
        spec = importlib.util.spec_from_file_location(name, os.path.join(folder, name + ".py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def value(self, rule, gold, made, tools):
        if rule == "toolrl":
            return self.toolrl.compute_tool_call_reward(gold, made, 1.0, 0.0)
        if rule == "bfcl":
            output = [{c["name"]: c["parameters"]} for c in made]
            return float(self.bfcl.parallel_function_checker_no_order(tools, output, gold, 1, "m")["valid"])
        used, right = set(), 0  # xlam
        for g in gold:
            for i, c in enumerate(made):
                if i not in used and c["name"] == g["name"] and all(k in c["parameters"] and c["parameters"][k] == v for k, v in g["parameters"].items()):
                    used.add(i)
                    right += 1
                    break
        return float(right == len(gold) == len(made))


OPTIONS = {"toolrl": {"score": "toolrl"}, "bfcl": {"match": "bfcl"}, "xlam": {"match": "subset"}}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--references", required=True)
    p.add_argument("--cases", type=int, default=2000)
    p.add_argument("--binary", default="build/release/touchstone")
    p.add_argument("--record")
    a = p.parse_args()
    peers, r, rows = Peers(a.references), random.Random(1), []
    for rule in OPTIONS:
        n = 0
        while n < a.cases:
            wanted = [call(r) for _ in range(r.choice([0, 1, 1, 2, 3]))]
            made, tools = near(r, wanted), descriptions(r)
            gold = [possible(r, w) for w in wanted] if rule == "bfcl" else wanted
            if is_bool_confusion(gold, made) and any(isinstance(v, int) for c in made for v in c["parameters"].values() if not isinstance(v, bool)):
                continue  # True == 1 in Python
            text = "So:\n" + "\n".join("<tool_call>\n" + json.dumps({"name": c["name"], "arguments": c["parameters"]}, ensure_ascii=False) + "\n</tool_call>" for c in made)
            row = {"rule": rule, "options": OPTIONS[rule], "wanted": gold, "response": text, "value": peers.value(rule, gold, made, tools)}
            rows.append(row | ({"tools": tools} if rule == "bfcl" else {}))
            n += 1
    if a.record:
        with open(a.record, "w", encoding="utf-8") as f:
            f.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", delete=False) as f:
        for row in rows:
            item = {"completion": row["response"], "tool_calls": row["wanted"], "rewards": [{"name": "tool_calls", "format": "hermes", **row["options"]}]}
            if row["rule"] == "bfcl":
                item["tools"] = row["tools"]
            f.write(json.dumps(item) + "\n")
    run = subprocess.run([a.binary, "verify", f.name, "--quiet"], capture_output=True, text=True, check=False)
    os.unlink(f.name)
    for rule in OPTIONS:
        mine = [(row, json.loads(line)) for row, line in zip(rows, run.stdout.splitlines(), strict=True) if row["rule"] == rule]
        bad = [(row, got) for row, got in mine if got["reward"] is None or abs(got["reward"] - row["value"]) > 1e-12]
        print(f"{rule}: {len(mine)} values, {sum(row['value'] == 1 for row, _ in mine)} right, {len(bad)} differ")
        for row, got in sorted(bad, key=lambda b: len(json.dumps(b[0])))[:4]:
            print("   ", got["reward"], got["error"], json.dumps({k: v for k, v in row.items() if k != "tools"}, ensure_ascii=False))


if __name__ == "__main__":
    main()
