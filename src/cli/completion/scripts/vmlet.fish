# fish completion for vmlet

function __vmlet_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct | string replace -r '^[\'"]' '' | string unescape)
    set -l answer (vmlet __complete -- $words[2..] "$current" 2>/dev/null)
    set -l flag (string match -r '^--[^=]*=' -- "$current")
    set -l path (string replace -r '^--[^=]*=' '' -- "$current")
    printf '%s\n' $answer[2..]
    switch "$answer[1]"
        case files
            string replace -r -- '^' "$flag" (__fish_complete_path "$path")
        case directories
            string replace -r -- '^' "$flag" (__fish_complete_directories "$path" '')
    end
end

complete -c vmlet -f -a '(__vmlet_complete)'
