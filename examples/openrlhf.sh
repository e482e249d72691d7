#!/bin/bash
# OpenRLHF with rewards from a Touchstone server.
#
#   touchstone serve --host 0.0.0.0 --port 8080 &
#   examples/openrlhf.sh check      one request as OpenRLHF's agent sends it, and the server's answer:
#                                   {"rewards":[2],"scores":[1],"extra_logs":{"accuracy":[1],"format":[1]}}
#   examples/openrlhf.sh            train; the data set has the columns prompt and label (the gold answer)
#
# `rewards` feed the advantages; `scores`, the verdict in [0, 1], the dynamic filter (--algo.dynamic_filtering_enable);
# `extra_logs` the charts. The response is what `query` has beyond its prompt. OpenRLHF knows no null: what cannot be
# judged is 0. Several servers may be given, with commas. Before the dotted flags it was --remote_rm_url.
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
server=${SERVER_URL:-http://127.0.0.1:8080}

if [ "${1:-}" = check ]; then
    exec curl -sS --fail-with-body "$server/get_reward" -H 'Content-Type: application/json' -d '{
        "query": ["What is 3 * 4?<think>\n3 * 4 = 12\n</think>\n<answer>\n\\boxed{12}\n</answer>"],
        "prompts": ["What is 3 * 4?"], "labels": ["12"]}'
fi

exec python3 -m openrlhf.cli.train_ppo_ray \
    --reward.remote_url "$server/get_reward" \
    --actor.model_name_or_path "${MODEL:-deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B}" \
    --data.prompt_dataset "${DATA:-OpenRLHF/dapo-math-17k}" \
    --data.input_key prompt --data.label_key label --data.apply_chat_template \
    --algo.advantage.estimator group_norm --rollout.n_samples_per_prompt 8 "$@"
