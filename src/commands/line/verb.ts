/**
 * Folder line/: what verbs share: reading arguments, running a verb, printing results and errors.
 *
 * What a command-line verb is, and how its arguments are read.
 *
 * Guarantee: an unknown flag or a missing value is a StartupError with the documented exit code and a next
 * step, never a stack trace.
 */
import { type ParseArgsConfig, parseArgs } from "node:util";
import { messageOf } from "../../base/errors.ts";
import { nearest } from "../../base/nearest-word.ts";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import type { NetworkGrants } from "../../manifest/manifest.ts";

export interface FlagSpec {
  /** The placeholder for its value in the help; a flag without one takes no value. */
  readonly value?: string;
  /** One letter that means the same. */
  readonly short?: string;
  /** The flag may be given more than once. */
  readonly several?: true;
  readonly doc: string;
}

export interface Arguments {
  readonly words: readonly string[];
  /** The value of a flag, or undefined. */
  value(flag: string): string | undefined;
  /** The values of a flag that may be given more than once, or with several values separated by commas. */
  values(flag: string): readonly string[];
  has(flag: string): boolean;
}

export interface VerbSpec {
  readonly name: string;
  readonly summary: string;
  /** After the program's name. */
  readonly usage: string;
  readonly flags: Readonly<Record<string, FlagSpec>>;
  /** The words that may follow the verb. */
  readonly subverbs?: readonly string[] | "any";
  /** Where `subverbs` is "any": words that a shell may offer after the verb. */
  readonly wordHints?: readonly string[];
  /** The verb itself checks further words after the first. */
  readonly checksFurtherWords?: boolean;
  /** More paragraphs for the help. */
  readonly notes?: string;
}

export interface Verb extends VerbSpec {
  /** Its network grants; absent: those of the manifest. */
  readonly network?: NetworkGrants;
  run(args: Arguments): Promise<number>;
  /** Called before invalid arguments are reported; may throw a more important error instead. */
  readonly onRefusal?: (argv: readonly string[], error: unknown) => void;
}

/** Flags that several verbs share. */
export const sharedFlags = {
  data: { value: "FOLDER", doc: "data folder (default: $STATE_DIRECTORY, otherwise the XDG state folder)" },
  settings: { value: "FILE", doc: "settings file (default: settings.json in the data folder)" },
  board: { value: "NAME", doc: "board definition: a name in boards/ or a path to a .json file" },
  json: { doc: "print JSON" },
} as const satisfies Record<string, FlagSpec>;

/** @throws StartupError (usage) */
export function readArguments(verb: VerbSpec, argv: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig["options"]> = { help: { type: "boolean", short: "h" } };
  for (const [name, flag] of Object.entries(verb.flags)) {
    options[name] = {
      type: flag.value === undefined ? "boolean" : "string",
      ...(flag.several && { multiple: true }),
      ...(flag.short !== undefined && { short: flag.short }),
    };
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      strict: true,
    });
    const word = positionals[0];
    if (Array.isArray(verb.subverbs) && word !== undefined && !verb.subverbs.includes(word)) {
      throw usageError(verb, `unknown subcommand: ${verb.name} ${word}.`, nearest(word, verb.subverbs));
    }
    if (verb.subverbs === undefined && word !== undefined) {
      throw usageError(verb, `unexpected argument: ${word}`, undefined);
    }
    const more = positionals[1];
    if (verb.subverbs !== "any" && !verb.checksFurtherWords && more !== undefined) {
      throw usageError(verb, `unexpected argument: ${more}`, undefined);
    }
    return {
      words: positionals,
      value: (flag) => (typeof values[flag] === "string" ? values[flag] : undefined),
      values: (flag) => {
        const given = values[flag];
        const texts = Array.isArray(given) ? given.map(String) : [];
        return texts.flatMap((text) => text.split(",")).map((text) => text.trim());
      },
      has: (flag) => values[flag] === true,
    };
  } catch (error) {
    if (error instanceof StartupError) throw error;
    // Only its first sentence: the rest is advice that does not apply here.
    const [message = ""] = messageOf(error).split(/\.?(?: To specify|\n)/);
    const unknown = /^Unknown option '--?([\w-]+)/.exec(message)?.[1];
    throw usageError(
      verb,
      `${message.replace(/\.$/, "")}.`,
      unknown && nearest(unknown, Object.keys(options)),
      "--",
    );
  }
}

function usageError(verb: VerbSpec, message: string, hint: string | undefined, prefix = ""): StartupError {
  const meant = hint ? `Did you mean ${prefix}${hint}? ` : "";
  return new StartupError(
    exitCodes.usage,
    message,
    `${meant}Usage: grove-heater ${verb.usage}; more: grove-heater ${verb.name} --help`,
  );
}

export function helpText(verb: VerbSpec): string {
  const flags = { ...verb.flags, help: { doc: "show this" } } as Record<string, FlagSpec>;
  const left = Object.entries(flags).map(
    ([name, { value, short }]) => `${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`,
  );
  const width = Math.max(...left.map((text) => text.length)) + 2;
  const rows = Object.values(flags).map(({ doc }, index) => `  ${(left[index] ?? "").padEnd(width)}${doc}`);
  const notes = verb.notes === undefined ? "" : `\n${verb.notes.trim()}\n`;
  return `${verb.summary}\n\nUsage: grove-heater ${verb.usage}\n\n${rows.join("\n")}\n${notes}`;
}
