/**
 * What a shell runs when a word is to be completed: it asks `peerage completion words`, with the words up to the
 * cursor, and shows what comes. A line of the answer is a word, and after a tab what it means; a line of a single colon
 * says that paths may stand there as well.
 */

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** A line of an answer that asks for paths: no word that a command takes is like it. */
export const PATHS_LINE = ':'

// Bash splits words at colons and equals signs of its own accord, so the words are taken from the line; what it has
// split off before the cursor must not be in the answer.
const BASH = `# Completion of peerage for bash: put  source <(peerage completion bash)  into ~/.bashrc
_peerage() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() answer word typed prefix IFS=$' \\t\\n'
  read -ra words <<< "$line"
  [[ $line =~ [[:space:]]$ ]] && words+=("")
  typed="\${words[\${#words[@]}-1]}"
  prefix="\${typed%"\${COMP_WORDS[COMP_CWORD]}"}"
  [[ \${COMP_WORDS[COMP_CWORD]} == [:=@] ]] && prefix="$typed"
  COMPREPLY=()
  while IFS=$'\\t' read -r answer _; do
    if [[ $answer == ':' ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
    else
      COMPREPLY+=("\${answer#"$prefix"}")
    fi
  done < <("\${words[0]}" completion words -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _peerage peerage
`

const ZSH = `#compdef peerage
# Completion of peerage for zsh: put  source <(peerage completion zsh)  into ~/.zshrc, after compinit
_peerage() {
  local -a found
  local line word about paths=0
  while IFS= read -r line; do
    if [[ $line == ':' ]]; then
      paths=1
    else
      word="\${line%%$'\\t'*}"
      about="\${line#*$'\\t'}"
      found+=("\${word//:/\\\\:}:$about")
    fi
  done < <("\${words[1]}" completion words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe -V 'peerage' found
  (( paths )) && _files
  return 0
}
if [[ \${funcstack[1]} == _peerage ]]; then
  _peerage "$@"
else
  compdef _peerage peerage
fi
`

const FISH = `# Completion of peerage for fish: peerage completion fish > ~/.config/fish/completions/peerage.fish
function __peerage_words
    set -l words (commandline -opc) (commandline -ct)
    for line in (command $words[1] completion words -- $words[2..-1] 2>/dev/null)
        if test "$line" = ':'
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c peerage -f -a '(__peerage_words)'
`

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
