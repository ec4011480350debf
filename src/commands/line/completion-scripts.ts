/**
 * Scripts that complete the command line of grove-heater with Tab, for bash, zsh and fish.
 *
 * Guarantee: the scripts derive from the verbs' own tables, and run no program when Tab is pressed.
 */
import type { FlagSpec, VerbSpec } from "./verb.ts";

const program = "grove-heater";

interface Flag {
  readonly name: string;
  readonly doc: string;
  readonly takes: "nothing" | "file" | "folder" | "text";
}

interface CompletedVerb {
  readonly name: string;
  readonly summary: string;
  readonly words: readonly string[];
  readonly flags: readonly Flag[];
}

export const shells = {
  bash: { script: bash, load: `eval "$(${program} completion bash)"   in ~/.bashrc` },
  zsh: { script: zsh, load: `eval "$(${program} completion zsh)"   in ~/.zshrc, after compinit` },
  fish: { script: fish, load: `${program} completion fish | source   in ~/.config/fish/config.fish` },
} as const;

export type Shell = keyof typeof shells;

/** @returns the whole script, to be read by that shell when it starts */
export function completionScript(shell: Shell, verbs: readonly VerbSpec[]): string {
  return shells[shell].script(verbs.map(completed));
}

function completed({ name, summary, subverbs, wordHints, flags }: VerbSpec): CompletedVerb {
  const words = Array.isArray(subverbs) ? subverbs : (wordHints ?? []);
  const all: Record<string, FlagSpec> = { ...flags, help: { doc: "show the help" } };
  return {
    name,
    summary,
    words,
    flags: Object.entries(all).map(([flag, spec]) => ({ name: flag, doc: spec.doc, takes: takes(spec) })),
  };
}

function takes({ value }: FlagSpec): Flag["takes"] {
  if (value === undefined) return "nothing";
  if (value === "FILE") return "file";
  return value === "FOLDER" ? "folder" : "text";
}

function bash(verbs: readonly CompletedVerb[]): string {
  const named = (flags: readonly Flag[], kind: Flag["takes"]) =>
    flags.filter((flag) => flag.takes === kind).map((flag) => `--${flag.name}`);
  const cases = verbs.map(({ name, words, flags }) =>
    [
      `    ${name})`,
      `      words='${words.join(" ")}'`,
      `      flags='${flags.map((flag) => `--${flag.name}`).join(" ")}'`,
      `      files='${named(flags, "file").join(" ")}' folders='${named(flags, "folder").join(" ")}'`,
      `      texts='${named(flags, "text").join(" ")}' ;;`,
    ].join("\n"),
  );
  return `# Completes ${program} in bash.
_grove_heater() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local words='' flags='' files='' folders='' texts=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${[...verbs.map(({ name }) => name), "help", "--help", "--version"].join(" ")}' -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join("\n")}
    help) words='${verbs.map(({ name }) => name).join(" ")}' ;;
  esac
  case " $files " in *" $before "*) compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); return ;; esac
  case " $folders " in *" $before "*) compopt -o filenames; COMPREPLY=($(compgen -d -- "$word")); return ;; esac
  case " $texts " in *" $before "*) return ;; esac
  case $word in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *)
      [ "$COMP_CWORD" -eq 2 ] && COMPREPLY=($(compgen -W "$words" -- "$word"))
      if [ "\${#COMPREPLY[@]}" -eq 0 ]; then compopt -o filenames; COMPREPLY=($(compgen -f -- "$word")); fi ;;
  esac
}
complete -F _grove_heater ${program}
`;
}

const zshAction = {
  nothing: "",
  file: ":file:_files",
  folder: ":folder:_files -/",
  text: ":value: ",
} as const;

function zsh(verbs: readonly CompletedVerb[]): string {
  const described = (name: string, doc: string) => `    ${quoted(`${name.replaceAll(":", "\\:")}:${doc}`)}`;
  const cases = verbs.map(({ name, words, flags }) => {
    const options = flags.map((flag) =>
      quoted(`--${flag.name}[${inBrackets(flag.doc)}]${zshAction[flag.takes]}`),
    );
    const first = words.length === 0 ? "_files" : `(${words.join(" ")})`;
    return `    ${name}) _arguments ${[...options, quoted(`2:word:${first}`), "'*:file:_files'"].join(" ")} ;;`;
  });
  return `# Completes ${program} in zsh.
_grove_heater() {
  local -a verbs=(
${verbs.map(({ name, summary }) => described(name, summary)).join("\n")}
${described("help", "Show the help of a command")}
  )
  if (( CURRENT == 2 )); then _describe command verbs; return; fi
  case $words[2] in
${cases.join("\n")}
    help) _describe command verbs ;;
  esac
}
compdef _grove_heater ${program}
`;
}

const fishOptions = {
  nothing: "",
  file: " -r -F",
  folder: " -x -a '(__fish_complete_directories)'",
  text: " -x",
} as const;

function fish(verbs: readonly CompletedVerb[]): string {
  const lines = verbs.flatMap(({ name, summary, words, flags }) => {
    const inVerb = `complete -c ${program} -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c ${program} -n __fish_use_subcommand -f -a ${name} -d ${fishQuoted(summary)}`,
      ...(words.length === 0
        ? []
        : [`${inVerb} -n 'test (count (commandline -opc)) -eq 2' -f -a '${words.join(" ")}'`]),
      ...flags.map(
        (flag) => `${inVerb} -l ${flag.name}${fishOptions[flag.takes]} -d ${fishQuoted(flag.doc)}`,
      ),
    ];
  });
  return `# Completes ${program} in fish.\n${lines.join("\n")}\n`;
}

/** In single quotes for zsh, as for every POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** zshcompsys(1), _arguments: brackets, colons and backslashes end or divide a description. */
const inBrackets = (text: string): string => text.replace(/[[\]:\\]/g, "\\$&");

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;
