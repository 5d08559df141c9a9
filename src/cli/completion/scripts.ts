export const shells = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof shells)[number];

/** What a shell reads to complete vya's words. Each asks `vya complete`, so that names are those of the moment. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# vya completion for bash: source this, or put it into /usr/share/bash-completion/completions/vya
_vya() {
  local IFS=$'\\n' current="\${COMP_WORDS[COMP_CWORD]}" found word
  found=$(vya complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$current" 2>/dev/null | cut -f1)
  COMPREPLY=()
  for word in $found; do COMPREPLY+=("$(printf '%q' "$word")"); done
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
    word="\${\${line%%$'\\t'*}//:/\\\\:}" text="\${line#*$'\\t'}"
    found+=("$word\${text:+:$text}")
  done
  if (( $#found )); then _describe vya found; else _files; fi
}
if [ "$funcstack[1]" = _vya ]; then _vya "$@"; else compdef _vya vya; fi
`,
  fish: `# vya completion for fish: put it into ~/.config/fish/completions/vya.fish
function __vya_complete
  set -l words (commandline -opc)
  vya complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c vya -f -a '(__vya_complete)'
for option in config file from old-key-file
  complete -c vya -l $option -r -F
end
`,
};
