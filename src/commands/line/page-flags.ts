/** The flags that decide who can reach the page. */
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import { type Settings, settingsTable } from "../../model/settings.ts";
import { oneOf } from "./context.ts";
import type { Arguments, FlagSpec } from "./verb.ts";

export const pageFlags = {
  page: {
    value: "REACH",
    doc: "who reaches the page: local (this machine), lan (with a password), off (default: the setting page)",
  },
  "no-page": { doc: "the same as --page off" },
} as const satisfies Record<string, FlagSpec>;

/** @returns `undefined` where the settings decide. @throws StartupError (usage) */
export function pageWanted(args: Arguments): Settings["page"] | undefined {
  const { choices, default: fallback } = settingsTable.page;
  const named = args.value("page") !== undefined;
  const wanted = oneOf(args, "page", choices, fallback);
  if (named && args.has("no-page") && wanted !== "off")
    throw new StartupError(
      exitCodes.usage,
      `--page ${wanted} and --no-page contradict each other.`,
      "Give one of them.",
    );
  if (args.has("no-page")) return "off";
  return named ? wanted : undefined;
}
