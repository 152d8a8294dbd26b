# Completion of @NAME@ for bash, made by: queuectl completion bash
_@FUNCTION@_complete() {
    local reply
    COMPREPLY=()
    while IFS= read -r reply; do
        [ -n "$reply" ] && COMPREPLY[${#COMPREPLY[@]}]=$reply
    done <<< "$(@NAME@ __complete bash "${COMP_LINE:0:$COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)"
    # bash 3.2 has no compopt, bash before 4.4 cannot leave the order alone.
    type compopt >/dev/null 2>&1 || return 0
    compopt -o nosort 2>/dev/null
    if [ "${#COMPREPLY[@]}" -eq 1 ]; then
        case ${COMPREPLY[0]} in
            *[=/] | *[=/][\'\"]) compopt -o nospace ;;
        esac
    fi
    return 0
}
complete -F _@FUNCTION@_complete @NAME@
