/** The list of the verbs, and their overview. Only the chosen verb's module is loaded; `run` is built into main.ts. */
import { errnoOf } from "./base/errors.ts";
import { nearest } from "./base/nearest-word.ts";
import { attempt, runVerb } from "./commands/line/run-verb.ts";
import { helpText, type Verb } from "./commands/line/verb.ts";
import { exitCodes, StartupError } from "./firmware/process/exit-codes.ts";
import { networkOfManifest } from "./firmware/process/guard-network.ts";

interface Entry {
  readonly summary: string;
  load(): Promise<{ readonly verb: Verb }>;
}

/** Loaded one by one, because the guardian must stay small and start fast. */
const verbs: Readonly<Record<string, Entry>> = {
  run: { summary: "Run the heater controller (the default)", load: () => import("./commands/run.ts") },
  status: {
    summary: "Show the running device's status",
    load: () => import("./commands/running-device/status.ts"),
  },
  set: {
    summary: "Set a value of the running device, such as its set-point",
    load: () => import("./commands/running-device/set.ts"),
  },
  boost: {
    summary: "Heat above the set-point for a limited time, or end that",
    load: () => import("./commands/running-device/boost.ts"),
  },
  schedule: {
    summary: "Show or set the schedule of the running device",
    load: () => import("./commands/running-device/schedule.ts"),
  },
  "clear-faults": {
    summary: "Clear faults of the running device whose cause you have fixed",
    load: () => import("./commands/running-device/clear-faults.ts"),
  },
  reset: {
    summary: "After a change of room, heater or relay: start learning or counting again",
    load: () => import("./commands/running-device/reset.ts"),
  },
  history: {
    summary: "Show what was measured and heated, for up to two years",
    load: () => import("./commands/running-device/history.ts"),
  },
  logs: {
    summary: "Show the running device's latest log events",
    load: () => import("./commands/running-device/logs.ts"),
  },
  simulate: { summary: "Run a scenario in virtual time", load: () => import("./commands/simulate.ts") },
  doctor: { summary: "Check this machine and say what to fix", load: () => import("./commands/doctor.ts") },
  board: { summary: "Show the boards and their wiring", load: () => import("./commands/board.ts") },
  manifest: {
    summary: "Check the manifest",
    load: () => import("./commands/manifest.ts"),
  },
  settings: { summary: "Show or check the settings", load: () => import("./commands/settings.ts") },
  credentials: {
    summary: "Check the credentials, or derive a device's key",
    load: () => import("./commands/unit/credentials.ts"),
  },
  claim: {
    summary: "Claim a unit for its owner: authority, keys, certificates",
    load: () => import("./commands/owner/claim.ts"),
  },
  wifi: {
    summary: "Show, add and remove the wireless networks of this unit",
    load: () => import("./commands/unit/wifi.ts"),
  },
  seal: {
    summary: "Seal a unit for the field, or show whether it is sealed",
    load: () => import("./commands/unit/seal.ts"),
  },
  unseal: { summary: "Unseal a unit for development", load: () => import("./commands/unit/unseal.ts") },
  page: {
    summary: "Show the address of the device's page, or set its password",
    load: () => import("./commands/unit/page.ts"),
  },
  hub: { summary: "Run the local hub and its page", load: () => import("./commands/hub.ts") },
  demo: { summary: "Demonstrate how device and cloud reconcile", load: () => import("./commands/demo.ts") },
  image: {
    summary: "Make, sign and verify firmware images",
    load: () => import("./commands/owner/image.ts"),
  },
  feed: {
    summary: "Publish firmware images for field units",
    load: () => import("./commands/owner/feed.ts"),
  },
  update: {
    summary: "Show, apply and revert firmware updates",
    load: () => import("./commands/unit/update.ts"),
  },
  alerts: {
    summary: "Send alerts about faults to a person, by a webhook or ntfy",
    load: () => import("./commands/unit/alerts.ts"),
  },
  report: {
    summary: "Show the error reports of this device",
    load: () => import("./commands/unit/report.ts"),
  },
  relay: { summary: "Force the relay off", load: () => import("./commands/unit/relay.ts") },
  service: {
    summary: "Install, show or remove the systemd service",
    load: () => import("./commands/unit/service.ts"),
  },
  completion: {
    summary: "Print a script for your shell that completes commands with Tab",
    load: async () => {
      const { completionVerb } = await import("./commands/completion.ts");
      return { verb: completionVerb(allVerbs) };
    },
  },
};

const allVerbs = (): Promise<readonly Verb[]> =>
  Promise.all(Object.values(verbs).map(async ({ load }) => (await load()).verb));

/**
 * @param guard limits this process's network access to these grants, permanently
 * @returns the exit code; never rejects
 */
export function main(
  argv: readonly string[],
  guard: (grants: NonNullable<Verb["network"]>) => void = () => {},
): Promise<number> {
  process.stdout.off("error", readerGone).on("error", readerGone);
  return attempt(async () => {
    const [first = "help", second] = argv;
    if (first === "help" || first === "--help" || first === "-h") {
      return print(second === undefined ? overview() : helpText((await find(second).load()).verb));
    }
    if (first === "--version" || first === "-v" || first === "version") {
      const { firmwareVersion } = await import("./firmware/process/package-root.ts");
      return print(`${firmwareVersion()}\n`);
    }
    const { verb } = await find(first).load();
    guard(verb.network ?? networkOfManifest());
    return await runVerb(verb, argv.slice(1));
  });
}

/** Ignores EPIPE: if `… | head` closes the pipe, a command such as `relay off` must still finish. */
function readerGone(error: Error): void {
  if (errnoOf(error) !== "EPIPE") throw error;
}

function find(name: string): Entry {
  const entry = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (entry !== undefined) return entry;
  const suggestion = nearest(name, Object.keys(verbs));
  throw new StartupError(
    exitCodes.usage,
    `There is no command "${name}".`,
    `${suggestion ? `Did you mean "${suggestion}"? ` : ""}See: grove-heater --help`,
  );
}

function overview(): string {
  const rows = Object.entries(verbs).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  const codes = Object.entries(exitCodes).map(([name, code]) => `${code} ${name}`);
  return [
    "grove-heater: heater controller for a Raspberry Pi with a Grove Base Hat, or for no hardware at all",
    "\nUsage: grove-heater [COMMAND] [FLAGS]      (npm start -- [COMMAND] [FLAGS])\n",
    ...rows,
    "\n  COMMAND --help  shows its flags; -v, --version  the version",
    `\nExit codes: ${codes.join(", ")}\n`,
  ].join("\n");
}

function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.ok;
}
