export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

/** What a shell reads to complete vya's words. Each asks `vya complete`, so that names are those of the moment. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# vya completion for bash: source this, or put it into /usr/share/bash-completion/completions/vya
_vya() {
  local current="\${COMP_WORDS[COMP_CWORD]}" found word words=()
  # --option=value is three words to bash.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == = ]] || words+=("$word"); done
  [[ $current == = ]] && current=
  found=$(vya complete -- "\${words[@]}" "$current" 2>/dev/null | cut -f1)
  COMPREPLY=()
  while IFS= read -r word; do
    [[ -z $word ]] || COMPREPLY+=("$(printf '%q' "$word")")
  done <<<"$found"
}
complete -o default -F _vya vya
`,
  zsh: `#compdef vya
# vya completion for zsh: put it as _vya into a directory of $fpath
_vya() {
  local -a lines found
  local line word text
  lines=("\${(@f)$(vya complete -- "\${(@)words[2,CURRENT-1]}" "\${words[CURRENT]}" 2>/dev/null)}")
  for line in $lines; do
    word="\${\${\${line%%$'\\t'*}//\\\\/\\\\\\\\}//:/\\\\:}" text="\${line#*$'\\t'}"
    found+=("$word\${text:+:$text}")
  done
  if (( $#found )); then _describe vya found; else _files; fi
}
if [ "$funcstack[1]" = _vya ]; then _vya "$@"; else compdef _vya vya; fi
`,
  fish: `# vya completion for fish: put it into ~/.config/fish/completions/vya.fish
function __vya_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  # What is typed may be quoted: fish compares by itself.
  string match -q -- '-*' $current; or set current ''
  set -l found (vya complete -- $words[2..-1] $current 2>/dev/null)
  if count $found >/dev/null
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c vya -f -a '(__vya_complete)'
`,
};
