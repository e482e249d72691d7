/* server/http/settings.c - the settings that the HTTP server obeys: rows of struct server_options.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config/settings.h"
#include "server/http/server.h"

#define AT(field) offsetof(struct server_options, field)
enum { K = 1 << 10 };
#define G ((int64_t)1 << 30)

/* clang-format off */
static const struct setting rows[] = {
    {"host",           SETTING_TEXT,    AT(host), "127.0.0.1", .help = "address to listen on; 0.0.0.0: all"},
    {"port",           SETTING_INT,     AT(port), "8080", 0, 65535, .help = "port to listen on; 0: any free one, printed at start"},
    {"also-listen",    SETTING_TEXT,    AT(also_listen), "", .help = "ADDRESS:PORT to listen on as well, as [::1]:8080; up to 256 connections"},
    {"unix",           SETTING_TEXT,    AT(unix_path), "", .help = "path of a Unix socket to listen on as well, for its owner and group"},
    {"control-listen", SETTING_TEXT,    AT(control_listen), "", .help = "ADDRESS:PORT to listen on as well; routes of scope control (pause, abort, weights) are answered there alone"},
    {"tls-cert",       SETTING_TEXT,    AT(tls_cert), "", .help = "PEM file with the certificate and its chain: addresses speak TLS; read again on SIGHUP"},
    {"tls-key",        SETTING_TEXT,    AT(tls_key), "", .help = "PEM file with the key of tls-cert"},
    {"api-key",        SETTING_LIST,    AT(api_keys), "", .help = "accept only these keys (may be repeated); none: no key is asked for", .secret = true},
    {"api-key-file",   SETTING_TEXT,    AT(api_key_file), "", .help = "file of keys with scopes and limits, a line each as `touchstone key new` prints it; read again on SIGHUP"},
    {"cors-origins",   SETTING_LIST,    AT(cors_origins), "", .help = "origins of pages that may ask this server, as https://name (may be repeated); localhost: those of this machine, on any port; *: any, where a key is set"},
    {"closed-routes",  SETTING_LIST,    AT(closed_routes), "", .help = "paths that answer 501, as /slots (may be repeated); a star at the end: all that begin so"},
    {"allowed-hosts",  SETTING_LIST,    AT(allowed_hosts), "", .help = "names of this server that web pages may ask it by where no key is set (may be repeated); addresses and localhost always are"},
    {"path-root",      SETTING_LIST,    AT(path_roots), "", .help = "folder beneath which requests may name files for the server to read, as weights, and a folder for a checkpoint that it keeps (may be repeated); none: any file while it listens on this machine alone, else none"},
    {"adapter",        SETTING_LIST,    AT(adapters), "", .help = "LoRA adapter that is loaded at the start, as NAME=PATH of a PEFT folder (may be repeated); requests name it as their model"},
    {"merge",          SETTING_BOOL,    AT(merge), "false", .help = "the one adapter is merged into the weights while they load: it costs nothing then, and there is no model without it"},
    {"adapter-dir",    SETTING_TEXT,    AT(adapter_dir), "", .help = "folder whose folders are LoRA adapters: a request that names an unknown model gets the one of that name; none: only loaded ones"},
    {"max-adapters",   SETTING_INT,     AT(max_adapters), "16", 1, 1024, .help = "LoRA adapters in memory"},
    {"served-model-name", SETTING_LIST, AT(model_names), "", .help = "what clients call the model (may be repeated: the first is its name, others are taken too); none: the file's own name"},
    {"any-model-name", SETTING_BOOL,    AT(any_model_name), "false", .help = "requests may name any model, as clients do whose name for it is fixed; this one answers"},
    {"unknown-fields", SETTING_CHOICE,  AT(unknown_fields), "ignore", .words = "ignore|refuse", .help = "fields that the server does not know on routes of other servers' contracts: passed over and named in the header x-ignored-fields, or 400"},
    {"verbose-replies", SETTING_BOOL,   AT(verbose_replies), "false", .help = "whole replies of chats and completions tell the prompt as it was rendered and the settings, in __verbose, as llama-server's --verbose has it; a request's own verbose wins"},
    {"prefill-assistant", SETTING_BOOL, AT(prefill_assistant), "false", .help = "a chat that ends with the assistant's words is gone on with, as llama-server does; add_generation_prompt and continue_final_message of a request win"},
    {"chat-chunks",    SETTING_CHOICE,  AT(chat_chunks), "joined", .words = "joined|apart", .help = "events of a streamed chat: the role with the first text and the finish reason with the last, or each in an event of its own, the role's with content null, as llama-server has it"},
    {"max-connections", SETTING_INT,    AT(max_connections), "4096", 1, 1 << 20, .help = "open connections"},
    {"max-client-connections", SETTING_INT, AT(max_client_connections), "0", 0, 1 << 20, .help = "open connections of one address; 0: as many as there are"},
    {"max-body",       SETTING_BYTES,   AT(max_body_bytes), "64M", 1 * K, 4 * G, .help = "largest request body"},
    {"verify-body",    SETTING_BYTES,   AT(max_verify_bytes), "256M", 1 * K, 16 * G, .help = "largest body of a request to /verify and its like"},
    {"max-weights",    SETTING_BYTES,   AT(max_weight_bytes), "256G", 1 * K, 16384 * G, .help = "largest body of new weights (PUT /v1/weights)"},
    {"staging-dir",    SETTING_TEXT,    AT(staging_dir), "", .help = "folder for weights that are being sent, in files without names; none: /var/tmp"},
    {"request-memory", SETTING_BYTES,   AT(request_memory_bytes), "2G", 1 << 20, 1024 * G, .help = "bytes that request bodies, their JSON, log-probabilities and replies not yet read may take, all together; past it 429 and 503"},
    {"tool-format",    SETTING_WORD,    AT(tool_format), "auto", .words = "auto|hermes|qwen3_coder|deepseek_v3|deepseek_v31|mistral_args|mistral|harmony|llama3", .help = "how the model writes calls of tools; auto: as its chat template tells"},
    {"max-prompts",    SETTING_INT,     AT(max_prompts), "1024", 1, 1 << 16, .help = "prompts in one request"},
    {"max-choices",    SETTING_INT,     AT(max_choices), "128", 1, 4096, .help = "samples of one prompt (n, best_of)"},
    {"max-responses",  SETTING_INT,     AT(max_responses), "1000", 0, 1 << 20, .help = "replies of /v1/responses that are kept; the oldest go first"},
    {"max-response-bytes", SETTING_BYTES, AT(max_response_bytes), "64M", 1 * K, 64 * G, .help = "what kept replies of /v1/responses may take together, with the conversations before them"},
    {"responses-ttl",  SETTING_SECONDS, AT(responses_ttl_ms), "3600", 1, 86400, .help = "seconds that a reply of /v1/responses is kept"},
    {"read-timeout",   SETTING_SECONDS, AT(read_timeout_ms), "30", 1, 3600, .help = "seconds to receive the head of a request, and again its body"},
    {"idle-timeout",   SETTING_SECONDS, AT(idle_timeout_ms), "120", 1, 86400, .help = "seconds an idle connection is kept"},
    {"reply-timeout",  SETTING_SECONDS, AT(reply_timeout_ms), "60", 1, 86400, .help = "seconds in which a client must take what waits for it, or 64 KB of it"},
    {"request-timeout", SETTING_SECONDS, AT(request_timeout_ms), "0", 0, 86400, .help = "seconds a generation may take; 0: no limit"},
    {"ping-interval",  SETTING_SECONDS, AT(ping_interval_ms), "15", 0, 86400, .help = "seconds after which a stream that has nothing to say sends a comment, so that clients and proxies wait on; 0: never"},
    {"drain-timeout",  SETTING_SECONDS, AT(drain_timeout_ms), "30", 0, 86400, .help = "seconds that running requests have after SIGTERM"},
    {"allow-control",  SETTING_BOOL,    AT(allow_control), "true", .help = "clients may pause, resume and abort generations, others' too, and empty caches (trainers do); not where others than this machine can connect and no key is set"},
};
/* clang-format on */

const struct settings_table server_settings = {"Server", rows, sizeof(rows) / sizeof(rows[0])};

void server_options_init(struct server_options *o)
{
    *o = (struct server_options){0};
    settings_defaults(&server_settings, o);
}
