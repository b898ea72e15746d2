# bash completion for vmlet
# shellcheck shell=bash

# Sets unquoted to what a word means, and quote to the quote that it leaves open. Nothing in it is expanded.
__vmlet_unquote() {
  local text=$1 i character
  unquoted='' quote=''
  for ((i = 0; i < ${#text}; i++)); do
    character=${text:i:1}
    if [[ $quote == "'" ]]; then
      if [[ $character == "'" ]]; then quote=''; else unquoted+=$character; fi
    elif [[ $character == \\ ]]; then
      i=$((i + 1))
      if [[ $quote == '"' && ${text:i:1} != ['"\$`'] ]]; then unquoted+=\\; fi
      unquoted+=${text:i:1}
    elif [[ -n $quote ]]; then
      if [[ $character == '"' ]]; then quote=''; else unquoted+=$character; fi
    elif [[ $character == ["'\""] ]]; then
      quote=$character
    else
      unquoted+=$character
    fi
  done
}

# Sets quoted to the text as it has to be typed behind the quote that is open.
__vmlet_quote() {
  local text=$1 i character
  case $2 in
    '')
      printf -v quoted %q "$text"
      return
      ;;
    "'")
      quoted=${text//\'/"'\\''"}
      return
      ;;
  esac
  quoted=''
  for ((i = 0; i < ${#text}; i++)); do
    character=${text:i:1}
    if [[ $character == ['"\$`'] ]]; then quoted+=\\; fi
    quoted+=$character
  done
}

_vmlet() {
  local line=${COMP_LINE:0:COMP_POINT} blanks piece word='' i unquoted quote quoted
  local -a words=()

  # bash takes words apart at = and : as well; the line tells which pieces belong together.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    blanks=${line%%[![:space:]]*}
    line=${line#"$blanks"}
    piece=${COMP_WORDS[i]}
    # The last piece ends at the cursor.
    if ((i == COMP_CWORD)); then piece=$line; fi
    line=${line#"$piece"}
    if [[ -n $blanks ]]; then
      __vmlet_unquote "$word"
      words+=("$unquoted")
      word=''
    fi
    word+=$piece
  done
  __vmlet_unquote "$word"
  words+=("$unquoted")
  local typed=$unquoted open=$quote

  # readline replaces the last piece alone, and a separator not at all.
  local last=''
  if [[ $piece == *[!=:]* ]]; then
    __vmlet_unquote "$piece"
    last=$unquoted
  fi
  local kept=$((${#typed} - ${#last}))

  local paths value _description
  local -a values=() found=()
  {
    read -r paths
    while IFS=$'\t' read -r value _description; do
      values+=("${value:kept}")
    done
  } < <(vmlet __complete -- "${words[@]:1}" 2>/dev/null)

  case $paths in
    files) mapfile -t found < <(compgen -f -- "$last") ;;
    directories) mapfile -t found < <(compgen -d -- "$last") ;;
  esac
  COMPREPLY=()
  if ((${#found[@]})); then
    # readline quotes the names of files by itself.
    compopt -o filenames 2>/dev/null
    COMPREPLY=("${values[@]}" "${found[@]}")
    return
  fi
  for value in "${values[@]}"; do
    __vmlet_quote "$value" "$open"
    COMPREPLY+=("$quoted")
  done
  # A path follows.
  if [[ ${#values[@]} == 1 && ${values[0]} == *: ]]; then compopt -o nospace 2>/dev/null; fi
}

complete -F _vmlet vmlet
