#!/bin/bash
# deploy/healthcheck.sh - exit 0 when the server in this container is ready for requests, without a client program.
#
# SPDX-License-Identifier: Apache-2.0
exec 3<>"/dev/tcp/127.0.0.1/${TOUCHSTONE_PORT:-8080}" || exit 1
printf 'GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ status _ <&3
[ "$status" = 200 ]
