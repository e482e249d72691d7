/* server/http/tls.h - the certificate that TLS connections are begun with (GnuTLS, inside libmicrohttpd).
 *
 * It is read from PEM files at the start and again on SIGHUP; connections that have begun go on with what
 * they began with. libmicrohttpd asks for it by a function without an argument of ours, so there is one
 * certificate a process.
 *
 * Loop thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_TLS_H
#define SERVER_HTTP_TLS_H

#include <gnutls/abstract.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

/* Take the certificate, its chain behind it, and its key from two files in PEM (one file may be both).
 * False with ERROR_BAD_FILE and err->param the setting, when they cannot be read or do not belong
 * together: what was there stays. */
bool tls_load(const char *certificate_path, const char *key_path, struct error *err);
/* Let it go. */
void tls_clear(void);

/* For MHD_OPTION_HTTPS_CERT_CALLBACK2: copies, which GnuTLS frees. */
int tls_retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info,
                 gnutls_pcert_st **chain, unsigned int *n, gnutls_ocsp_data_st **ocsp,
                 unsigned int *n_ocsp, gnutls_privkey_t *key, unsigned int *flags);

/* Send bytes past libmicrohttpd and say that no more follow; as much of it as goes at once. */
void tls_send_last(gnutls_session_t session, struct span bytes);

#endif
