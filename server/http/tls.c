/* server/http/tls.c - see tls.h.
 *
 * (1) With a chain there is a key, and at least one certificate in the chain.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/http/tls.h"

#include <assert.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"

enum { MAX_FILE_BYTES = 1 << 20, MAX_CHAIN = 16, ID_BYTES = 64 };

struct certificate {
    gnutls_x509_crt_t chain[MAX_CHAIN]; /* the server's first */
    unsigned n;
    gnutls_x509_privkey_t key;
};
static struct certificate current;

static void clear(struct certificate *c)
{
    for (unsigned i = 0; i < c->n; i++) {
        gnutls_x509_crt_deinit(c->chain[i]);
    }
    if (c->key != NULL) gnutls_x509_privkey_deinit(c->key);
    *c = (struct certificate){0};
}

static bool bad_file(const char *setting, const char *path, int code, struct error *err)
{
    return error_set(err, ERROR_BAD_FILE, setting, "%s %.120s: %s", setting, path,
                     gnutls_strerror(code));
}

static bool read_chain(const char *path, struct certificate *c, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_FILE_BYTES);
    unsigned n = MAX_CHAIN;
    bool fine = file_read(path, MAX_FILE_BYTES, &text, err) || error_in(err, "tls-cert");
    if (fine) {
        gnutls_datum_t pem = {(unsigned char *)text.p, (unsigned)text.n};
        int code = gnutls_x509_crt_list_import(c->chain, &n, &pem, GNUTLS_X509_FMT_PEM,
                                               GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
        c->n = code > 0 ? (unsigned)code : 0;
        fine = code > 0 || bad_file("tls-cert", path, code, err);
    }
    buffer_clear(&text);
    return fine;
}

static bool read_key(const char *path, struct certificate *c, struct error *err)
{
    struct buffer text;
    buffer_init(&text, MAX_FILE_BYTES);
    bool fine = file_read(path, MAX_FILE_BYTES, &text, err) || error_in(err, "tls-key");
    if (fine) {
        gnutls_datum_t pem = {(unsigned char *)text.p, (unsigned)text.n};
        int code = gnutls_x509_privkey_init(&c->key);
        if (code == 0) {
            code = gnutls_x509_privkey_import2(c->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
        }
        fine = code == 0 || bad_file("tls-key", path, code, err);
    }
    buffer_clear(&text);
    return fine;
}

/* Is the key that of the certificate? Both know the public key's hash. */
static bool belong_together(const struct certificate *c, struct error *err)
{
    unsigned char of_chain[ID_BYTES], of_key[ID_BYTES];
    size_t n = sizeof(of_chain), m = sizeof(of_key);
    int a = gnutls_x509_crt_get_key_id(c->chain[0], 0, of_chain, &n);
    int b = gnutls_x509_privkey_get_key_id(c->key, 0, of_key, &m);
    if (a == 0 && b == 0 && n == m && memcmp(of_chain, of_key, n) == 0) return true;
    return error_set(err, ERROR_BAD_FILE, "tls-key",
                     "tls-key is not the key of the first certificate in tls-cert");
}

bool tls_load(const char *certificate_path, const char *key_path, struct error *err)
{
    struct certificate fresh = {0};
    if (!read_chain(certificate_path, &fresh, err) || !read_key(key_path, &fresh, err) ||
        !belong_together(&fresh, err)) {
        clear(&fresh);
        return false;
    }
    clear(&current);
    current = fresh;
    assert(current.n > 0 && current.key != NULL); /* (1) */
    return true;
}

void tls_clear(void)
{
    clear(&current);
}

static int copy_key(gnutls_privkey_t *key)
{
    int code = gnutls_privkey_init(key);
    if (code != 0) return code;
    code = gnutls_privkey_import_x509(*key, current.key, GNUTLS_PRIVKEY_IMPORT_COPY);
    if (code != 0) gnutls_privkey_deinit(*key);
    return code;
}

int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                 gnutls_pcert_st **chain, unsigned int *n, gnutls_ocsp_data_st **ocsp,
                 unsigned int *n_ocsp, gnutls_privkey_t *key, unsigned int *flags)
{
    (void)session, (void)info;
    unsigned count = current.n;
    assert(count > 0 && current.key != NULL); /* (1) */
    gnutls_pcert_st *copies = gnutls_calloc(count, sizeof(*copies));
    if (copies == NULL) return GNUTLS_E_MEMORY_ERROR;
    int code = gnutls_pcert_import_x509_list(copies, current.chain, &count, 0);
    bool imported = code == 0;
    if (imported) code = copy_key(key);
    if (code != 0) {
        for (unsigned i = 0; imported && i < count; i++) {
            gnutls_pcert_deinit(&copies[i]);
        }
        gnutls_free(copies);
        return code;
    }
    *chain = copies;
    *n = count;
    *ocsp = NULL;
    *n_ocsp = 0;
    *flags = GNUTLS_CERT_RETR_DEINIT_ALL;
    return 0;
}

void tls_send_last(gnutls_session_t session, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t sent = gnutls_record_send(session, bytes.p, bytes.n);
        if (sent <= 0) return; /* no handshake yet, a full socket, or nobody */
        bytes = span_slice(bytes, (size_t)sent, bytes.n);
    }
    gnutls_bye(session, GNUTLS_SHUT_WR);
}
