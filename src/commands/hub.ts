/** `hub`: the local DPS and IoT Hub with its page, for this device and others; started by `run` when alone. */
import { hostname } from "node:os";
import { openDataFolder } from "../firmware/data-folder.ts";
import { endProcess, flushBriefly } from "../firmware/end-process.ts";
import { type ExitCode, exitCodes, StartupError } from "../firmware/exit-codes.ts";
import { closeInspector } from "../firmware/guardian/clean-node.ts";
import { installSignals } from "../firmware/guardian/signals.ts";
import { type HubReady, kindOf } from "../firmware/hub-ready.ts";
import { LineWriter } from "../firmware/line-writer.ts";
import { type LocalHub, startLocalHub } from "../firmware/local-hub.ts";
import { createLogger } from "../firmware/logger.ts";
import { type PanelPressed, readPanelShown } from "../firmware/panel-messages.ts";
import { drawPanel } from "../firmware/panel-picture.ts";
import { systemClock } from "../firmware/system-clock.ts";
import { oneOf, readContext } from "./context.ts";
import { type Arguments, sharedFlags, type Verb } from "./verb.ts";

export const verb: Verb = {
  name: "hub",
  summary: "Run the local hub and its page",
  usage: "hub [FLAGS]",
  flags: {
    data: sharedFlags.data,
    device: { value: "ID", doc: "registration id of this machine's device (default: its host name)" },
    host: { value: "ADDRESS", doc: "address to listen on (default: 127.0.0.1); wider needs a password" },
    port: { value: "N", doc: "port of the page (default: 8780, or any free one)" },
    log: { value: "FORMAT", doc: "json or text (default: text on a terminal, else json)" },
  },
  notes: `
Speaks what Azure DPS and IoT Hub speak, on this machine: no account, no internet. Beyond loopback it asks for a
password, from the environment variable GROVE_HEATER_HUB_PASSWORD (8 characters or more).`,
  run: serve,
};

async function serve(args: Arguments): Promise<number> {
  const { data } = readContext(args);
  const folder = openDataFolder(data.path);
  const format = oneOf(args, "log", ["json", "text"], process.stdout.isTTY ? "text" : "json");
  const guarded = process.send !== undefined;
  const out = new LineWriter(guarded ? 2 : 1);
  const level = guarded ? "warn" : "info";
  const log = createLogger({ clock: systemClock, level, format, write: out.write });
  // Until the hub stands there is nothing to close, and while it closes nobody waits for it twice.
  const endNow = (): void => endProcess(exitCodes.ok, out);
  let end = endNow;
  installSignals({ log, end: () => end() });
  process.once("disconnect", () => end());
  closeInspector(log);
  const device = args.value("device") ?? deviceId();
  const hub = await startLocalHub({
    dataPath: folder.path,
    log,
    device,
    host: args.value("host"),
    pagePort: portOf(args),
    password: takePassword(process.env),
  }).catch(explain);
  log.info("hub-ready", {
    page: hub.addresses.pageUrl,
    mqtt: hub.addresses.hubHost,
    idScope: hub.addresses.idScope,
  });
  joinPanel(hub, device);
  const ready: HubReady = { kind: "hub-ready", page: hub.addresses.pageUrl, credentials: hub.credentials };
  process.send?.(ready);
  await new Promise<void>((resolve) => {
    end = () => {
      end = endNow;
      resolve();
    };
  });
  await hub.close();
  await flushBriefly(out);
  return endProcess(exitCodes.ok, out);
}

/** Beside a running device its front is on the page; the guardian stands between. */
function joinPanel({ panels }: LocalHub, device: string): void {
  process.on("message", (message) => {
    const shown = readPanelShown(message);
    if (shown !== undefined) panels.show(device, drawPanel(shown));
    else if (kindOf(message) === "panel-gone") panels.show(device, undefined);
  });
  panels.onPress = (_device, press) => {
    const message: PanelPressed = { kind: "panel-pressed", ...press };
    process.send?.(message, undefined, undefined, () => {});
  };
}

/** Out of the environment, of which diagnostic reports have a copy. */
function takePassword(env: NodeJS.ProcessEnv): string | undefined {
  const password = env["GROVE_HEATER_HUB_PASSWORD"];
  delete env["GROVE_HEATER_HUB_PASSWORD"];
  return password;
}

/** DPS takes letters, digits and - . _ only. */
const deviceId = (): string => `grove-heater-${hostname().replaceAll(/[^A-Za-z0-9-]/g, "-")}`.slice(0, 128);

function portOf(args: Arguments): number | undefined {
  const text = args.value("port");
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new StartupError(exitCodes.usage, `--port ${text} is no port.`, "Use 0 to 65535; 0 is any free one.");
}

/** What a person can mend; the rest is a bug and looks like one. */
const explained: Readonly<Record<string, ExitCode>> = {
  EADDRINUSE: exitCodes.unavailable,
  EACCES: exitCodes.permission,
  "password-needed": exitCodes.configuration,
};

function explain(error: NodeJS.ErrnoException): never {
  const code = explained[error.code ?? ""];
  if (code === undefined) throw error;
  const remedy =
    error.code === "password-needed"
      ? "Set it in the environment: GROVE_HEATER_HUB_PASSWORD"
      : "See: grove-heater hub --help";
  throw new StartupError(code, error.message, remedy, { cause: error });
}
