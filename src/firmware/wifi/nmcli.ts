/**
 * Runs nmcli, NetworkManager's command-line client.
 *
 * Guarantees: no shell, English output, at most half a minute and 256 KiB; no argument is a secret, because
 * every process of the machine can read arguments. Every failure is a StartupError with a remedy.
 * Source: nmcli(1), "-t", "-e", "EXIT STATUS".
 */
import { type ExecFileException, execFile } from "node:child_process";
import { errnoOf } from "../../base/errors.ts";
import { exitCodes, StartupError } from "../process/exit-codes.ts";

const timeoutMs = 30_000;
const maxOutputBytes = 256 * 1024;
/** Exit codes of nmcli. */
const notRunning = 8;
const notFound = 10;

/** A row of terse output: its fields by their names. */
export type Row<F extends string> = Readonly<Record<F, string>>;

/** @returns one row for each line @throws StartupError */
export async function nmcliRows<F extends string>(
  fields: readonly F[],
  ...args: readonly string[]
): Promise<Row<F>[]> {
  const text = await nmcli("-t", "-e", "yes", "-f", fields.join(","), ...args);
  return text.split("\n").flatMap((line) => {
    if (line === "") return [];
    const cells = terseCells(line);
    return [Object.fromEntries(fields.map((field, index) => [field, cells[index] ?? ""])) as Row<F>];
  });
}

/** Fields are separated by colons; a colon or a backslash in one has a backslash before it. */
export function terseCells(line: string): string[] {
  const cells: string[] = [];
  let cell = "";
  for (const [, escaped, plain = ""] of line.matchAll(/\\([\s\S])|([\s\S])/g)) {
    if (plain === ":") {
      cells.push(cell);
      cell = "";
    } else cell += escaped ?? plain;
  }
  return [...cells, cell];
}

/** @returns what it printed @throws StartupError */
export function nmcli(...args: readonly string[]): Promise<string> {
  const options = {
    // With LC_ALL=C nmcli writes a question mark for each letter outside ASCII, so names could not be found
    // again.
    env: { ...process.env, LC_ALL: "C.UTF-8" },
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: maxOutputBytes,
    encoding: "utf8",
  } as const;
  return new Promise((resolve, reject) => {
    execFile("nmcli", args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(failure(error, stderr));
    });
  });
}

function failure(error: ExecFileException, stderr: string): StartupError {
  const { unavailable, permission, usage } = exitCodes;
  const fail = (
    code: typeof unavailable | typeof permission | typeof usage,
    message: string,
    remedy: string,
  ) => new StartupError(code, message, remedy, { cause: error });
  if (errnoOf(error) === "ENOENT") return fail(unavailable, "NetworkManager is not installed.", install);
  if (error.killed) {
    const next = "See: systemctl status NetworkManager";
    return fail(unavailable, `NetworkManager gave no answer within ${timeoutMs / 1000} s.`, next);
  }
  if (error.code === notRunning || stderr.includes("NMClient"))
    return fail(unavailable, "NetworkManager does not run.", start);
  if (/not authorized|insufficient privileges|permission denied/i.test(stderr))
    return fail(permission, "This user may not change the networks.", "Run it again with sudo.");
  const answer =
    stderr
      .trim()
      .replace(/^Error: /, "")
      .slice(0, 200) || `exit code ${error.code}`;
  if (error.code === notFound)
    return fail(usage, `NetworkManager did not find it: ${answer}`, "See: grove-heater wifi status");
  return fail(unavailable, `NetworkManager refused: ${answer}`, "See: journalctl -u NetworkManager -n 20");
}

const install =
  "Install it with: sudo apt-get install network-manager. If another program manages the network (dhcpcd on Raspberry " +
  "Pi OS 11), choose NetworkManager in: sudo raspi-config, Advanced Options, Network Config.";
const start = "Start it with: sudo systemctl enable --now NetworkManager";
