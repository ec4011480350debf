/** The flags of a verb that listens: host names and the port. */
import { isIP } from "node:net";
import { exitCodes, StartupError } from "../../firmware/process/exit-codes.ts";
import type { Arguments } from "./verb.ts";

/** Valid in a certificate and a browser: letters, digits, hyphens and dots; or an address. */
export function namesOf(args: Arguments): readonly string[] {
  const names = args.values("name");
  const wrong = names.find((name) => isIP(name) === 0 && !/^[a-z\d]([a-z\d.-]{0,251}[a-z\d])?$/i.test(name));
  if (wrong === undefined) return names;
  throw new StartupError(
    exitCodes.usage,
    `invalid host name: ${wrong}.`,
    "Give it without scheme and port, such as heater.lan.",
  );
}

export function portOf(args: Arguments): number | undefined {
  const text = args.value("port");
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new StartupError(exitCodes.usage, `invalid port: ${text}.`, "Use 0 to 65535; 0 is any free one.");
}
