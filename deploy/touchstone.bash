# Bash completion of touchstone: its commands, and the flags that `touchstone COMMAND --help` lists.
#
# SPDX-License-Identifier: Apache-2.0

_touchstone()
{
    local word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} command=${COMP_WORDS[1]-} help words=
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ] || [ "$command" = help ]; then
        words="$("$program" --help 2>/dev/null | awk '/^  [a-z]/ { print $1 }')"
        [ "$COMP_CWORD" -eq 1 ] && words+=" help --help --version"
    elif [ "$command" = key ] && [ "$COMP_CWORD" -eq 2 ]; then
        words="new --help"
    elif [[ $word == -* ]]; then
        help=$("$program" "$command" --help 2>/dev/null)
        words="$(awk '$1 ~ /^--/ { print $1 }' <<<"$help") --help"
    else
        # the words that a flag chooses from: "  --engine fast|reference ..."
        help=$("$program" "$command" --help 2>/dev/null)
        words=$(awk -v f="${COMP_WORDS[COMP_CWORD-1]}" '$1 == f && $2 ~ /\|/ { gsub(/\|/, " ", $2); print $2 }' <<<"$help")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o default -F _touchstone touchstone
