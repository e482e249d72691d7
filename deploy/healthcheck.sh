#!/bin/bash
# deploy/healthcheck.sh - exit 0 when the server in this container has loaded its model, without a client program.
#
# Where it listens is asked of the kernel, not of the settings: a flag, a variable or a file may have said
# so. /proc/net/tcp lists listening sockets (state 0A) by inode, /proc/PID/fd says whose they are.
#
# SPDX-License-Identifier: Apache-2.0

# Inodes of the sockets of every process called touchstone, with a space round each.
sockets_of_server()
{
    local comm name link found=" "
    for comm in /proc/[0-9]*/comm; do
        read -r name 2>/dev/null <"$comm" && [ "$name" = touchstone ] || continue
        for link in "${comm%comm}"fd/*; do
            link=$(readlink "$link") && [[ $link == socket:* ]] && found+="${link//[^0-9]/} "
        done
    done
    echo "$found"
}

# An address as /proc/net writes it, words of four bytes back to front; "all" is the loopback.
address()
{
    local hex=$1 words=
    case $hex in
        *[!0]*) ;;
        *) echo 127.0.0.1 && return ;;
    esac
    if [ ${#hex} = 8 ]; then
        printf '%d.%d.%d.%d\n' "0x${hex:6:2}" "0x${hex:4:2}" "0x${hex:2:2}" "0x${hex:0:2}"
        return
    fi
    for ((i = 0; i < 32; i += 8)); do
        words+="${hex:i+6:2}${hex:i+4:2}:${hex:i+2:2}${hex:i:2}:"
    done
    echo "${words%:}"
}

# The first line of what GET /health is answered at this address and port. Where the server speaks TLS, which a
# plain question gets no HTTP from, it is asked so; whose certificate it has does not matter here.
first_line()
{
    local request='GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' line=
    exec 3<>"/dev/tcp/$1/$2" || return
    # shellcheck disable=SC2059 # the request is the format
    printf "$request" >&3
    read -r -t 2 line <&3
    exec 3>&-
    if [[ $line != HTTP/* ]]; then
        local host=$1
        [[ $host == *:* ]] && host="[$host]"
        # shellcheck disable=SC2059
        line=$(printf "$request" | timeout 2 openssl s_client -quiet -connect "$host:$2" 2>/dev/null | head -n 1)
    fi
    echo "$line"
}

sockets=$(sockets_of_server)
while read -r _ local _ state _ _ _ _ _ inode _; do
    [ "$state" = 0A ] && [[ $sockets == *" $inode "* ]] || continue
    [[ $(first_line "$(address "${local%:*}")" $((16#${local##*:})) 2>/dev/null | tr -d '\0') == "HTTP/1.1 200 "* ]]
    exit
done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
exit 1
