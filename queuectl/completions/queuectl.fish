# Completion of @NAME@ for fish, made by: queuectl completion fish
function __@FUNCTION@_complete
    @NAME@ __complete fish (commandline -cp) 2>/dev/null
end
complete -c @NAME@ -f -k -a '(__@FUNCTION@_complete)'
