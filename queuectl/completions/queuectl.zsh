#compdef @NAME@
# Completion of @NAME@ for zsh, made by: queuectl completion zsh
_@NAME@() {
    local line value entry typed
    local -a whole begun asked
    typed="${(j: :)${(@)words[1,CURRENT-1]}} $QIPREFIX$PREFIX"
    for line in "${(@f)$(@NAME@ __complete zsh "$typed" 2>/dev/null)}"; do
        if [[ $line == $'\t'* ]]; then
            asked=("${(@ps:\t:)line}")
            [[ -n $asked[3] ]] && compset -P "${(b)asked[3]}"
            if [[ $asked[2] == directory ]]; then _files -/; else _files; fi
            return
        fi
        value=${line%%$'\t'*}
        [[ -n $value ]] || continue
        entry="${${value//\\/\\\\}//:/\\:}:${line#*$'\t'}"
        if [[ $value == *[=/] ]]; then begun+=("$entry"); else whole+=("$entry"); fi
    done
    _describe -V -t values @NAME@ whole -- begun -S ''
}
if [ "$funcstack[1]" = "_@NAME@" ]; then
    _@NAME@ "$@"
else
    compdef _@NAME@ @NAME@
fi
